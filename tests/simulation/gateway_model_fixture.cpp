#include "simulation/gateway_model_fixture.h"

#include <algorithm>
#include <functional>

#include "storage/set_statements.h"

namespace multihub::simulation {

using payments::AcceptJob;
using payments::BalanceJob;
using payments::BalanceOperation;
using payments::ClaimJob;
using payments::CustomJob;
using payments::NotifyJob;
using payments::ReportJob;
using payments::ReportOutcome;
using providers::ReportedState;

namespace {

constexpr std::int64_t kLargest = 9'007'199'254'740'991;
constexpr std::size_t kIdsPerQuery = 64;

[[noreturn]] void Fail(const std::string& what) { throw Violation(what); }

std::string EndOf(ReportedState state) {
  switch (state) {
    case ReportedState::kSucceeded:
      return "success";
    case ReportedState::kFailed:
      return "error";
    case ReportedState::kDeclined:
      return "declined";
    case ReportedState::kCanceled:
      return "canceled";
    default:
      return {};
  }
}

// The table of the published contract.
std::string EventName(bool deposit, const std::string& status) {
  if (status == "created") return deposit ? "payment.created" : "payout.created";
  if (status == "processing") return "payment.processing";
  if (status == "success") return deposit ? "payment.completed" : "payout.completed";
  if (status == "canceled") return deposit ? "payment.cancelled" : "payout.failed";
  return deposit ? "payment.failed" : "payout.failed";
}

std::set<std::string> SplitNames(const std::string& names) {
  std::set<std::string> out;
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t comma = std::min(names.find(',', at), names.size());
    out.insert(names.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

bool Wants(const std::set<std::string>& filter, const std::string& event) {
  static const std::set<std::string> kByDefault = {"payment.created",  "payment.completed", "payment.failed",
                                                   "payment.refunded", "payout.created",    "payout.completed",
                                                   "payout.failed"};
  if (filter.empty()) return kByDefault.contains(event);
  return filter.contains("*") || filter.contains(event);
}

const char* KindOf(BalanceOperation operation) {
  static constexpr const char* kKinds[] = {"topup", "withdrawal", "hold", "release"};
  return kKinds[static_cast<std::size_t>(operation)];
}

}  // namespace

ModelPayment& Model::PaymentOf(const std::string& h_id) {
  const auto found = payments_.find(h_id);
  if (found == payments_.end()) Fail("payment " + h_id + " was never committed");
  return found->second;
}

void Model::Fingerprint(const std::string& text) {
  for (const char c : text) fingerprint_ = (fingerprint_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
}

// ---- what was committed --------------------------------------------------------------------------------------------

// The order in which a batch takes its jobs: reports, the operator's, new payments, notifications, claims.
class Model::Applying final : public payments::JobVisitor {
 public:
  void Visit(AcceptJob& job) override { accepts.push_back(&job); }
  void Visit(ReportJob& job) override { reports.push_back(&job); }
  void Visit(NotifyJob& job) override { notifies.push_back(&job); }
  void Visit(ClaimJob& job) override { claims.push_back(&job); }
  void Visit(BalanceJob& job) override { changes.push_back(&job); }
  void Visit(CustomJob&) override {}

  std::vector<const AcceptJob*> accepts;
  std::vector<const ReportJob*> reports;
  std::vector<const NotifyJob*> notifies;
  std::vector<const ClaimJob*> claims;
  std::vector<const BalanceJob*> changes;
};

void Model::Apply(std::span<payments::Job* const> jobs) {
  Applying batch;
  for (payments::Job* job : jobs) job->Accept(batch);
  for (const ReportJob* job : batch.reports) Report(*job);
  for (const BalanceJob* job : batch.changes) {
    ChangeBalance(job->change, job->result.repeated, job->refusal.has_value());
  }
  for (const AcceptJob* job : batch.accepts) Accept(*job);
  for (const NotifyJob* job : batch.notifies) Notify(*job);
  for (const ClaimJob* job : batch.claims) Claim(*job);
}

// A job that met the limit in a run of its batch stays with that, though there may be room in a later run.
bool Model::IsHeldBackByLimit(const ReportJob& job, const Balance& after) {
  constexpr std::int64_t kNear = 10'000'000;
  return job.over_balance_limit && after.value > kLargest - kNear;
}

// The balance after a payment's end; nullopt when an amount would pass 2^53-1.
std::optional<Model::Balance> Model::AfterEnd(const ModelPayment& payment, const std::string& status) const {
  const auto found = balances_.find({payment.application, payment.currency});
  Balance after = found == balances_.end() ? Balance{} : found->second;
  if (payment.deposit) {
    if (status == "success") after.value += payment.amount - payment.fee;
  } else {
    after.freezing -= payment.amount + payment.fee;
    if (status != "success") after.value += payment.amount + payment.fee;
  }
  if (after.value < 0 || after.freezing < 0 || after.blocking < 0) Fail("the model's own balance is negative");
  if (after.value > kLargest) return std::nullopt;
  return after;
}

void Model::TakeIdentifiers(const providers::Report& report, ModelPayment* payment) {
  if (!report.p_id.empty()) payment->p_id = report.p_id;
  if (!report.utr.empty()) payment->utr = report.utr;
}

void Model::Report(const ReportJob& job) {
  touched_.insert(job.h_id);
  ReportOutcome expected = ReportOutcome::kUnchanged;
  const auto found = payments_.find(job.h_id);
  const std::string end = EndOf(job.report.state);
  if (found == payments_.end()) {
    expected = ReportOutcome::kUnknownPayment;
  } else if (ModelPayment& payment = found->second; job.report.state == ReportedState::kPending) {
    if (!payment.is_final()) TakeIdentifiers(job.report, &payment);
    if (payment.status == "created") {
      Move(job.h_id, &payment, "processing");
      expected = ReportOutcome::kMoved;
    }
  } else if (!end.empty()) {
    const bool differs = job.report.amount && (job.report.amount->minor != payment.amount ||
                                               job.report.amount->currency.code() != payment.currency);
    if (payment.is_final()) {
      if (differs || payment.status != end) expected = ReportOutcome::kKept;
    } else if (const auto after = AfterEnd(payment, end); differs || !after || IsHeldBackByLimit(job, *after)) {
      expected = ReportOutcome::kKept;
    } else {
      TakeIdentifiers(job.report, &payment);
      if (!payment.deposit || end == "success") balances_[{payment.application, payment.currency}] = *after;
      Move(job.h_id, &payment, end);
      expected = ReportOutcome::kMoved;
    }
  }
  if (job.outcome == ReportOutcome::kKept) ++counters_.kept;
  if (job.outcome != expected) {
    Fail("a report of " + std::string(providers::NameOf(job.report.state)) + " for " + job.h_id + " ended as " +
         std::to_string(static_cast<int>(job.outcome)) + ", not as " + std::to_string(static_cast<int>(expected)));
  }
}

void Model::Move(const std::string& h_id, ModelPayment* payment, const std::string& status) {
  if (payment->is_final()) Fail("final means final");
  payment->status = status;
  payment->version += 1;
  AddEvent(h_id, payment);
  if (!payment->is_final()) return;
  payment->task.reset();
  open_.erase(h_id);
}

void Model::AddEvent(const std::string& h_id, ModelPayment* payment) {
  ModelEvent event;
  event.name = EventName(payment->deposit, payment->status);
  event.id = h_id + ":" + event.name;
  ++counters_.events;
  for (std::string& url : Wanting(*payment, event.name, false)) {
    payment->wanted.emplace_back(payment->version, std::move(url));
  }
  payment->events.emplace(payment->version, std::move(event));
}

// The URLs that must hear of it. A URL that is both configured and the payment's own hears of it once.
std::vector<std::string> Model::Wanting(const ModelPayment& payment, const std::string& event, bool whatever) const {
  std::vector<std::string> urls;
  const bool own = !payment.own_url.empty() && (whatever || Wants(SplitNames(payment.own_events), event));
  bool own_is_configured = false, own_is_off = false;
  for (const auto& [id, endpoint] : endpoints_) {
    if (endpoint.application != payment.application) continue;
    const bool same = endpoint.url == payment.own_url;
    if (!endpoint.configured) {
      own_is_off = own_is_off || (same && !endpoint.enabled);
      continue;
    }
    if (!endpoint.enabled) continue;
    own_is_configured = own_is_configured || same;
    if (whatever || Wants(endpoint.events, event) || (same && own)) urls.push_back(endpoint.url);
  }
  if (own && !own_is_configured && !own_is_off) urls.push_back(payment.own_url);
  return urls;
}

void Model::ChangeBalance(const payments::BalanceChange& change, bool repeated, bool refused) {
  const BalanceKey key{change.application_id.value, std::string(change.currency.code())};
  const std::tuple reference{key.first, std::string(KindOf(change.operation)), change.reference};
  bool must_repeat = false, must_refuse = false;
  const auto known = references_.find(reference);
  if (known != references_.end()) {
    must_repeat = known->second == key.second;
    must_refuse = !must_repeat;
  } else {
    const bool adds = change.operation == BalanceOperation::kTopUp;
    const auto row = balances_.find(key);
    Balance after = row == balances_.end() ? Balance{} : row->second;
    switch (change.operation) {
      case BalanceOperation::kTopUp:
        after.value += change.amount;
        break;
      case BalanceOperation::kWithdraw:
        after.value -= change.amount;
        break;
      case BalanceOperation::kHold:
        after.value -= change.amount;
        after.blocking += change.amount;
        break;
      case BalanceOperation::kRelease:
        after.blocking -= change.amount;
        after.value += change.amount;
        break;
    }
    must_refuse = (row == balances_.end() && !adds) || after.value < 0 || after.blocking < 0 || after.value > kLargest;
    if (!must_refuse) {
      balances_[key] = after;
      references_.emplace(reference, key.second);
    }
  }
  if (refused != must_refuse || (!refused && repeated != must_repeat)) {
    Fail("the operator's " + std::get<1>(reference) + " " + change.reference + " was " +
         (refused    ? "refused"
          : repeated ? "a repetition"
                     : "carried out") +
         ", wrongly");
  }
}

void Model::SetBalanceEnabled(std::int64_t application, const std::string& currency, bool enabled) {
  const auto row = balances_.find({application, currency});
  if (row != balances_.end()) row->second.enabled = enabled;
}

// In the contract's order: the c_id, the balance, the funds, the provider. Empty: it must be stored.
std::string Model::RefusalOf(const AcceptJob& job, const ModelPayment& payment) const {
  const auto other = client_ids_.find({payment.application, payment.c_id});
  if (other != client_ids_.end() && other->second != job.payment.h_id) return "6009";
  if (other != client_ids_.end()) return {};
  if (!payment.deposit) {
    const auto row = balances_.find({payment.application, payment.currency});
    if (row == balances_.end() || !row->second.enabled) return "1011";
    if (row->second.value < payment.amount + payment.fee) return "1012";
    if (row->second.freezing + payment.amount + payment.fee > kLargest) return "1012";
  }
  return job.unavailable ? "2002" : "";
}

std::int64_t Model::FeeOf(const AcceptJob& job) const {
  const ModelFee& fee = fees_.at(job.payment.service_id.value);
  const std::int64_t amount = job.payment.amount.minor;
  const std::int64_t share = amount / 10'000 * fee.bps, rest = amount % 10'000 * fee.bps;
  const std::int64_t rounded = fee.fixed + share + rest / 10'000 + (rest % 10'000 >= 5'000 ? 1 : 0);
  return job.payment.direction == domain::Direction::kIn ? std::min(rounded, amount) : rounded;
}

void Model::Accept(const AcceptJob& job) {
  touched_.insert(job.payment.h_id);
  ModelPayment payment;
  payment.application = job.payment.application_id.value;
  payment.amount = job.payment.amount.minor;
  payment.fee = FeeOf(job);
  payment.created_ms = job.payment.created_ms;
  payment.deposit = job.payment.direction == domain::Direction::kIn;
  payment.currency = std::string(job.payment.amount.currency.code());
  payment.c_id = job.payment.c_id.text;
  payment.own_url = job.payment.webhook_url;
  payment.own_events = job.payment.webhook_events;
  const std::string expected = RefusalOf(job, payment);
  const std::string got = job.refusal ? std::to_string(static_cast<int>(job.refusal->code)) : "";
  if (got != expected) Fail("payment " + job.payment.h_id + " was answered '" + got + "', not '" + expected + "'");
  if (!expected.empty() || payments_.contains(job.payment.h_id)) return;
  if (!payment.deposit) {
    Balance& row = balances_.at({payment.application, payment.currency});
    row.value -= payment.amount + payment.fee;
    row.freezing += payment.amount + payment.fee;
  }
  payment.task = {job.first_ask_ms, 0};
  client_ids_.emplace(std::pair(payment.application, payment.c_id), job.payment.h_id);
  open_.insert(job.payment.h_id);
  AddEvent(job.payment.h_id, &payments_.emplace(job.payment.h_id, std::move(payment)).first->second);
}

void Model::Notify(const NotifyJob& job) {
  touched_.insert(job.payment.h_id);
  ModelPayment& payment = PaymentOf(job.payment.h_id);
  const std::vector<std::string> urls = Wanting(payment, payment.events.rbegin()->second.name, true);
  if (job.refusal.has_value() != urls.empty()) Fail("a notification for " + job.payment.h_id + " was answered wrongly");
  for (const std::string& url : urls) payment.wanted.emplace_back(payment.version, url);
}

void Model::Claim(const ClaimJob& job) {
  touched_.insert(job.task.h_id);
  auto& task = PaymentOf(job.task.h_id).task;
  const bool was_due = task && task->first == job.task.due_ms;
  if (was_due) task = {job.next_due_ms, job.task.asks + 1};
  // One whose first commit had an unknown end finds its own mark when it is run again.
  const bool expected = was_due || (task && task->first == job.next_due_ms);
  if (job.claimed != expected) Fail("the claim of " + job.task.h_id + " ended wrongly");
}

void Model::PutEndpoint(const std::string& id, ModelEndpoint endpoint) {
  const auto [at, is_new] = endpoints_.try_emplace(id, endpoint);
  // Deleted between the two runs of the unit that makes it.
  if (!is_new && at->second.application == 0) at->second = endpoint;
}

void Model::SwitchEndpoint(const std::string& id, bool enabled) {
  const auto found = endpoints_.find(id);
  if (found == endpoints_.end()) return;
  found->second.enabled = enabled;
  if (!enabled) found->second.last_off_ms = clock_.NowMs();
}

void Model::DeleteEndpoint(const std::string& id) {
  const auto found = endpoints_.find(id);
  if (found == endpoints_.end()) return;
  // Kept for what was sent to it, as one that wants nothing.
  found->second.application = 0;
  found->second.enabled = false;
  found->second.last_off_ms = clock_.NowMs();
}

void Model::Pruned(std::int64_t before_ms) { pruned_before_ms_ = std::max(pruned_before_ms_, before_ms); }

// ---- what was answered ---------------------------------------------------------------------------------------------

void Model::Acknowledge(const domain::Payment& payment) {
  CheckAnswer(payment);
  ++counters_.acknowledged;
  new_answers_[payment.h_id] = payment.status_version;
}

void Model::AcknowledgeNone(const std::string& h_id) {
  if (payments_.contains(h_id)) Fail("payment " + h_id + " was refused and is there");
}

void Model::CheckRead(const domain::Payment& payment) const {
  CheckAnswer(payment);
  const ModelPayment& known = payments_.at(payment.h_id);
  if (payment.status_version != known.version || domain::NameOf(payment.status) != known.status) {
    Fail("payment " + payment.h_id + " was shown as " + std::string(domain::NameOf(payment.status)) + ", not as " +
         known.status);
  }
}

void Model::CheckAnswer(const domain::Payment& payment) const {
  const auto found = payments_.find(payment.h_id);
  if (found == payments_.end()) Fail("payment " + payment.h_id + " was shown and never committed");
  const ModelPayment& known = found->second;
  if (payment.status_version > known.version) Fail("payment " + payment.h_id + " was shown ahead of its commit");
  if (payment.amount.minor != known.amount || payment.c_id.text != known.c_id || payment.fee != known.fee) {
    Fail("payment " + payment.h_id + " was shown with another's figures");
  }
}

// ---- what receivers see --------------------------------------------------------------------------------------------

const ModelDelivery* Model::Overtaken(const ModelPayment& payment, const ModelDelivery& by) {
  for (const auto& [id, other] : payment.deliveries) {
    const bool earlier = other->endpoint_id == by.endpoint_id && other->version < by.version;
    if (earlier && other->started == 0 && other->state == "pending") return other.get();
  }
  return nullptr;
}

void Model::AttemptStarts(storage::Session& session, const storage::ReadyDelivery& delivery, const std::string& owner,
                          const net::OutgoingAnswer& answer) {
  const ModelPayment& payment = PaymentOf(delivery.row.h_id);
  const auto found = payment.deliveries.find(delivery.row.id);
  if (found == payment.deliveries.end()) Fail("delivery " + delivery.row.id + " is sent and was never committed");
  ModelDelivery& known = *found->second;
  const auto event = payment.events.find(known.version);
  if (event == payment.events.end() || event->second.id != delivery.event_id) {
    Fail("delivery " + known.id + " carries another event");
  }
  if (event->second.body_hash != std::hash<std::string>{}(delivery.body)) {
    Fail("delivery " + known.id + " carries another body than its event was stored with");
  }
  const bool under_way = clock_.NowMs() < known.sending_until_ms && !ended_processes_.contains(known.sender);
  if (under_way) Fail("delivery " + known.id + " is sent by " + owner + " while " + known.sender + " is at it");
  // In order as far as nothing failed: every earlier event was tried before, or is given up; the second may be news.
  const ModelDelivery* overtaken = Overtaken(payment, known);
  if (overtaken != nullptr) {
    CheckPayments(session, {delivery.row.h_id});
    overtaken = Overtaken(payment, known);
  }
  if (overtaken != nullptr) {
    Fail("delivery " + known.id + " of version " + std::to_string(known.version) + " overtakes version " +
         std::to_string(overtaken->version));
  }
  if (known.started++ > 0) ++counters_.resent;
  known.taken = known.taken || (answer.error == net::CallError::kNone && answer.status / 100 == 2);
  known.gone = known.gone || answer.status == 410;
  known.sender = owner;
  known.sending_until_ms = clock_.NowMs() + answer.duration_ms;
}

// ---- what the database holds ---------------------------------------------------------------------------------------

void Model::CheckPayments(storage::Session& session, const std::set<std::string>& h_ids) {
  std::vector<std::string> ids;
  for (auto at = h_ids.begin(); at != h_ids.end();) {
    ids.clear();
    for (; at != h_ids.end() && ids.size() < kIdsPerQuery; ++at) ids.push_back(*at);
    CheckPaymentRows(session, ids);
    CheckEventRows(session, ids);
    CheckDeliveryRows(session, ids);
    CheckTaskRows(session, ids);
  }
}

void Model::CheckPaymentRows(storage::Session& session, const std::vector<std::string>& ids) {
  std::set<std::string> seen;
  const std::vector<storage::Value> values = storage::FilledList(ids);
  session.Query(
      "SELECT h_id, application_id, currency, amount, fee, c_id, status, status_version, p_id, utr, finished_ms, "
      "sealed_card FROM payments WHERE h_id IN (" +
          storage::Placeholders(values.size()) + ") ORDER BY h_id",
      "titiittittit", values, [&](const storage::Row& row) {
        const std::string& h_id = row.text(0);
        const ModelPayment& known = PaymentOf(h_id);
        const bool same = row.integer(1) == known.application && row.text(2) == known.currency &&
                          row.integer(3) == known.amount && row.integer(4) == known.fee && row.text(5) == known.c_id;
        if (!same) Fail("payment " + h_id + " is not the one that was accepted");
        if (row.text(6) != known.status || row.integer(7) != known.version) {
          Fail("payment " + h_id + " is " + row.text(6) + " " + std::to_string(row.integer(7)) + ", not " +
               known.status + " " + std::to_string(known.version));
        }
        if (row.text(8) != known.p_id || row.text(9) != known.utr) {
          Fail("payment " + h_id + " has p_id '" + row.text(8) + "' and utr '" + row.text(9) + "', not '" + known.p_id +
               "' and '" + known.utr + "'");
        }
        if ((row.integer(10) != 0) != known.is_final()) Fail("payment " + h_id + " is finished and not final");
        if (known.is_final() && !row.is_null(11)) Fail("payment " + h_id + " is final and its card is kept");
        CheckEntriesOf(h_id, known);
        Fingerprint(h_id + row.text(6));
        seen.insert(h_id);
      });
  for (const std::string& h_id : ids) {
    if (payments_.contains(h_id) && !seen.contains(h_id)) Fail("payment " + h_id + " is gone");
  }
}

void Model::CheckEntriesOf(const std::string& h_id, const ModelPayment& payment) const {
  std::set<std::string> expected;
  if (!payment.deposit) expected.insert("payout_hold");
  if (payment.status == "success") {
    expected.insert(payment.deposit ? "deposit_credit" : "payout_debit");
  } else if (payment.is_final() && !payment.deposit) {
    expected.insert("payout_release");
  }
  if (payment.entries != expected) Fail("payment " + h_id + " has other ledger entries than its status asks for");
}

void Model::CheckEventRows(storage::Session& session, const std::vector<std::string>& ids) {
  std::map<std::string, std::set<std::int64_t>> seen;
  const std::vector<storage::Value> values = storage::FilledList(ids);
  session.Query("SELECT h_id, status_version, event_id, event, created_ms, body FROM events WHERE h_id IN (" +
                    storage::Placeholders(values.size()) + ") ORDER BY h_id, status_version",
                "tittit", values, [&](const storage::Row& row) {
                  auto& events = PaymentOf(row.text(0)).events;
                  const auto found = events.find(row.integer(1));
                  if (found == events.end()) Fail("an event of " + row.text(0) + " that nothing caused");
                  ModelEvent& event = found->second;
                  const std::size_t hash = std::hash<std::string>{}(row.text(5));
                  if (row.text(2) != event.id || row.text(3) != event.name || (event.seen && event.body_hash != hash)) {
                    Fail("event " + row.text(2) + " is another than before");
                  }
                  event.body_hash = hash;
                  event.created_ms = row.integer(4);
                  event.seen = true;
                  seen[row.text(0)].insert(row.integer(1));
                });
  for (const std::string& h_id : ids) {
    const auto found = payments_.find(h_id);
    if (found == payments_.end()) continue;
    ModelPayment& payment = found->second;
    const std::set<std::int64_t>& there = seen[h_id];
    std::erase_if(payment.events, [&](const auto& entry) {
      const auto& [version, event] = entry;
      if (there.contains(version)) return false;
      const bool may_be_pruned = event.seen && event.created_ms < pruned_before_ms_ && version < payment.version &&
                                 (there.empty() || version < *there.begin());
      if (!may_be_pruned) Fail("event " + event.id + " is missing");
      return true;
    });
  }
}

void Model::CheckDeliveryRows(storage::Session& session, const std::vector<std::string>& ids) {
  std::set<std::string> seen;
  const std::vector<storage::Value> values = storage::FilledList(ids);
  session.Query(
      "SELECT id, endpoint_id, h_id, status_version, state, due_ms, lease_owner, attempts, created_ms, expires_ms, "
      "finished_ms, outcome FROM webhook_deliveries WHERE h_id IN (" +
          storage::Placeholders(values.size()) + ") ORDER BY id",
      "tttititiiiit", values, [&](const storage::Row& row) {
        storage::DeliveryRow d;
        d.id = row.text(0);
        d.endpoint_id = row.text(1);
        d.h_id = row.text(2);
        d.status_version = row.integer(3);
        d.state = row.text(4);
        d.due_ms = row.integer(5);
        d.lease_owner = row.text(6);
        d.attempts = row.integer(7);
        d.created_ms = row.integer(8);
        d.expires_ms = row.integer(9);
        d.finished_ms = row.integer(10);
        d.outcome = row.text(11);
        SeeDelivery(d);
        seen.insert(d.id);
      });
  for (const std::string& h_id : ids) {
    const auto found = payments_.find(h_id);
    if (found == payments_.end()) continue;
    if (!found->second.wanted.empty()) {
      const auto& [version, url] = found->second.wanted.front();
      Fail("version " + std::to_string(version) + " of " + h_id + " has no delivery to " + url);
    }
    std::erase_if(found->second.deliveries, [&](const auto& entry) {
      const ModelDelivery& delivery = *entry.second;
      if (seen.contains(delivery.id)) return false;
      const bool may_be_pruned = delivery.state != "pending" && delivery.finished_ms < pruned_before_ms_;
      if (!may_be_pruned) Fail("delivery " + delivery.id + " is missing");
      return true;
    });
  }
}

std::shared_ptr<ModelDelivery> Model::NewDelivery(const storage::DeliveryRow& row, ModelPayment* payment) {
  auto endpoint = endpoints_.find(row.endpoint_id);
  if (endpoint == endpoints_.end()) {
    // The payment's own, stored with the first event it wanted.
    ModelEndpoint own;
    own.application = payment->application;
    own.url = payment->own_url;
    own.configured = false;
    endpoint = endpoints_.emplace(row.endpoint_id, own).first;
  }
  const auto wanted =
      std::find(payment->wanted.begin(), payment->wanted.end(), std::pair(row.status_version, endpoint->second.url));
  if (wanted == payment->wanted.end()) Fail("delivery " + row.id + " was not wanted, or is one too many");
  payment->wanted.erase(wanted);
  ++counters_.deliveries;
  auto made = std::make_shared<ModelDelivery>();
  made->id = row.id;
  made->endpoint_id = row.endpoint_id;
  made->url = endpoint->second.url;
  made->h_id = row.h_id;
  made->version = row.status_version;
  made->created_ms = row.created_ms;
  made->expires_ms = row.expires_ms;
  made->max_attempts = endpoint->second.max_attempts;
  payment->deliveries.emplace(row.id, made);
  pending_.emplace(row.id, made);
  return made;
}

void Model::SeeDelivery(const storage::DeliveryRow& row) {
  ModelPayment& payment = PaymentOf(row.h_id);
  const auto found = payment.deliveries.find(row.id);
  const std::shared_ptr<ModelDelivery> known =
      found != payment.deliveries.end() ? found->second : NewDelivery(row, &payment);
  if (row.endpoint_id != known->endpoint_id || row.status_version != known->version ||
      row.created_ms != known->created_ms || row.expires_ms != known->expires_ms) {
    Fail("delivery " + row.id + " is another than before");
  }
  if (row.attempts < known->attempts || row.attempts > known->started || row.attempts > known->max_attempts) {
    Fail("delivery " + row.id + " says " + std::to_string(row.attempts) + " attempts of " +
         std::to_string(known->started));
  }
  if (known->state != "pending" && row.state != known->state) Fail("delivery " + row.id + " ended and moved on");
  if (known->state == "pending" && row.state != "pending") {
    CheckEnd(*known, row);
    ++(row.state == "delivered" ? counters_.delivered : counters_.failed);
    pending_.erase(row.id);
    Fingerprint(row.id + row.state);
  }
  known->state = row.state;
  known->attempts = row.attempts;
  known->finished_ms = row.finished_ms;
}

// Delivered: the receiver took it. Failed: for a reason that is so.
void Model::CheckEnd(const ModelDelivery& delivery, const storage::DeliveryRow& row) const {
  bool right = false;
  if (row.state == "delivered") {
    right = delivery.taken && row.outcome.empty();
  } else if (row.outcome == "exhausted") {
    right = row.attempts == delivery.max_attempts;
  } else if (row.outcome == "gone") {
    right = delivery.gone;
  } else if (row.outcome == "expired") {
    right = row.finished_ms >= delivery.expires_ms;
  } else if (row.outcome == "endpoint_disabled") {
    const auto endpoint = endpoints_.find(delivery.endpoint_id);
    right = endpoint != endpoints_.end() && endpoint->second.last_off_ms >= delivery.created_ms;
  }
  if (!right) Fail("delivery " + row.id + " ended as " + row.state + " " + row.outcome + ", which is not so");
  if (row.finished_ms == 0 || !row.lease_owner.empty()) Fail("delivery " + row.id + " ended and is still held");
}

void Model::CheckTaskRows(storage::Session& session, const std::vector<std::string>& ids) {
  std::set<std::string> seen;
  const std::vector<storage::Value> values = storage::FilledList(ids);
  session.Query("SELECT h_id, due_ms, asks FROM provider_tasks WHERE h_id IN (" + storage::Placeholders(values.size()) +
                    ") ORDER BY h_id",
                "tii", values, [&](const storage::Row& row) {
                  const auto& task = PaymentOf(row.text(0)).task;
                  if (task != std::pair(row.integer(1), row.integer(2))) {
                    Fail("the provider is asked for " + row.text(0) + " at another time than was claimed");
                  }
                  seen.insert(row.text(0));
                });
  for (const std::string& h_id : ids) {
    const auto found = payments_.find(h_id);
    if (found == payments_.end()) continue;
    if (found->second.task && !seen.contains(h_id)) Fail("payment " + h_id + " is not final and nobody asks for it");
  }
}

void Model::CheckBooks(storage::Session& session) {
  std::map<BalanceKey, std::int64_t> heads;
  std::size_t rows = 0;
  session.Query(
      "SELECT application_id, currency, value, value_freezing, value_blocking, enabled, chain_seq FROM balances ORDER "
      "BY application_id, currency",
      "itiiiii", {}, [&](const storage::Row& row) {
        const BalanceKey key{row.integer(0), row.text(1)};
        const Balance is{row.integer(5) != 0, row.integer(2), row.integer(3), row.integer(4)};
        const auto known = balances_.find(key);
        if (known == balances_.end()) Fail("a balance that nobody made");
        if (!(is == known->second)) {
          Fail("the balance of application " + std::to_string(key.first) + " in " + key.second + " is " +
               std::to_string(is.value) + "/" + std::to_string(is.freezing) + "/" + std::to_string(is.blocking) +
               ", not " + std::to_string(known->second.value) + "/" + std::to_string(known->second.freezing) + "/" +
               std::to_string(known->second.blocking));
        }
        heads[key] = row.integer(6);
        ++rows;
      });
  if (rows != balances_.size()) Fail("a balance is gone");
  for (const auto& [key, head] : heads) {
    Books& books = books_[key];
    if (books.seq == head) continue;
    std::int64_t sum = 0;
    session.Query(
        "SELECT e.seq, e.kind, e.reference, p.leg, p.account, p.amount FROM ledger_entries e JOIN ledger_postings p ON "
        "p.application_id = e.application_id AND p.currency = e.currency AND p.seq = e.seq WHERE e.application_id = ? "
        "AND e.currency = ? AND e.seq > ? ORDER BY e.seq, p.leg",
        "ittiti", {key.first, key.second, books.seq}, [&](const storage::Row& row) {
          if (row.integer(0) != books.seq) {
            if (row.integer(0) != books.seq + 1) Fail("an entry is missing");
            if (sum != 0) Fail("the postings of an entry do not sum to zero");
            books.seq = row.integer(0);
            const auto payment = payments_.find(row.text(2));
            const bool is_operators = references_.contains({key.first, row.text(1), row.text(2)});
            if (payment == payments_.end() && !is_operators) Fail("an entry that nobody asked for: " + row.text(2));
            if (payment != payments_.end() && !payment->second.entries.insert(row.text(1)).second) {
              Fail("payment " + row.text(2) + " has two entries of kind " + row.text(1));
            }
          }
          sum += row.integer(5);
          books.accounts[row.text(4)] += row.integer(5);
        });
    if (sum != 0) Fail("the postings of an entry do not sum to zero");
    if (books.seq != head) Fail("the last entry is missing");
    const Balance& known = balances_.at(key);
    if (books.accounts["value"] != known.value || books.accounts["value_freezing"] != known.freezing ||
        books.accounts["value_blocking"] != known.blocking) {
      Fail("a balance is not the sum of its postings");
    }
  }
}

void Model::CheckPending(storage::Session& session) {
  std::set<std::string> h_ids;
  for (const auto& [id, delivery] : pending_) h_ids.insert(delivery->h_id);
  CheckPayments(session, h_ids);
}

void Model::CheckAcknowledged(storage::Session& session, base::Random& random) {
  std::vector<std::pair<std::string, std::int64_t>> asked(new_answers_.begin(), new_answers_.end());
  for (int i = 0; i < 20 && !answers_.empty(); ++i) asked.push_back(answers_[random.Below(answers_.size())]);
  for (const auto& [h_id, version] : asked) {
    const auto stored =
        session.QueryInteger("SELECT status_version FROM payments WHERE h_id = ?", {storage::Value(h_id)});
    if (!stored || *stored < version) Fail("payment " + h_id + " was acknowledged and is no longer so");
  }
  answers_.insert(answers_.end(), new_answers_.begin(), new_answers_.end());
  new_answers_.clear();
}

void Model::CheckAll(storage::Session& session) {
  CheckBooks(session);
  std::set<std::string> page;
  for (const auto& [h_id, payment] : payments_) {
    page.insert(h_id);
    if (page.size() < 1'024) continue;
    CheckPayments(session, page);
    page.clear();
  }
  CheckPayments(session, page);
  const auto count = [&](const std::string& table) {
    return static_cast<std::size_t>(session.QueryInteger("SELECT COUNT(*) FROM " + table).value_or(-1));
  };
  std::size_t events = 0, deliveries = 0;
  for (const auto& [h_id, payment] : payments_) {
    events += payment.events.size();
    deliveries += payment.deliveries.size();
  }
  if (count("payments") != payments_.size() || count("events") != events || count("webhook_deliveries") != deliveries ||
      count("provider_tasks") != open_.size()) {
    Fail("there is more in the database than was asked for");
  }
  for (const auto& [h_id, version] : answers_) {
    if (PaymentOf(h_id).version < version) Fail("payment " + h_id + " was acknowledged and is no longer so");
  }
}

}  // namespace multihub::simulation
