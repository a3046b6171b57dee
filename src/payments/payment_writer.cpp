#include "payments/payment_writer.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "multihub/base/check.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/base/ids.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/seeded_fault.h"
#include "payments/balance_amount.h"
#include "payments/delivery_plan.h"
#include "payments/event_log.h"
#include "payments/jobs.h"

namespace multihub::payments {
namespace {

using domain::Direction;
using domain::Movement;
using domain::Payment;
using domain::PaymentStatus;
using errors::Code;
using providers::ReportedState;
using storage::BalanceKey;
using storage::BalanceRow;

constexpr const char* kOtherCurrency = "This reference was used before, for another currency.";

// Thrown to run the batch again with what was learnt noted in a job.
struct RunAgain {};

BalanceKey KeyOf(const Payment& payment) {
  return {payment.application_id, std::string(payment.amount.currency.code())};
}

std::optional<PaymentStatus> FinalStatusOf(ReportedState state) {
  switch (state) {
    case ReportedState::kSucceeded:
      return PaymentStatus::kSuccess;
    case ReportedState::kFailed:
      return PaymentStatus::kError;
    case ReportedState::kDeclined:
      return PaymentStatus::kDeclined;
    case ReportedState::kCanceled:
      return PaymentStatus::kCanceled;
    default:
      return std::nullopt;
  }
}

std::optional<Movement> MovementOf(const Payment& after) {
  if (after.direction == Direction::kIn) {
    if (after.status == PaymentStatus::kSuccess) return domain::DepositCredit(after);
    const bool canceled = after.status == PaymentStatus::kCanceled;
    if (base::SeededFault("canceled-deposit-credited") && canceled) return domain::DepositCredit(after);
    return std::nullopt;
  }
  if (base::SeededFault("hold-kept-after-cancel") && after.status == PaymentStatus::kCanceled) return std::nullopt;
  if (after.status == PaymentStatus::kSuccess) return domain::PayoutDebit(after);
  if (domain::IsFinal(after.status)) return domain::PayoutRelease(after);
  return std::nullopt;
}

errors::Refusal PaymentExists(const Payment& existing) {
  errors::Refusal refusal = errors::Refuse(Code::kPaymentExists);
  base::JsonWriter json(&refusal.context);
  json.BeginObject().Key("identifiers").BeginObject().Key("c_id");
  if (existing.c_id.numeric) {
    json.Raw(existing.c_id.text);
  } else {
    json.String(existing.c_id.text);
  }
  json.Key("h_id").String(existing.h_id).EndObject();
  const bool first = base::SeededFault("duplicate-shows-first-status");
  json.Key("status").String(domain::NameOf(first ? PaymentStatus::kCreated : existing.status)).EndObject();
  return refusal;
}

// The normalised content of a provider's message: what is kept, and what makes two messages the same.
std::string MessageBody(const ReportJob& job) {
  std::string out;
  base::JsonWriter json(&out);
  json.BeginObject().Key("state").String(providers::NameOf(job.report.state));
  if (!job.report.p_id.empty()) json.Key("p_id").String(job.report.p_id);
  if (!job.report.utr.empty()) json.Key("utr").String(job.report.utr);
  if (job.report.amount) {
    json.Key("amount").Int(job.report.amount->minor);
    json.Key("currency").String(job.report.amount->currency.code());
  }
  json.EndObject();
  return out;
}

class Batch final : public JobVisitor {
 public:
  Batch(const PaymentWriter& writer, storage::Session& session) : writer_(writer), session_(session) {}

  void Visit(AcceptJob& job) override { accepts_.push_back(&job); }
  void Visit(ReportJob& job) override { reports_.push_back(&job); }
  void Visit(NotifyJob& job) override { notifies_.push_back(&job); }
  void Visit(ClaimJob& job) override { claims_.push_back(&job); }
  void Visit(BalanceJob& job) override { balance_jobs_.push_back(&job); }
  void Visit(CustomJob& job) override { customs_.push_back(&job); }

