// The operator's door to payments and balances: synchronous, on the caller's own session, through the same writer as
// the gateway's lanes. The command line and the sandbox loader use it; a running gateway need not be stopped.
//
// Functions throw storage::StorageFailure when the database fails; refusals are values with an English sentence.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/base/result.h"
#include "multihub/base/sealing.h"
#include "multihub/domain/payment.h"
#include "multihub/payments/payments.h"
#include "multihub/storage/session.h"

namespace multihub::payments {

enum class BalanceOperation { kTopUp, kWithdraw, kHold, kRelease };

struct BalanceChange {
  domain::ApplicationId application_id;
  domain::Currency currency;
  BalanceOperation operation = BalanceOperation::kTopUp;
  std::int64_t amount = 0;  // > 0
  std::string reference;    // unique per application and operation; 1 to 128 characters
  std::string reason;       // kept with the entry; at most 255 characters
};

struct BalanceChangeResult {
  BalanceAmount balance;  // after the change (of the first run when repeated)
  bool repeated = false;  // this reference was used before: nothing changed
};

struct SettleCommand {
  std::string h_id;
  domain::PaymentStatus status = domain::PaymentStatus::kSuccess;  // success, error, declined or canceled
  std::string reason;
  bool force = false;  // needed to end a payout as failed once its `start` may have been sent
};

struct PaymentFilter {
  std::optional<domain::ApplicationId> application_id;
  std::optional<domain::PaymentStatus> status;
  std::optional<base::UnixMs> since_ms;
  bool stuck = false;  // not final 6 h after creation
  int limit = 50;
};

struct LedgerProblem {
  domain::ApplicationId application_id;
  std::string currency;
  std::int64_t sequence = 0;  // entry at which the chain breaks; 0 when the problem is the balance row's
  std::string description;
};
struct LedgerVerdict {
  std::int64_t balances = 0, entries = 0, payments = 0;
  std::optional<LedgerProblem> problem;  // the first difference found
};

struct HouseBalance {
  std::string account;  // "clearing/<provider>", "fees", "funding"
  std::string currency;
  bool test = false;
  std::int64_t value = 0;  // may be negative
};

class Operator {
 public:
  // All references must outlive the object.
  Operator(storage::Session& session, const base::MasterKey& key, const base::Clock& clock, base::Random& random);

  // False when the balance exists already.
  bool CreateBalance(domain::ApplicationId application, domain::Currency currency);
  base::Result<BalanceChangeResult, std::string> ChangeBalance(const BalanceChange& change);
  // nullopt currency: the application's switch is the directory's (storage::SetBalanceSwitch); this sets one balance.
  bool SetBalanceEnabled(domain::ApplicationId application, domain::Currency currency, bool enabled);
  BalanceView ShowBalances(domain::ApplicationId application);
  std::vector<HouseBalance> ShowHouse();

  std::optional<domain::Payment> ShowPayment(const std::string& h_id);
  std::vector<domain::Payment> ListPayments(const PaymentFilter& filter);
  base::Result<domain::Payment, std::string> Settle(const SettleCommand& command);

  // Recomputes every chain and balance (or one application's) up to its stored head.
  LedgerVerdict VerifyLedger(std::optional<domain::ApplicationId> application);

 private:
  storage::Session& session_;
  const base::MasterKey& key_;
  const base::Clock& clock_;
  base::Random& random_;
};

}  // namespace multihub::payments
