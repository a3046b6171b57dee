#include "multihub/payments/engine.h"

#include <mutex>
#include <unordered_map>

#include "multihub/base/check.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/observability/log.h"
#include "multihub/storage/commit_lane.h"
#include "multihub/storage/ledger_store.h"
#include "multihub/storage/payment_store.h"
#include "multihub/storage/reader_pool.h"
#include "payments/accept_payment.h"
#include "payments/ask_schedule.h"
#include "payments/balance_amount.h"
#include "payments/jobs.h"
#include "payments/payment_writer.h"
#include "payments/provider_runner.h"
#include "payments/reconciler.h"
#include "payments/route_counts.h"

namespace multihub::payments {
namespace {

using domain::Payment;
using domain::PaymentStatus;
using errors::Code;
using observability::Log;
using observability::LogField;
using observability::LogLevel;
using observability::Metric;
using storage::LaneKind;

constexpr int kMysqlLanes = 4;
// How many lanes the deposits of one application use while no money moves.
constexpr std::size_t kLanesOfApplication = 2;
constexpr std::int64_t kReadyWithinUs = 5'000'000;

int LaneCount(const EngineOptions& options, storage::Engine engine) {
  // SQLite has one writer whatever we do.
  if (engine == storage::Engine::kSqlite) return 1;
  return options.lanes > 0 ? options.lanes : kMysqlLanes;
}

// Answers of routes that wait for the provider's first word.
class StartedWaits {
 public:
  void Add(const Payment& accepted, PaymentDone done, std::int64_t give_up_us) {
    const std::lock_guard<std::mutex> lock(mutex_);
    waits_.emplace(accepted.h_id, Wait{accepted, std::move(done), give_up_us});
  }

  // The first word has come (or will not): answers with `after`, or with what was accepted.
  void Answer(const std::string& h_id, const Payment* after) {
    Wait wait;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto found = waits_.find(h_id);
      if (found == waits_.end()) return;
      wait = std::move(found->second);
      waits_.erase(found);
    }
    wait.done(after != nullptr ? *after : wait.accepted);
  }

  void AnswerOverdue(std::int64_t now_us) {
    std::vector<Wait> overdue;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (auto at = waits_.begin(); at != waits_.end();) {
        if (at->second.give_up_us > now_us) {
          ++at;
          continue;
        }
        overdue.push_back(std::move(at->second));
        at = waits_.erase(at);
      }
    }
    for (Wait& wait : overdue) wait.done(wait.accepted);
  }

 private:
  struct Wait {
    Payment accepted;
    PaymentDone done;
    std::int64_t give_up_us = 0;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Wait> waits_;
};

std::optional<Payment> Lookup(storage::Session& session, const PaymentLookup& lookup) {
  std::vector<Payment> found;
  if (lookup.c_id) {
    const storage::ClientKey key{lookup.application_id, *lookup.c_id};
    found = storage::FindByClientKeys(session, {&key, 1});
  } else {
    found = storage::FindByIds(session, {&*lookup.h_id, 1});
  }
  if (found.empty()) return std::nullopt;
  Payment& payment = found.front();
  if (payment.application_id != lookup.application_id && !base::SeededFault("others-payments-shown")) {
    return std::nullopt;
  }
  const bool disagrees = lookup.h_id && payment.h_id != *lookup.h_id;
  if (disagrees && !base::SeededFault("disagreeing-h-id-ignored")) return std::nullopt;
  if (lookup.service_id && payment.service_id != *lookup.service_id) return std::nullopt;
  return std::move(payment);
}

}  // namespace