  void Run() {
    now_ms_ = writer_.clock().NowMs();
    FindExisting();
    LoadReported();
    for (ReportJob* job : reports_) Decide(job);
    MovePayments();
    LockBalances();
    for (const Settled& settled : settled_) MoveMoney(settled);
    for (BalanceJob* job : balance_jobs_) ChangeBalance(job);
    for (AcceptJob* job : accepts_) Accept(job);
    for (NotifyJob* job : notifies_) Notify(job);
    Insert();
    StoreBalances();
    PlanDeliveries();
    Claim();
    for (CustomJob* job : customs_) job->work(session_);
  }

 private:
  // ---- what is there -------------------------------------------------------------------------------------------

  struct ClientKeyLess {
    bool operator()(const storage::ClientKey& a, const storage::ClientKey& b) const {
      return std::tie(a.application_id, a.c_id) < std::tie(b.application_id, b.c_id);
    }
  };

  static storage::ClientKey ClientKeyOf(const Payment& p) { return {p.application_id, p.c_id.text}; }

  void FindExisting() {
    if (accepts_.empty()) return;
    std::vector<storage::ClientKey> keys;
    keys.reserve(accepts_.size());
    for (const AcceptJob* job : accepts_) keys.push_back(ClientKeyOf(job->payment));
    for (Payment& p : storage::FindByClientKeys(session_, keys)) existing_.emplace(ClientKeyOf(p), std::move(p));
  }

  void LoadReported() {
    std::vector<std::string> unseen;
    for (const ReportJob* job : reports_) {
      if (!job->seen) unseen.push_back(job->h_id);
    }
    for (Payment& p : storage::FindByIds(session_, unseen)) {
      std::string h_id = p.h_id;
      const std::int64_t version = p.status_version, updated_ms = p.updated_ms;
      reported_.emplace(std::move(h_id), Reported{version, updated_ms, std::move(p), false, true});
    }
    for (const ReportJob* job : reports_) {
      if (job->seen) {
        reported_.emplace(job->h_id,
                          Reported{job->seen->status_version, job->seen->updated_ms, *job->seen, false, false});
      }
    }
  }

  // What a job has seen of its payment does not do: everything is read on the next run.
  [[noreturn]] void ReadAnew() {
    for (ReportJob* job : reports_) job->seen.reset();
    throw RunAgain{};
  }

  // ---- reports: the state machine ------------------------------------------------------------------------------

  struct Reported {
    std::int64_t loaded_version = 0;
    std::int64_t loaded_updated_ms = 0;
    Payment payment;
    bool changed = false;
    bool read = false;  // in this transaction; else only seen before it
  };
  struct Settled {
    ReportJob* job;
    Payment after;  // at the moment of this step
    Movement movement;
  };

  void Decide(ReportJob* job) {
    job->outcome = ReportOutcome::kUnchanged;
    const auto found = reported_.find(job->h_id);
    if (found == reported_.end()) {
      job->outcome = ReportOutcome::kUnknownPayment;
      return;
    }
    Reported& reported = found->second;
    Payment& payment = reported.payment;
    if (job->report.state == ReportedState::kPending) {
      TakeIdentifiers(job->report, &reported);
      // What others have seen of it is old now, though its status stays.
      if (reported.changed) payment.updated_ms = std::max(now_ms_, reported.loaded_updated_ms + 1);
      if (base::SeededFault("processing-left-out")) return;
      if (payment.status == PaymentStatus::kCreated) Move(job, &reported, PaymentStatus::kProcessing);
    } else if (const auto target = FinalStatusOf(job->report.state)) {
      DecideFinal(job, &reported, *target);
    }
    job->after = payment;
  }

