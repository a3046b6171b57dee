// The units of work of the payment writer. A job says what is wanted; the writer fills in the outcome; `done` tells the
// one who asked, after the commit.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "multihub/domain/ledger.h"
#include "multihub/errors/refusal.h"
#include "multihub/payments/delivery_hooks.h"
#include "multihub/payments/operator.h"
#include "multihub/payments/payments.h"
#include "multihub/providers/provider.h"
#include "multihub/storage/commit_lane.h"
#include "multihub/storage/ledger_store.h"
#include "multihub/storage/payment_store.h"

namespace multihub::payments {

struct AcceptJob;
struct ReportJob;
struct NotifyJob;
struct ClaimJob;
struct BalanceJob;
struct CustomJob;

class JobVisitor {
 public:
  virtual ~JobVisitor() = default;
  virtual void Visit(AcceptJob& job) = 0;
  virtual void Visit(ReportJob& job) = 0;
  virtual void Visit(NotifyJob& job) = 0;
  virtual void Visit(ClaimJob& job) = 0;
  virtual void Visit(BalanceJob& job) = 0;
  virtual void Visit(CustomJob& job) = 0;
};

struct Job : storage::LaneJob {
  virtual void Accept(JobVisitor& visitor) = 0;

  // The webhooks that follow from it, made by the writer; handed over after the commit.
  std::vector<storage::ReadyDelivery> deliveries;
  const DeliveryHooks* hooks = nullptr;
  void HandOverDeliveries();
};

template <typename Derived>
struct VisitedJob : Job {
  void Accept(JobVisitor& visitor) override { visitor.Visit(static_cast<Derived&>(*this)); }
};

// Store a new payment whose business checks before the database have passed.
struct AcceptJob final : VisitedJob<AcceptJob> {
  domain::Payment payment;
  bool balance_enabled = true;
  std::optional<errors::Refusal> unavailable;  // the provider cannot be used now: answered after every other check
  std::int64_t first_ask_ms = 0;               // database time of the first ask for its outcome
  PaymentDone done;

  std::optional<errors::Refusal> refusal;

  void Committed() override;
  void Failed(bool outcome_unknown, const std::string& internal) override;
};

enum class ReportOutcome { kUnchanged, kMoved, kKept, kUnknownPayment };

// What a provider or the operator says of a payment: the one door to a status change.
struct ReportJob final : VisitedJob<ReportJob> {
  std::string h_id;
  // The payment as last seen, to spare the writer a read. Nothing is decided on it for good: a change needs the stored
  // row to have the same version, and anything else is decided on the row itself. The writer clears it when it is old.
  std::optional<domain::Payment> seen;
  providers::Report report;
  std::string source;                                               // "start", "state", "callback", "operator"
  std::function<void(const ReportJob&)> done;                       // after the commit
  std::function<void(const std::string& internal)> storage_failed;  // may be empty

  bool over_balance_limit = false;  // found out by the writer: the movement is left out on the next run
  std::string kept_reason;          // set when the message is kept for the operator
  bool kept_now = false;            // … and was not kept before
  ReportOutcome outcome = ReportOutcome::kUnchanged;
  domain::Payment after;

  void Committed() override;
  void Failed(bool outcome_unknown, const std::string& internal) override;
};

// Queue the webhook of a payment's latest event again.
struct NotifyJob final : VisitedJob<NotifyJob> {
  domain::Payment payment;  // as found by the reader
  base::Trace trace;        // of the call
  PaymentDone done;
  std::optional<errors::Refusal> refusal;

  void Committed() override;
  void Failed(bool outcome_unknown, const std::string& internal) override;
};

// Take a due provider task for this process.
struct ClaimJob final : VisitedJob<ClaimJob> {
  storage::ProviderTask task;
  std::int64_t next_due_ms = 0;
  std::function<void(bool claimed)> done;
  bool claimed = false;

  void Committed() override { done(claimed); }
  void Failed(bool, const std::string&) override { done(false); }
};

// The operator moves money or makes a balance.
struct BalanceJob final : VisitedJob<BalanceJob> {
  BalanceChange change;
  bool create_only = false;

  std::optional<std::string> refusal;
  BalanceChangeResult result;
  // The entry this change had made before: then `result` has the balance as it is now, and whoever runs the job looks
  // up what it was after that entry, which may take long and wants no row held.
  std::optional<std::int64_t> repeats;
  bool created = false;

  void Committed() override {}
  void Failed(bool, const std::string&) override {}
};

// Any other unit of work of the gateway (storage::Access).
struct CustomJob final : VisitedJob<CustomJob> {
  std::function<void(storage::Session&)> work;
  std::function<void(bool stored, const std::string& internal)> done;
  void Committed() override { done(true, std::string()); }
  void Failed(bool, const std::string& internal) override { done(false, internal); }
};

}  // namespace multihub::payments
