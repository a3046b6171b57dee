#include "multihub/payments/operator.h"

#include <map>

#include "payments/ask_schedule.h"
#include "payments/balance_amount.h"
#include "payments/jobs.h"
#include "payments/ledger_verifier.h"
#include "payments/payment_writer.h"

namespace multihub::payments {
namespace {

using domain::Payment;
using domain::PaymentStatus;
using providers::ReportedState;

constexpr std::int64_t kUnitBudgetMs = 15'000;
constexpr std::size_t kMaxReference = 128;
constexpr std::size_t kMaxReason = 255;

// Runs one job through the gateway's own writer, as one unit of work.
void RunJob(storage::Session& session, PaymentWriter& writer, Job* job) {
  storage::LaneJob* const lane_job = job;
  storage::RunUnit(session, kUnitBudgetMs, [&](storage::Session& s) { writer.Write(s, {&lane_job, 1}); });
  job->Committed();
}

std::optional<ReportedState> StateFor(PaymentStatus status) {
  switch (status) {
    case PaymentStatus::kSuccess:
      return ReportedState::kSucceeded;
    case PaymentStatus::kError:
      return ReportedState::kFailed;
    case PaymentStatus::kDeclined:
      return ReportedState::kDeclined;
    case PaymentStatus::kCanceled:
      return ReportedState::kCanceled;
    default:
      return std::nullopt;
  }
}

std::optional<std::string> CheckChange(const BalanceChange& change) {
  if (change.amount <= 0 || change.amount > domain::kMaxAmount) {
    return "The amount must be a whole number of minor units between 1 and 2^53-1.";
  }
  if (change.reference.empty() || change.reference.size() > kMaxReference) {
    return "The reference must have 1 to 128 characters.";
  }
  if (change.reason.size() > kMaxReason) return "The reason must have at most 255 characters.";
  return std::nullopt;
}

}  // namespace

Operator::Operator(storage::Session& session, const base::MasterKey& key, const base::Clock& clock,
                   base::Random& random)
    : session_(session), key_(key), clock_(clock), random_(random) {}

bool Operator::CreateBalance(domain::ApplicationId application, domain::Currency currency) {
  PaymentWriter writer(key_, clock_, random_);
  BalanceJob job;
  job.change.application_id = application;
  job.change.currency = currency;
  job.create_only = true;
  RunJob(session_, writer, &job);
  return job.created;
}

base::Result<BalanceChangeResult, std::string> Operator::ChangeBalance(const BalanceChange& change) {
  if (auto problem = CheckChange(change)) return base::Fail(std::move(*problem));
  PaymentWriter writer(key_, clock_, random_);
  BalanceJob job;
  job.change = change;
  RunJob(session_, writer, &job);
  if (job.refusal) return base::Fail(std::move(*job.refusal));
  if (job.repeats) {
    const domain::Balance first =
        storage::BalanceAfter(session_, {change.application_id, std::string(change.currency.code())}, *job.repeats);
    job.result.balance.value = first.value;
    job.result.balance.freezing = first.freezing;
    job.result.balance.blocking = first.blocking;
  }
  return job.result;
}

bool Operator::SetBalanceEnabled(domain::ApplicationId application, domain::Currency currency, bool enabled) {
  bool found = false;
  storage::RunUnit(session_, kUnitBudgetMs, [&](storage::Session& session) {
    found = storage::SetBalanceRowEnabled(session, {application, std::string(currency.code())}, enabled);
  });
  return found;
}

BalanceView Operator::ShowBalances(domain::ApplicationId application) {
  BalanceView view;
  for (const storage::BalanceRow& row : storage::ReadBalances(session_, application)) {
    view.amounts.push_back(AmountOf(row));
  }
  return view;
}

std::vector<HouseBalance> Operator::ShowHouse() {
  std::vector<HouseBalance> balances;
  session_.Query(
      "SELECT p.account, p.currency, a.test, CAST(SUM(p.amount) AS SIGNED) FROM ledger_postings p "
      "JOIN applications a ON a.id = p.application_id WHERE p.account >= 'house/' AND p.account < 'house0' "
      "GROUP BY p.account, p.currency, a.test ORDER BY p.account, p.currency, a.test",
      "ttii", {}, [&](const storage::Row& row) {
        const std::string prefix = "house/";
        balances.push_back({row.text(0).substr(prefix.size()), row.text(1), row.integer(2) != 0, row.integer(3)});
      });
  return balances;
}

std::optional<Payment> Operator::ShowPayment(const std::string& h_id) {
  auto found = storage::FindByIds(session_, {&h_id, 1});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<Payment> Operator::ListPayments(const PaymentFilter& filter) {
  storage::PaymentListFilter rows;
  rows.application_id = filter.application_id;
  rows.status = filter.status;
  rows.created_from_ms = filter.since_ms.value_or(0);
  rows.limit = filter.limit;
  if (filter.stuck) {
    rows.unfinished = true;
    rows.created_before_ms = clock_.NowMs() - kStuckAfterMs;
  }
  return storage::ListPayments(session_, rows);
}

base::Result<Payment, std::string> Operator::Settle(const SettleCommand& command) {
  const auto state = StateFor(command.status);
  if (!state) return base::Fail(std::string("A payment is settled as success, error, declined or canceled."));
  const auto payment = ShowPayment(command.h_id);
  if (!payment) return base::Fail(std::string("There is no payment with this h_id."));
  if (domain::IsFinal(payment->status)) {
    return base::Fail("The payment is final already: " + std::string(domain::NameOf(payment->status)) + ".");
  }
  const bool fails_payout = payment->direction == domain::Direction::kOut && command.status != PaymentStatus::kSuccess;
  if (fails_payout && !command.force) {
    return base::Fail(std::string(
        "The provider may have been told to pay: settling this payout as failed gives the money back to the merchant. "
        "Repeat with --force when you are sure it was not paid."));
  }
  PaymentWriter writer(key_, clock_, random_);
  ReportJob job;
  job.h_id = command.h_id;
  job.report.state = *state;
  job.source = "operator";
  RunJob(session_, writer, &job);
  if (job.outcome == ReportOutcome::kMoved) return job.after;
  if (job.kept_reason == "balance_limit") {
    return base::Fail(std::string("The balance would exceed 2^53-1 minor units; nothing was changed."));
  }
  return base::Fail("The payment is final already: " + std::string(domain::NameOf(job.after.status)) + ".");
}

LedgerVerdict Operator::VerifyLedger(std::optional<domain::ApplicationId> application) {
  const storage::LedgerChain chain(key_.Derive("ledger-chain"));
  return LedgerVerifier(session_, chain).Verify(application);
}

}  // namespace multihub::payments