  void DecideFinal(ReportJob* job, Reported* reported, PaymentStatus target) {
    const Payment& payment = reported->payment;
    if (!reported->read && (domain::IsFinal(payment.status) || AmountDiffers(*job, payment))) ReadAnew();
    const bool success_again = payment.status == PaymentStatus::kSuccess && target == payment.status;
    if (base::SeededFault("second-success-credited") && success_again && payment.direction == Direction::kIn) {
      Payment again = payment;
      again.h_id += "-again";
      settled_.push_back({job, again, domain::DepositCredit(again)});
    }
    if (domain::IsFinal(payment.status)) {
      // The same word again is what every provider sends now and then; another word is for the operator.
      const bool agrees =
          payment.status == target || (target == PaymentStatus::kSuccess && domain::IsSuccessful(payment.status));
      if (!agrees || AmountDiffers(*job, payment)) Keep(job, payment, "late_message");
      return;
    }
    if (AmountDiffers(*job, payment)) return Keep(job, payment, "amount_mismatch");
    if (job->over_balance_limit) return Keep(job, payment, "balance_limit");
    TakeIdentifiers(job->report, reported);
    Move(job, reported, target);
  }

  static bool AmountDiffers(const ReportJob& job, const Payment& payment) {
    if (base::SeededFault("mismatch-credited")) return false;
    return job.report.amount && !(*job.report.amount == payment.amount);
  }

  static void TakeIdentifiers(const providers::Report& report, Reported* reported) {
    Payment& payment = reported->payment;
    if (domain::IsFinal(payment.status)) return;
    const auto take = [&](const std::string& said, std::string* known) {
      if (said.empty() || *known == said) return;
      *known = said;
      reported->changed = true;
    };
    take(report.p_id, &payment.p_id);
    take(report.utr, &payment.utr);
    // The provider has the card now, or the payment is over: it is kept no longer.
    if (!payment.sealed_card.empty()) {
      payment.sealed_card.clear();
      reported->changed = true;
    }
  }

  void Move(ReportJob* job, Reported* reported, PaymentStatus target) {
    Payment& payment = reported->payment;
    MULTIHUB_CHECK(domain::CanMove(payment.status, target));
    const PaymentStatus previous = payment.status;
    payment.status = target;
    payment.status_version += 1;
    payment.updated_ms = std::max(now_ms_, payment.updated_ms);
    if (domain::IsFinal(target)) {
      payment.finished_ms = payment.updated_ms;
      finished_.push_back(payment.h_id);
    }
    reported->changed = true;
    events_.push_back(MakeEvent(payment, previous, writer_.random()));
    planned_.push_back({job, &payment, nullptr});
    if (auto movement = MovementOf(payment)) settled_.push_back({job, payment, std::move(*movement)});
    job->outcome = ReportOutcome::kMoved;
  }

  void Keep(ReportJob* job, const Payment& payment, const char* reason) {
    storage::ProviderMessage message;
    message.h_id = payment.h_id;
    message.body = MessageBody(*job);
    message.digest = base::HexEncode(base::Sha256({message.body}));
    message.reason = reason;
    message.provider = job->source == "operator" ? "operator" : payment.provider;
    message.received_ms = now_ms_;
    job->kept_reason = reason;
    // Kept now by any run of this batch counts: a commit whose end was unknown must not swallow the alert.
    if (storage::KeepMessage(session_, message)) job->kept_now = true;
    job->outcome = ReportOutcome::kKept;
  }

  void MovePayments() {
    std::vector<storage::PaymentMove> moves;
    for (auto& [h_id, reported] : reported_) {
      if (reported.changed) {
        moves.push_back({reported.loaded_version, reported.loaded_updated_ms, &reported.payment});
      }
    }
    if (moves.empty()) return;
    if (storage::MovePayments(session_, moves) == static_cast<std::int64_t>(moves.size())) return;
    for (const auto& [h_id, reported] : reported_) {
      if (!reported.read) ReadAnew();
    }
    throw storage::StorageFailure(storage::StorageFailure::Kind::kConflict, "payment moved by another process");
  }

