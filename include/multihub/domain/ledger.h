// Double entry: what each event does to a merchant's balance and to the house's accounts. Pure arithmetic; storing and
// chaining are storage's.
//
// The postings of an entry sum to zero in the entry's currency. The merchant's three amounts are the sums of their
// postings; house accounts have no balance row and may be negative.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "multihub/domain/payment.h"

namespace multihub::domain {

// One application's money in one currency.
struct Balance {
  std::int64_t value = 0;     // available
  std::int64_t freezing = 0;  // held by pending payouts
  std::int64_t blocking = 0;  // held by the operator
};

// Accounts: "value", "value_freezing", "value_blocking" are the merchant's; the house's are
// "house/clearing/<provider>", "house/fees" and "house/funding".
inline constexpr std::string_view kAccountValue = "value";
inline constexpr std::string_view kAccountFreezing = "value_freezing";
inline constexpr std::string_view kAccountBlocking = "value_blocking";

struct Posting {
  std::string account;
  std::int64_t amount = 0;
};

struct Movement {
  std::string_view kind;  // "deposit_credit", "payout_hold", "payout_debit", "payout_release", "topup", "withdrawal",
                          // "hold", "release"
  std::vector<Posting> postings;
};

Movement DepositCredit(const Payment& deposit);
Movement PayoutHold(const Payment& payout);
Movement PayoutDebit(const Payment& payout);    // the money has left
Movement PayoutRelease(const Payment& payout);  // it comes back
Movement OperatorTopUp(std::int64_t amount);
Movement OperatorWithdrawal(std::int64_t amount);
Movement OperatorHold(std::int64_t amount);
Movement OperatorRelease(std::int64_t amount);

// What `movement` would leave of `before`.
Balance Apply(const Balance& before, const Movement& movement);
// No merchant amount negative, none over 2^53-1.
bool IsPermitted(const Balance& balance);
// The postings sum to zero.
bool IsBalanced(const Movement& movement);

}  // namespace multihub::domain
