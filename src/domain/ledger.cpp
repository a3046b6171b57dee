#include "multihub/domain/ledger.h"

#include "multihub/base/check.h"
#include "multihub/base/seeded_fault.h"

namespace multihub::domain {
namespace {

std::string ClearingAccount(const Payment& payment) { return "house/clearing/" + payment.provider; }
constexpr std::string_view kFees = "house/fees";
constexpr std::string_view kFunding = "house/funding";

// Postings of nothing are left out: they would only lengthen the ledger.
Movement Make(std::string_view kind, std::vector<Posting> postings) {
  Movement movement{kind, {}};
  for (Posting& posting : postings) {
    if (posting.amount != 0) movement.postings.push_back(std::move(posting));
  }
  MULTIHUB_CHECK(IsBalanced(movement));
  return movement;
}

std::string Text(std::string_view view) { return std::string(view); }

}  // namespace

Movement DepositCredit(const Payment& deposit) {
  return Make("deposit_credit", {{Text(kAccountValue), deposit.amount.minor - deposit.fee},
                                 {Text(kFees), deposit.fee},
                                 {ClearingAccount(deposit), -deposit.amount.minor}});
}

Movement PayoutHold(const Payment& payout) {
  const std::int64_t total = payout.amount.minor + payout.fee;
  return Make("payout_hold", {{Text(kAccountValue), -total}, {Text(kAccountFreezing), total}});
}

Movement PayoutDebit(const Payment& payout) {
  return Make("payout_debit", {{Text(kAccountFreezing), -(payout.amount.minor + payout.fee)},
                               {Text(kFees), payout.fee},
                               {ClearingAccount(payout), payout.amount.minor}});
}

Movement PayoutRelease(const Payment& payout) {
  const std::int64_t fee = base::SeededFault("fee-kept-frozen") ? 0 : payout.fee;
  const std::int64_t total = payout.amount.minor + fee;
  return Make("payout_release", {{Text(kAccountFreezing), -total}, {Text(kAccountValue), total}});
}

Movement OperatorTopUp(std::int64_t amount) {
  return Make("topup", {{Text(kAccountValue), amount}, {Text(kFunding), -amount}});
}
Movement OperatorWithdrawal(std::int64_t amount) {
  return Make("withdrawal", {{Text(kAccountValue), -amount}, {Text(kFunding), amount}});
}
Movement OperatorHold(std::int64_t amount) {
  return Make("hold", {{Text(kAccountValue), -amount}, {Text(kAccountBlocking), amount}});
}
Movement OperatorRelease(std::int64_t amount) {
  return Make("release", {{Text(kAccountBlocking), -amount}, {Text(kAccountValue), amount}});
}

Balance Apply(const Balance& before, const Movement& movement) {
  Balance after = before;
  for (const Posting& posting : movement.postings) {
    if (posting.account == kAccountValue) after.value += posting.amount;
    if (posting.account == kAccountFreezing) after.freezing += posting.amount;
    if (posting.account == kAccountBlocking) after.blocking += posting.amount;
  }
  return after;
}

bool IsPermitted(const Balance& balance) {
  const auto fits = [](std::int64_t amount) { return amount >= 0 && amount <= kMaxAmount; };
  return fits(balance.value) && fits(balance.freezing) && fits(balance.blocking);
}

bool IsBalanced(const Movement& movement) {
  std::int64_t sum = 0;
  for (const Posting& posting : movement.postings) sum += posting.amount;
  return sum == 0;
}

}  // namespace multihub::domain