  // ---- money ---------------------------------------------------------------------------------------------------

  void LockBalances() {
    std::set<BalanceKey> keys;
    for (const Settled& settled : settled_) keys.insert(KeyOf(settled.after));
    for (const BalanceJob* job : balance_jobs_) keys.insert(KeyOfChange(job->change));
    for (const AcceptJob* job : accepts_) {
      if (job->payment.direction == Direction::kOut) keys.insert(KeyOf(job->payment));
    }
    if (keys.empty()) return;
    const std::vector<BalanceKey> list(keys.begin(), keys.end());
    for (auto& [key, row] : storage::LockBalances(session_, list)) {
      taken_seq_[key] = row.chain_seq;
      balances_.emplace(key, std::move(row));
    }
  }

  static BalanceKey KeyOfChange(const BalanceChange& change) {
    return {change.application_id, std::string(change.currency.code())};
  }

  BalanceRow* FindBalance(const BalanceKey& key) {
    const auto found = balances_.find(key);
    return found == balances_.end() ? nullptr : &found->second;
  }

  BalanceRow* EnsureBalance(const BalanceKey& key) {
    if (BalanceRow* row = FindBalance(key)) return row;
    BalanceRow row;
    row.key = key;
    row.chain_mac = writer_.chain().GenesisMac(key);
    row.head_mac = writer_.chain().HeadMac(row);
    storage::InsertBalance(session_, row);
    taken_seq_[key] = 0;
    return &balances_.emplace(key, std::move(row)).first->second;
  }

  void Book(BalanceRow* row, Movement movement, const std::string& reference, const std::string& reason) {
    entries_.push_back(writer_.chain().Append(row, std::move(movement), reference, reason, now_ms_));
    moved_.insert(row->key);
  }

  void MoveMoney(const Settled& settled) {
    BalanceRow* row = EnsureBalance(KeyOf(settled.after));
    const domain::Balance after = domain::Apply(row->amounts, settled.movement);
    // Less than nothing held for a payout that was accepted would be a broken ledger.
    MULTIHUB_CHECK(after.value >= 0 && after.freezing >= 0 && after.blocking >= 0);
    if (!domain::IsPermitted(after)) {
      settled.job->over_balance_limit = true;
      throw RunAgain{};
    }
    Book(row, settled.movement, settled.after.h_id, "");
  }

  static Movement MovementOfChange(const BalanceChange& change) {
    switch (change.operation) {
      case BalanceOperation::kTopUp:
        return domain::OperatorTopUp(change.amount);
      case BalanceOperation::kWithdraw:
        return domain::OperatorWithdrawal(change.amount);
      case BalanceOperation::kHold:
        return domain::OperatorHold(change.amount);
      case BalanceOperation::kRelease:
        return domain::OperatorRelease(change.amount);
    }
    MULTIHUB_CHECK(false);
  }

  void ChangeBalance(BalanceJob* job) {
    job->refusal.reset();
    job->repeats.reset();
    const BalanceKey key = KeyOfChange(job->change);
    if (job->create_only) {
      job->created = FindBalance(key) == nullptr;
      EnsureBalance(key);
      return;
    }
    Movement movement = MovementOfChange(job->change);
    const auto known = storage::FindEntry(session_, key.application_id, movement.kind, job->change.reference);
    if (known) return Repeat(job, *known);
    const auto [changed, first] =
        changes_.try_emplace({key.application_id, std::string(movement.kind), job->change.reference}, job);
    if (!first) return RepeatInBatch(job, *changed->second);
    const bool adds = job->change.operation == BalanceOperation::kTopUp;
    BalanceRow* row = adds ? EnsureBalance(key) : FindBalance(key);
    if (row == nullptr) {
      job->refusal = "The application has no balance in this currency.";
      return;
    }
    const domain::Balance after = domain::Apply(row->amounts, movement);
    if (!domain::IsPermitted(after)) {
      job->refusal = adds ? "The balance would exceed 2^53-1 minor units."
                          : "The balance does not hold that much for this operation.";
      return;
    }
    Book(row, std::move(movement), job->change.reference, job->change.reason);
    job->result = {AmountOf(*row), false};
  }