class Engine::Impl final : public Payments, public storage::Access {
 public:
  Impl(const storage::Database& database, EngineOptions options, std::vector<providers::Provider*> providers,
       const base::MasterKey& key, const base::Clock& clock, base::Random& random, DeliveryHooks hooks)
      : options_(options),
        key_(key),
        clock_(clock),
        random_(random),
        writer_(key, clock, random, std::move(hooks)),
        readers_(database, {options.readers, options.reader_queue, options.statement_timeout_s, 9'500}),
        runner_(std::move(providers), options.provider_workers, options.provider_queue, key,
                [this](Payment payment, const providers::Report& report, const char* source) {
                  Reported(std::move(payment), report, source);
                }),
        reconciler_(readers_, clock, options.reconcile_poll_ms,
                    {[this](std::unique_ptr<ClaimJob> job) { return SubmitClaim(std::move(job)); },
                     [this](Payment payment) { runner_.Ask(std::move(payment)); },
                     [this] { started_.AnswerOverdue(clock_.MonotonicUs()); }}) {
    storage::LaneOptions lane;
    lane.max_batch = options.max_batch;
    lane.max_queue = options.lane_queue;
    lane.statement_timeout_s = options.statement_timeout_s;
    for (int i = 0; i < LaneCount(options, database.engine()); ++i) {
      lanes_.push_back(std::make_unique<storage::CommitLane>(database, writer_, lane, std::to_string(i)));
    }
  }

  ~Impl() override { Stop(); }

  void Start() { reconciler_.Start(); }

  void Stop() {
    reconciler_.Stop();
    runner_.Stop();
    readers_.Stop();
    for (auto& lane : lanes_) lane->Stop();
    started_.AnswerOverdue(INT64_MAX);
  }

  // ---- Payments --------------------------------------------------------------------------------------------------

  void Accept(AcceptPayment command, PaymentDone done) override {
    providers::Provider* provider = ProviderOf(command);
    // A provider that has no adapter here, or is of the other kind, is a broken configuration.
    if (provider == nullptr || provider->for_test() != command.test) command.access.switched_on = false;
    const base::UnixMs now_ms = clock_.NowMs();
    auto made = CheckAndMakePayment(command, now_ms, key_, random_);
    if (!made) return done(base::Fail(std::move(made).error()));

    auto job = std::make_unique<AcceptJob>();
    job->payment = std::move(made).value();
    if (auto refusal = Prepare(*provider, *command.access.route, job.get()))
      return done(base::Fail(std::move(*refusal)));
    job->balance_enabled = command.balance_enabled;
    job->first_ask_ms = now_ms + PauseBeforeAskMs(0, command.test);
    job->received_us = command.received_us;
    const bool wait = command.access.route->answer_started;
    job->done = [this, wait, done](errors::Outcome<Payment> outcome) { Accepted(std::move(outcome), wait, done); };
    storage::CommitLane& lane = LaneFor(job->payment, /*may_end=*/false);
    Submit(lane, std::move(job), done);
  }

  void Find(PaymentLookup lookup, PaymentDone done) override {
    const std::int64_t received_us = lookup.received_us;
    ReadFor(received_us, done, [lookup = std::move(lookup), done](storage::Session& session) {
      auto payment = Lookup(session, lookup);
      if (payment) {
        done(std::move(*payment));
      } else {
        done(base::Fail(errors::Refuse(Code::kPaymentNotFound)));
      }
    });
  }

  void Notify(PaymentLookup lookup, PaymentDone done) override {
    const std::int64_t received_us = lookup.received_us;
    const base::Trace trace = lookup.trace;
    Find(std::move(lookup), [this, received_us, trace, done](errors::Outcome<Payment> found) {
      if (!found) return done(std::move(found));
      const bool any_status = base::SeededFault("notification-before-the-end");
      if (!domain::IsFinal(found->status) && !any_status) return done(base::Fail(errors::Refuse(Code::kWrongStatus)));
      if (base::SeededFault("notification-not-queued")) return done(std::move(found));
      auto job = std::make_unique<NotifyJob>();
      job->payment = std::move(found).value();
      job->received_us = received_us;
      job->trace = trace;
      job->done = done;
      storage::CommitLane& lane = LaneOf(job->payment.application_id);
      Submit(lane, std::move(job), done);
    });
  }

  void Balance(domain::ApplicationId application, std::int64_t received_us, BalanceDone done) override {
    ReadFor(received_us, done, [application, done](storage::Session& session) {
      BalanceView view;
      for (const storage::BalanceRow& row : storage::ReadBalances(session, application)) {
        view.amounts.push_back(AmountOf(row));
      }
      done(std::move(view));
    });
  }

  // ---- providers -------------------------------------------------------------------------------------------------

  void HandleProviderCallback(const std::string& name, const providers::CallbackRequest& request,
                              std::function<void(bool)> done) {
    providers::Provider* provider = runner_.Find(name);
    if (provider == nullptr) return done(false);
    auto callback = provider->ReadCallback(request);
    if (!callback) {
      Log(LogLevel::kWarn, "callback_refused", {{LogField::kProvider, name}, {LogField::kDetail, callback.error()}});
      return done(false);
    }
    const bool taken = readers_.Submit(
        clock_.MonotonicUs(),
        [this, callback = std::move(callback).value(), name, done](storage::Session& session) {
          const auto found = storage::FindByIds(session, {&callback.h_id, 1});
          if (found.empty() || found.front().provider != name) return done(false);
          SubmitReport(found.front(), callback.report, "callback", [done](bool stored) { done(stored); });
        },
        [done](const std::string&) { done(false); });
    if (!taken) done(false);
  }

  // ---- storage::Access -------------------------------------------------------------------------------------------

  bool Write(domain::ApplicationId application, std::function<void(storage::Session&)> work,
             std::function<void(bool, const std::string&)> done) override {
    auto job = std::make_unique<CustomJob>();
    job->work = std::move(work);
    job->done = std::move(done);
    std::unique_ptr<storage::LaneJob> lane_job = std::move(job);
    return LaneOf(application).Submit(&lane_job, LaneKind::kBackground);
  }

  bool Read(std::int64_t received_us, std::function<void(storage::Session&)> read,
            std::function<void(const std::string&)> failed) override {
    return readers_.Submit(received_us, std::move(read), std::move(failed));
  }

  std::string Readiness() const {
    const std::int64_t last = reconciler_.last_answer_us();
    if (last == 0) return "the database has not answered yet";
    if (clock_.MonotonicUs() - last > kReadyWithinUs) return "the database does not answer";
    return {};
  }

  void Collect(std::span<const domain::Route> routes, observability::MetricsPage* page) const {
    for (const domain::Route& route : routes) CollectRoute(route, page);
    runner_.Collect(page);
    for (const auto& lane : lanes_) lane->Collect(page);
    readers_.Collect(page);
  }

 private:
  void CollectRoute(const domain::Route& route, observability::MetricsPage* page) const {
    const std::string service_id = std::to_string(route.service_id.value);
    const std::string_view direction = domain::NameOf(route.direction);
    page->Add(Metric::kRouteEnabled, {service_id, route.provider, direction}, route.enabled ? 1 : 0);
    const RouteCounts::Counts counts = counts_.Of(route.service_id);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const auto status = static_cast<PaymentStatus>(i);
      const bool refund = status == PaymentStatus::kPartialRefund || status == PaymentStatus::kRefunded;
      if (refund && counts[i] == 0) continue;
      page->Add(Metric::kPayments, {service_id, route.provider, direction, domain::NameOf(status)},
                static_cast<double>(counts[i]));
    }
  }

  storage::CommitLane& LaneOf(domain::ApplicationId application) {
    return *lanes_[static_cast<std::size_t>(application.value) % lanes_.size()];
  }

  // A payout holds money from its acceptance on, a deposit brings some at its end. What touches no balance has several
  // lanes for each application: by `c_id`, so that two calls with the same one meet in a batch and not at the unique
  // key.
  storage::CommitLane& LaneFor(const Payment& payment, bool may_end) {
    if (payment.direction == domain::Direction::kOut || may_end) return LaneOf(payment.application_id);
    const std::size_t spread = std::hash<std::string>{}(payment.c_id.text) % kLanesOfApplication;
    return *lanes_[(static_cast<std::size_t>(payment.application_id.value) + spread) % lanes_.size()];
  }

  providers::Provider* ProviderOf(const AcceptPayment& command) const {
    return command.access.route ? runner_.Find(command.access.route->provider) : nullptr;
  }

  // A refusal now, or what the job needs from the provider's local preparation.
  std::optional<errors::Refusal> Prepare(providers::Provider& provider, const domain::Route& route, AcceptJob* job) {
    if (runner_.IsUnavailable(provider.name())) {
      job->unavailable = errors::Refuse(Code::kProviderUnavailable);
      return std::nullopt;
    }
    auto prepared = provider.Prepare(route, job->payment);
    if (prepared) {
      job->payment.redirect = prepared->redirect;
    } else if (prepared.error().code == Code::kProviderUnavailable) {
      job->unavailable = prepared.error();
    } else {
      return prepared.error();
    }
    return std::nullopt;
  }

  template <typename JobType>
  static void Submit(storage::CommitLane& lane, std::unique_ptr<JobType> job, const PaymentDone& done) {
    std::unique_ptr<storage::LaneJob> lane_job = std::move(job);
    if (!lane.Submit(&lane_job, LaneKind::kMerchant)) done(base::Fail(errors::Busy()));
  }

  bool SubmitClaim(std::unique_ptr<ClaimJob> job) {
    const domain::ApplicationId application = job->task.application_id;
    std::unique_ptr<storage::LaneJob> lane_job = std::move(job);
    return LaneOf(application).Submit(&lane_job, LaneKind::kBackground);
  }

  template <typename Done>
  void ReadFor(std::int64_t received_us, const Done& done, std::function<void(storage::Session&)> read) {
    const bool taken = readers_.Submit(received_us, std::move(read), [done](const std::string& internal) {
      done(base::Fail(errors::HubError(internal)));
    });
    if (!taken) done(base::Fail(errors::Busy()));
  }

  // The acceptance is durable (or refused): start the provider's work, then answer.
  void Accepted(errors::Outcome<Payment> outcome, bool wait_for_start, const PaymentDone& done) {
    if (!outcome) return done(std::move(outcome));
    counts_.Add(outcome->service_id, outcome->status);
    if (!wait_for_start) {
      runner_.Start(*outcome);
      return done(std::move(outcome));
    }
    const std::string h_id = outcome->h_id;
    started_.Add(*outcome, done, clock_.MonotonicUs() + options_.started_answer_ms * 1000);
    if (!runner_.Start(std::move(outcome).value())) started_.Answer(h_id, nullptr);
  }

  void Reported(Payment payment, const providers::Report& report, const char* source) {
    using providers::ReportedState;
    if (base::SeededFault("silence-is-failure") && report.state == ReportedState::kNoAnswer) {
      return SubmitReport(std::move(payment), {ReportedState::kFailed, {}, {}, std::nullopt}, source, [](bool) {});
    }
    const bool nothing_said = report.state == ReportedState::kNoAnswer || report.state == ReportedState::kNotKnown;
    if (nothing_said || IsKnownAlready(payment, report)) return started_.Answer(payment.h_id, nullptr);
    SubmitReport(std::move(payment), report, source, [](bool) {});
  }

  // "Still pending" of a payment in processing: most answers to the reconciler are that, and need no transaction.
  static bool IsKnownAlready(const Payment& payment, const providers::Report& report) {
    return report.state == providers::ReportedState::kPending && payment.status == PaymentStatus::kProcessing &&
           (report.p_id.empty() || report.p_id == payment.p_id) && (report.utr.empty() || report.utr == payment.utr) &&
           payment.sealed_card.empty();
  }

  void SubmitReport(Payment payment, const providers::Report& report, const char* source,
                    std::function<void(bool stored)> done) {
    auto job = std::make_unique<ReportJob>();
    const std::string h_id = payment.h_id;
    storage::CommitLane& lane = LaneFor(payment, report.state != providers::ReportedState::kPending);
    job->h_id = h_id;
    job->seen = std::move(payment);
    job->report = report;
    job->source = source;
    job->done = [this, done](const ReportJob& finished) {
      if (finished.outcome == ReportOutcome::kMoved) counts_.Add(finished.after.service_id, finished.after.status);
      started_.Answer(finished.h_id, &finished.after);
      done(true);
    };
    job->storage_failed = [this, h_id, done](const std::string&) {
      started_.Answer(h_id, nullptr);
      done(false);
    };
    std::unique_ptr<storage::LaneJob> lane_job = std::move(job);
    if (lane.Submit(&lane_job, LaneKind::kBackground)) return;
    started_.Answer(h_id, nullptr);
    done(false);
  }

  const EngineOptions options_;
  const base::MasterKey& key_;
  const base::Clock& clock_;
  base::Random& random_;
  PaymentWriter writer_;
  StartedWaits started_;
  RouteCounts counts_;
  std::vector<std::unique_ptr<storage::CommitLane>> lanes_;
  storage::ReaderPool readers_;
  ProviderRunner runner_;
  Reconciler reconciler_;
};

Engine::Engine(const storage::Database& database, EngineOptions options, std::vector<providers::Provider*> providers,
               const base::MasterKey& key, const base::Clock& clock, base::Random& random, DeliveryHooks hooks)
    : impl_(std::make_unique<Impl>(database, options, std::move(providers), key, clock, random, std::move(hooks))) {}
Engine::~Engine() = default;
Payments& Engine::payments() { return *impl_; }
void Engine::HandleProviderCallback(const std::string& provider, const providers::CallbackRequest& request,
                                    std::function<void(bool)> done) {
  impl_->HandleProviderCallback(provider, request, std::move(done));
}
storage::Access& Engine::access() { return *impl_; }
void Engine::Start() { impl_->Start(); }
void Engine::Stop() { impl_->Stop(); }
std::string Engine::Readiness() { return impl_->Readiness(); }
void Engine::Collect(std::span<const domain::Route> routes, observability::MetricsPage* page) const {
  impl_->Collect(routes, page);
}

}  // namespace multihub::payments