  void Repeat(BalanceJob* job, const storage::LedgerEntry& known) {
    const BalanceRow* row = FindBalance(known.key);
    if (row == nullptr || known.key != KeyOfChange(job->change)) {
      job->refusal = kOtherCurrency;
      return;
    }
    job->result = {AmountOf(*row), true};
    job->repeats = known.seq;
  }

  // Of two with one reference in this batch the second is the repetition.
  static void RepeatInBatch(BalanceJob* job, const BalanceJob& first) {
    if (KeyOfChange(job->change) != KeyOfChange(first.change)) {
      job->refusal = kOtherCurrency;
    } else if (first.refusal) {
      job->refusal = first.refusal;
    } else {
      job->result = {first.result.balance, true};
    }
  }

  // ---- new payments --------------------------------------------------------------------------------------------

  void Accept(AcceptJob* job) {
    job->refusal.reset();
    const storage::ClientKey key = ClientKeyOf(job->payment);
    const auto existing = existing_.find(key);
    if (base::SeededFault("provider-before-duplicate") && job->unavailable) job->refusal = job->unavailable;
    if (base::SeededFault("funds-before-duplicate") && job->payment.direction == Direction::kOut) {
      job->refusal = CheckFunds(*job);
    }
    if (job->refusal) return;
    if (existing != existing_.end()) {
      const bool failed = existing->second.status == PaymentStatus::kError;
      const bool usable_again = base::SeededFault("failed-c-id-usable-again") && failed;
      // Our own row: this batch has run before and its commit had happened after all.
      if (existing->second.h_id == job->payment.h_id || usable_again) {
        job->payment = existing->second;
      } else {
        job->refusal = PaymentExists(existing->second);
      }
      return;
    }
    if (job->payment.direction == Direction::kOut) job->refusal = CheckFunds(*job);
    if (!job->refusal && job->unavailable) job->refusal = job->unavailable;
    if (job->refusal && !(base::SeededFault("unavailable-payment-stored") && job->unavailable)) return;
    Store(job);
    existing_.emplace(key, job->payment);
  }

  std::optional<errors::Refusal> CheckFunds(const AcceptJob& job) {
    const BalanceRow* row = FindBalance(KeyOf(job.payment));
    if (base::SeededFault("no-balance-is-no-funds") && row == nullptr) return errors::Refuse(Code::kInsufficientFunds);
    if (row == nullptr || !row->enabled || !job.balance_enabled) return errors::Refuse(Code::kNoBalance);
    const bool exact = row->amounts.value == job.payment.amount.minor + job.payment.fee;
    if (base::SeededFault("exact-funds-refused") && exact) return errors::Refuse(Code::kInsufficientFunds);
    if (!domain::IsPermitted(domain::Apply(row->amounts, domain::PayoutHold(job.payment)))) {
      return errors::Refuse(Code::kInsufficientFunds);
    }
    return std::nullopt;
  }

  void Store(AcceptJob* job) {
    const Payment& payment = job->payment;
    if (payment.direction == Direction::kOut) {
      Book(FindBalance(KeyOf(payment)), domain::PayoutHold(payment), payment.h_id, "");
    }
    new_payments_.push_back(&payment);
    events_.push_back(MakeEvent(payment, payment.status, writer_.random()));
    planned_.push_back({job, &payment, nullptr});
    tasks_.push_back({payment.h_id, payment.application_id, job->first_ask_ms, 0});
  }

  // ---- notifications -------------------------------------------------------------------------------------------

  void Notify(NotifyJob* job) {
    job->refusal.reset();
    const Payment& payment = job->payment;
    const std::vector<storage::EventRow> events = storage::EventsOf(session_, payment.h_id);
    MULTIHUB_CHECK(!events.empty());
    const PlannedEvent planned{job, &payment, &events.front(), &job->trace};
    DeliveryPlan plan(session_, writer_.hooks(), writer_.random(), now_ms_);
    if (plan.Make({&planned, 1}).front() == 0) job->refusal = errors::Refuse(Code::kNoCallbackUrl);
  }

  // ---- writing -------------------------------------------------------------------------------------------------

  void Insert() {
    storage::InsertPayments(session_, new_payments_);
    storage::InsertEvents(session_, events_);
    storage::InsertTasks(session_, tasks_);
    storage::InsertEntries(session_, entries_);
    storage::DeleteTasks(session_, finished_);
  }

  void PlanDeliveries() {
    for (std::size_t i = 0; i < events_.size(); ++i) planned_[i].event = &events_[i];
    DeliveryPlan(session_, writer_.hooks(), writer_.random(), now_ms_).Make(planned_);
  }

  void StoreBalances() {
    std::vector<storage::BalanceMove> moves;
    for (const BalanceKey& key : moved_) {
      BalanceRow& row = balances_.at(key);
      row.head_mac = writer_.chain().HeadMac(row);
      moves.push_back({taken_seq_.at(key), &row});
    }
    storage::StoreBalances(session_, moves);
  }

  void Claim() {
    std::vector<storage::TaskClaim> claims;
    for (const ClaimJob* job : claims_) claims.push_back({&job->task, job->next_due_ms});
    if (claims.empty()) return;
    const std::vector<bool> claimed = storage::ClaimTasks(session_, claims);
    for (std::size_t i = 0; i < claims_.size(); ++i) claims_[i]->claimed = claimed[i];
  }

  const PaymentWriter& writer_;
  storage::Session& session_;
  base::UnixMs now_ms_ = 0;

  std::vector<AcceptJob*> accepts_;
  std::vector<ReportJob*> reports_;
  std::vector<NotifyJob*> notifies_;
  std::vector<ClaimJob*> claims_;
  std::vector<BalanceJob*> balance_jobs_;
  std::vector<CustomJob*> customs_;

  std::map<storage::ClientKey, Payment, ClientKeyLess> existing_;
  std::unordered_map<std::string, Reported> reported_;
  std::vector<Settled> settled_;
  std::map<BalanceKey, BalanceRow> balances_;
  std::map<BalanceKey, std::int64_t> taken_seq_;
  std::set<BalanceKey> moved_;
  // By application, kind and reference.
  std::map<std::tuple<domain::ApplicationId, std::string, std::string>, const BalanceJob*> changes_;

  std::vector<const Payment*> new_payments_;
  std::vector<storage::EventRow> events_;
  std::vector<PlannedEvent> planned_;  // whose the event at the same place is
  std::vector<storage::ProviderTask> tasks_;
  std::vector<storage::LedgerEntry> entries_;
  std::vector<std::string> finished_;
};

}  // namespace

PaymentWriter::PaymentWriter(const base::MasterKey& key, const base::Clock& clock, base::Random& random,
                             DeliveryHooks hooks)
    : chain_(key.Derive("ledger-chain")), clock_(clock), random_(random), hooks_(std::move(hooks)) {}

void PaymentWriter::Write(storage::Session& session, std::span<storage::LaneJob* const> jobs) {
  for (;;) {
    Batch batch(*this, session);
    for (storage::LaneJob* lane_job : jobs) {
      Job* job = static_cast<Job*>(lane_job);
      job->deliveries.clear();
      job->hooks = &hooks_;
      job->Accept(batch);
    }
    try {
      batch.Run();
      return;
    } catch (const RunAgain&) {
      // At most once per report, which marks itself before asking, and once for all that was only seen.
      session.Rollback();
      session.Begin();
    }
  }
}

}  // namespace multihub::payments
