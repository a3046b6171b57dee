#include "simulation/gateway_core_fixture.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "multihub/net/url.h"
#include "multihub/storage/payment_store.h"
#include "multihub/webhooks/management.h"
#include "payments/accept_payment.h"
#include "payments/ask_schedule.h"
#include "webhooks/attempt_end.h"

namespace multihub::simulation {

using payments::AcceptJob;
using payments::BalanceJob;
using payments::ClaimJob;
using payments::CustomJob;
using payments::NotifyJob;
using payments::ReportJob;
using providers::ReportedState;
using storage::ReadyDelivery;
using storage::StorageFailure;

namespace {

constexpr std::size_t kMaxBatch = 64;
constexpr int kAttemptsOfABatch = 2;
constexpr std::size_t kRemembered = 400;
constexpr int kTasksPerPoll = 256;
// As the dispatcher's own.
constexpr std::int64_t kLeaseSlackMs = 30'000;
constexpr std::int64_t kPollMs = 500;
constexpr int kMaxQueued = 64;
constexpr int kMaxQueuedFailing = 8;
constexpr int kEndpointsPerClaim = 16;
constexpr int kEndpointsPerPoll = 1024;

constexpr std::int64_t kApplications = 3;
constexpr std::uint64_t kUrlsOfAnApplication = 6;

std::string UrlOf(domain::ApplicationId application, std::uint64_t n) {
  return "https://shop" + std::to_string(application.value) + ".example.com:" + std::to_string(8000 + n / 2) + "/hook" +
         std::to_string(n);
}

// A number that passes the check digit, and is nobody's.
std::string AnyCardNumber(base::Random& random) {
  std::string digits = "9";
  for (int i = 0; i < 14; ++i) digits += static_cast<char>('0' + random.Below(10));
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int digit = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 0) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return digits + static_cast<char>('0' + (10 - sum % 10) % 10);
}

}  // namespace

void World::Check() {
  const std::set<std::string> touched = model.TakeTouched();
  model.CheckBooks(observer);
  model.CheckPayments(observer, touched);
}

GatewayCore::GatewayCore(World& world, std::string owner)
    : world_(world),
      owner_(std::move(owner)),
      session_(world.database, world.random, world.rates),
      writer_(world.key, world.clock, world.random,
              {owner_, [this](const std::string& endpoint_id) { return room_.HasRoom(endpoint_id); },
               [this](const storage::EndpointRow& endpoint) { return leases_.LeaseMs(endpoint); },
               [this](std::vector<ReadyDelivery> deliveries) { Take(std::move(deliveries)); }}),
      leases_(owner_, kLeaseSlackMs),
      room_(kMaxQueued),
      slots_(256, 32, 8) {
  room_.Open();
}

bool GatewayCore::busy() const {
  return !lane_.empty() || !provider_work_.empty() || !ends_.empty() ||
         std::any_of(queues_.begin(), queues_.end(), [](const auto& queue) { return !queue.second.waiting.empty(); });
}

std::optional<base::UnixMs> GatewayCore::next_end_ms() const {
  std::optional<base::UnixMs> next;
  for (const Sending& sending : in_flight_) next = std::min(next.value_or(sending.ends_ms), sending.ends_ms);
  return next;
}

void GatewayCore::Turn(std::uint64_t calls) {
  for (std::uint64_t i = calls > 0 ? world_.random.Below(calls + 1) : 0; i > 0; --i) TakeCall();
  TakeCallbacks();
  Reconcile();
  MayDie();
  WorkForProvider();
  MayDie();
  EndAttempts();
  Record();
  Poll();
  Claim();
  MayDie();
  RunLane();
  MayDie();
  Send();
}

void GatewayCore::Stop() {
  room_.Close();
  EndAttempts();
  Record();
  while (!lane_.empty()) RunLane();
  std::vector<std::string> ids;
  for (const auto& [endpoint_id, queue] : queues_) {
    for (const ReadyDelivery& d : queue.waiting) ids.push_back(d.row.id);
  }
  for (const Sending& sending : in_flight_) ids.push_back(sending.delivery.row.id);
  SubmitWork([this, ids](storage::Session& s) { storage::ReleaseDeliveries(s, ids, owner_, world_.clock.NowMs()); },
             [](bool) {});
  while (!lane_.empty()) RunLane();
}

void GatewayCore::MayDie() {
  if (Happens(world_.random, world_.rates.of_a_step)) throw ProcessDied{};
}

// ---- the lane ------------------------------------------------------------------------------------------------------

void GatewayCore::Submit(std::unique_ptr<payments::Job> job, std::string h_id, std::function<void()> committed) {
  lane_.push_back({std::move(job), std::move(h_id), std::move(committed)});
}

void GatewayCore::SubmitWork(std::function<void(storage::Session&)> work, std::function<void(bool stored)> done,
                             std::function<void()> committed) {
  auto job = std::make_unique<CustomJob>();
  job->work = std::move(work);
  job->done = [done = std::move(done)](bool stored, const std::string&) { done(stored); };
  Submit(std::move(job), "", std::move(committed));
}

bool GatewayCore::Read(const std::function<void(storage::Session&)>& read) {
  try {
    read(session_);
    return true;
  } catch (const StorageFailure& failure) {
    if (failure.kind() != StorageFailure::Kind::kLost) throw Violation(std::string("a read failed: ") + failure.what());
    session_.Reconnect();
    return false;
  }
}

void GatewayCore::RunLane() {
  std::vector<Item> batch;
  while (!lane_.empty() && batch.size() < kMaxBatch) {
    batch.push_back(std::move(lane_.front()));
    lane_.pop_front();
  }
  if (!batch.empty()) RunBatch(std::move(batch));
}

void GatewayCore::RunBatch(std::vector<Item> batch) {
  std::string why;
  const UnitEnd end = Attempt(batch, &why);
  if (end != UnitEnd::kFailed || batch.size() == 1) return Complete(batch, end, why);
  for (Item& item : batch) {
    std::vector<Item> one;
    one.push_back(std::move(item));
    Complete(one, Attempt(one, &why), why);
  }
}

GatewayCore::UnitEnd GatewayCore::Attempt(const std::vector<Item>& batch, std::string* why) {
  std::vector<storage::LaneJob*> lane_jobs;
  std::vector<payments::Job*> jobs;
  for (const Item& item : batch) {
    lane_jobs.push_back(item.job.get());
    jobs.push_back(item.job.get());
  }
  session_.after_commit = [&] {
    world_.model.Apply(jobs);
    for (const Item& item : batch) {
      if (item.committed) item.committed();
    }
  };
  bool unknown = false;
  for (int attempt = 1;; ++attempt) {
    ++world_.units;
    bool committing = false;
    try {
      session_.Begin();
      writer_.Write(session_, lane_jobs);
      committing = true;
      session_.Commit();
      world_.Check();
      return UnitEnd::kCommitted;
    } catch (const StorageFailure& failure) {
      *why = failure.what();
      if (failure.kind() == StorageFailure::Kind::kLost) {
        unknown = unknown || committing;
        session_.Reconnect();
      } else {
        session_.Rollback();
      }
      const bool again =
          failure.kind() == StorageFailure::Kind::kLost || failure.kind() == StorageFailure::Kind::kConflict;
      if (!again) throw Violation(std::string("a unit failed: ") + failure.what());
      // A payment of a unit that did not happen is not there.
      for (const Item& item : batch) world_.model.Touch(item.h_id);
      world_.Check();
      ++world_.reruns;
      if (unknown && attempt >= 2 * kAttemptsOfABatch) {
        ++world_.unknown_ends;
        return UnitEnd::kUnknown;
      }
      if (!unknown && attempt >= kAttemptsOfABatch) {
        ++world_.failed_units;
        return UnitEnd::kFailed;
      }
      if (world_.OneIn(4)) world_.interleave(*this);
    }
  }
}

void GatewayCore::Complete(const std::vector<Item>& batch, UnitEnd end, const std::string& why) {
  for (const Item& item : batch) {
    MayDie();
    if (end == UnitEnd::kCommitted) {
      item.job->Committed();
    } else {
      item.job->Failed(end == UnitEnd::kUnknown, why);
    }
  }
}

// ---- merchants and the operator ------------------------------------------------------------------------------------

domain::ApplicationId GatewayCore::AnyApplication() {
  return {static_cast<std::int64_t>(1 + world_.random.Below(kApplications))};
}

void GatewayCore::TakeCall() {
  const std::uint64_t kind = world_.random.Below(200);
  ++world_.operations;
  ++world_.calls;
  if (kind < 130) return AcceptPayment();
  if (kind < 155) return AskStatus();
  if (kind < 163) return Notify();
  if (kind < 198) return ChangeBalance();
  ManageEndpoints();
}

void GatewayCore::AcceptPayment() {
  payments::AcceptPayment command;
  base::Random& random = world_.random;
  command.application_id = AnyApplication();
  command.merchant_id = {1};
  command.test = random.Below(2) == 0;
  const domain::Route& route = world_.routes[random.Below(world_.routes.size())];
  command.access.route = route;
  command.direction = route.direction;
  command.service_id = route.service_id;
  command.currency = std::string(route.currency.code());
  command.amount = static_cast<std::int64_t>(1 + random.Below(20'000));
  // From a small set now and then, so that duplicates happen, inside batches too.
  const std::uint64_t number = world_.OneIn(10) ? random.Below(60) : ++world_.numbers;
  command.c_id = {std::to_string(number), random.Below(2) == 0};
  if (route.method == "card") command.receiver[domain::ReceiverField::kCardNumber] = AnyCardNumber(random);
  if (world_.OneIn(3)) {
    command.webhook_url = UrlOf(command.application_id, random.Below(kUrlsOfAnApplication));
    static constexpr const char* kFilters[] = {"", "*", "payment.processing", "payout.failed,payment.completed"};
    command.webhook_events = kFilters[random.Below(std::size(kFilters))];
  }
  auto made = payments::CheckAndMakePayment(command, world_.clock.NowMs(), world_.key, random);
  if (!made) throw Violation("an acceptable payment was refused");
  auto job = std::make_unique<AcceptJob>();
  job->payment = std::move(made).value();
  job->first_ask_ms = world_.clock.NowMs() + payments::PauseBeforeAskMs(0, command.test);
  if (world_.OneIn(40)) job->unavailable = errors::Refuse(errors::Code::kProviderUnavailable);
  job->done = [this, h_id = job->payment.h_id](errors::Outcome<domain::Payment> outcome) {
    if (!outcome) {
      ++world_.refused;
      const bool open = outcome.error().internal.starts_with("outcome unknown");
      if (!open) world_.model.AcknowledgeNone(h_id);
      return;
    }
    world_.model.Acknowledge(*outcome);
    if (world_.known.size() >= kRemembered) world_.known.erase(world_.known.begin());
    world_.known.push_back({h_id, outcome->c_id.text, outcome->application_id});
    // A full queue now and then: the reconciler starts it.
    if (!world_.OneIn(30)) provider_work_.push_back({*outcome, false});
  };
  std::string h_id = job->payment.h_id;
  Submit(std::move(job), std::move(h_id));
}

void GatewayCore::AskStatus() {
  if (world_.known.empty()) return;
  const World::Known& known = world_.known[world_.random.Below(world_.known.size())];
  Read([&](storage::Session& session) {
    const storage::ClientKey key{known.application, known.c_id};
    const auto found = storage::FindByClientKeys(session, {&key, 1});
    if (found.size() != 1 || found.front().h_id != known.h_id)
      throw Violation("payment " + known.h_id + " is not found");
    world_.model.CheckRead(found.front());
  });
}

void GatewayCore::Notify() {
  if (world_.known.empty()) return;
  const std::string h_id = world_.known[world_.random.Below(world_.known.size())].h_id;
  std::vector<domain::Payment> found;
  if (!Read([&](storage::Session& session) { found = storage::FindByIds(session, {&h_id, 1}); })) return;
  if (found.size() != 1) throw Violation("payment " + h_id + " is not found");
  if (!domain::IsFinal(found.front().status)) return;
  auto job = std::make_unique<NotifyJob>();
  job->payment = std::move(found.front());
  job->done = [](const errors::Outcome<domain::Payment>&) {};
  Submit(std::move(job));
}

void GatewayCore::ChangeBalance() {
  auto job = std::make_unique<BalanceJob>();
  base::Random& random = world_.random;
  job->change.application_id = AnyApplication();
  job->change.currency = world_.routes[random.Below(world_.routes.size())].currency;
  job->change.operation = static_cast<payments::BalanceOperation>(random.Below(4));
  job->change.amount = static_cast<std::int64_t>(1 + random.Below(200'000));
  job->change.reference = "ref-" + std::to_string(world_.OneIn(10) ? random.Below(30) : ++world_.numbers);
  Submit(std::move(job));
}

void GatewayCore::CreateEndpoint(domain::ApplicationId application) {
  base::Random& random = world_.random;
  webhooks::EndpointSettings settings;
  settings.url = UrlOf(application, random.Below(kUrlsOfAnApplication));
  ModelEndpoint known;
  if (world_.OneIn(2)) {
    settings.events = "*";
    known.events = {"*"};
  } else if (world_.OneIn(3)) {
    settings.events = "payment.completed,payout.completed";
    known.events = {"payment.completed", "payout.completed"};
  } else {
    // A new endpoint has the default subscription written out.
    known.events = {};
  }
  if (world_.OneIn(2)) {
    settings.max_retries = static_cast<std::int64_t>(random.Below(6));
    settings.retry_delay_s = static_cast<std::int64_t>(1 + random.Below(60));
    known.max_attempts = *settings.max_retries + 1;
  }
  if (world_.OneIn(2)) settings.timeout_s = static_cast<std::int64_t>(1 + random.Below(30));
  auto made = webhooks::MakeEndpoint(application, settings, world_.key, world_.clock.NowMs(), random);
  known.application = application.value;
  known.url = *settings.url;
  const auto stored = std::make_shared<bool>(false);
  SubmitWork(
      [this, application, stored, row = made.row](storage::Session& session) {
        const webhooks::Unit unit{session, application, world_.clock.NowMs(), {}};
        *stored = webhooks::CreateEndpoint(unit, row).ok();
      },
      [](bool) {},
      [this, stored, known, id = made.row.id] {
        if (*stored) world_.model.PutEndpoint(id, known);
      });
}

void GatewayCore::ManageEndpoints() {
  const domain::ApplicationId application = AnyApplication();
  std::vector<std::string> present;
  int configured = 0;
  for (const auto& [id, endpoint] : world_.model.endpoints()) {
    if (endpoint.application != application.value) continue;
    present.push_back(id);
    if (endpoint.configured) ++configured;
  }
  if (present.empty() || (configured < 3 && world_.OneIn(2))) return CreateEndpoint(application);
  const std::string id = present[world_.random.Below(present.size())];
  if (world_.OneIn(8) && world_.model.endpoints().at(id).configured) {
    SubmitWork(
        [this, id](storage::Session& session) {
          const webhooks::Unit unit{session, std::nullopt, world_.clock.NowMs(), {}};
          (void)webhooks::RemoveEndpoint(unit, id).ok();
        },
        [](bool) {}, [this, id] { world_.model.DeleteEndpoint(id); });
    return;
  }
  // What is off is mostly switched on again.
  const bool enable = !world_.model.endpoints().at(id).enabled || world_.OneIn(3);
  SubmitWork(
      [this, id, enable](storage::Session& session) {
        const webhooks::Unit unit{session, std::nullopt, world_.clock.NowMs(), {}};
        (void)webhooks::SwitchEndpoint(unit, id, enable).ok();
      },
      [](bool) {}, [this, id, enable] { world_.model.SwitchEndpoint(id, enable); });
}

// ---- the provider --------------------------------------------------------------------------------------------------

void GatewayCore::WorkForProvider() {
  // Now and then the workers are busy, and what they were given gets old.
  if (world_.OneIn(4)) return;
  for (std::size_t left = provider_work_.size(); left > 0; --left) {
    ProviderWork work = std::move(provider_work_.front());
    provider_work_.pop_front();
    if (world_.OneIn(6)) {
      provider_work_.push_back(std::move(work));
      continue;
    }
    const char* source = work.ask ? "state" : "start";
    providers::Report report = work.ask ? world_.provider.State(work.payment) : world_.provider.Start(work.payment);
    if (work.ask && report.state == ReportedState::kNotKnown) {
      source = "start";
      report = world_.provider.Start(work.payment);
    }
    MayDie();
    Reported(std::move(work.payment), report, source, [](bool) {});
  }
}

void GatewayCore::Reported(domain::Payment payment, const providers::Report& report, const char* source,
                           std::function<void(bool stored)> done) {
  if (report.state == ReportedState::kNoAnswer || report.state == ReportedState::kNotKnown) return;
  ++world_.operations;
  ++world_.reports;
  auto job = std::make_unique<ReportJob>();
  job->h_id = payment.h_id;
  job->seen = std::move(payment);
  job->report = report;
  job->source = source;
  job->done = [done](const ReportJob&) { done(true); };
  job->storage_failed = [done](const std::string&) { done(false); };
  Submit(std::move(job));
}

void GatewayCore::TakeCallbacks() {
  for (Callback& callback : world_.provider.TakeCallbacks(world_.random.Below(24))) {
    std::vector<domain::Payment> found;
    const bool read = Read([&](storage::Session& s) { found = storage::FindByIds(s, {&callback.h_id, 1}); });
    if (!read) {
      world_.provider.Repeat(std::move(callback));
      continue;
    }
    if (found.empty()) throw Violation("the provider knows payment " + callback.h_id + " and we do not");
    Reported(std::move(found.front()), callback.report, "callback", [this, callback](bool stored) {
      if (!stored) world_.provider.Repeat(callback);
    });
  }
}

void GatewayCore::Reconcile() {
  if (open_claims_ > 0) return;
  const base::UnixMs now_ms = world_.clock.NowMs();
  std::vector<storage::ProviderTask> tasks;
  std::unordered_map<std::string, domain::Payment> payments;
  const bool read = Read([&](storage::Session& session) {
    tasks = storage::DueTasks(session, now_ms, kTasksPerPoll);
    std::vector<std::string> ids;
    for (const storage::ProviderTask& task : tasks) ids.push_back(task.h_id);
    for (domain::Payment& p : storage::FindByIds(session, ids)) {
      std::string h_id = p.h_id;
      payments.emplace(std::move(h_id), std::move(p));
    }
  });
  if (!read) return;
  for (const storage::ProviderTask& task : tasks) {
    const auto found = payments.find(task.h_id);
    if (found == payments.end()) throw Violation("a task without a payment");
    ++world_.operations;
    ++world_.claims;
    ++open_claims_;
    auto job = std::make_unique<ClaimJob>();
    job->task = task;
    job->next_due_ms = now_ms + payments::PauseBeforeAskMs(task.asks + 1, found->second.test);
    job->done = [this, payment = found->second](bool claimed) {
      --open_claims_;
      if (claimed) provider_work_.push_back({payment, true});
    };
    Submit(std::move(job));
  }
}

// ---- webhooks ------------------------------------------------------------------------------------------------------

void GatewayCore::Take(std::vector<ReadyDelivery> deliveries) {
  for (ReadyDelivery& d : deliveries) {
    if (!d.row.lease_owner.empty()) room_.Take(d.row.endpoint_id);
    Enqueue(std::move(d));
  }
}

void GatewayCore::Enqueue(ReadyDelivery delivery) {
  Queue& queue = queues_[delivery.row.endpoint_id];
  if (delivery.row.lease_owner.empty()) {
    queue.followers = true;
    backlog_.insert(delivery.row.endpoint_id);
    return;
  }
  queue.waiting.push_back(std::move(delivery));
}

void GatewayCore::Poll() {
  if (world_.clock.NowMs() < next_poll_ms_) return;
  next_poll_ms_ = world_.clock.NowMs() + kPollMs;
  std::vector<std::string> due, here;
  for (const auto& [id, queue] : queues_) {
    if (!queue.waiting.empty()) here.push_back(id);
  }
  std::vector<storage::EndpointRow> present;
  const bool read = Read([&](storage::Session& session) {
    due = storage::EndpointsWithDue(session, world_.clock.NowMs(), "", kEndpointsPerPoll);
    present = storage::FindEndpoints(session, here);
  });
  if (!read) return;
  for (auto& [id, queue] : queues_) queue.followers = false;
  backlog_.insert(due.begin(), due.end());
  for (const std::string& id : here) {
    const auto row = std::find_if(present.begin(), present.end(), [&](const auto& e) { return e.id == id; });
    if (row == present.end() || !row->enabled) DropWaiting(id);
  }
}

void GatewayCore::Claim() {
  if (claiming_) return;
  std::vector<std::pair<std::string, int>> wanted;
  const std::int64_t now_us = world_.clock.MonotonicUs();
  for (const std::string& id : backlog_) {
    if (static_cast<int>(wanted.size()) >= kEndpointsPerClaim) break;
    const Queue& queue = queues_[id];
    if (!queue.key.second.empty() && breaker_.ClosedUntilUs(queue.key, now_us) > now_us) continue;
    const int most = queue.failing ? kMaxQueuedFailing : kMaxQueued;
    const int have = static_cast<int>(queue.waiting.size()) + queue.in_flight;
    if (have * 2 <= most) wanted.emplace_back(id, most - have);
  }
  if (wanted.empty()) return;
  claiming_ = true;
  struct Claimed {
    std::vector<std::pair<std::string, bool>> endpoints;
    std::vector<ReadyDelivery> deliveries;
  };
  auto claimed = std::make_shared<Claimed>();
  SubmitWork(
      [this, wanted, claimed](storage::Session& session) {
        *claimed = {};
        for (const auto& [id, count] : wanted) {
          const bool more = leases_.Claim(session, id, count, world_.clock.NowMs(), &claimed->deliveries);
          claimed->endpoints.emplace_back(id, more);
        }
      },
      [this, wanted, claimed](bool stored) {
        claiming_ = false;
        if (!stored) {
          for (const auto& [id, count] : wanted) backlog_.erase(id);
          return;
        }
        for (const auto& [id, more] : claimed->endpoints) {
          if (!more) backlog_.erase(id);
        }
        for (ReadyDelivery& d : claimed->deliveries) {
          room_.Take(d.row.endpoint_id);
          Enqueue(std::move(d));
        }
      });
}

void GatewayCore::Send() {
  for (bool sent = true; sent && !slots_.full();) {
    sent = false;
    for (auto& [id, queue] : queues_) sent = SendNext(id, &queue) || sent;
  }
}

bool GatewayCore::SendNext(const std::string& endpoint_id, Queue* queue) {
  const std::int64_t now_us = world_.clock.MonotonicUs();
  while (!queue->waiting.empty()) {
    const storage::EndpointRow& endpoint = *queue->waiting.front().endpoint;
    const auto url = net::ParseUrl(endpoint.url);
    queue->key = {endpoint.application_id, url ? url->Origin() : std::string()};
    const std::int64_t closed_until_us = breaker_.ClosedUntilUs(queue->key, now_us);
    if (closed_until_us > now_us) {
      HoldBack(endpoint_id, queue, closed_until_us);
      return false;
    }
    if (!slots_.HasRoomFor(queue->key)) return false;
    ReadyDelivery delivery = std::move(queue->waiting.front());
    queue->waiting.pop_front();
    const std::int64_t left_ms = delivery.row.due_ms - world_.clock.NowMs();
    if (left_ms < webhooks::TimeoutMs(*delivery.endpoint) + kLeaseSlackMs / 4) {
      room_.Free(endpoint_id);
      backlog_.insert(endpoint_id);
      continue;
    }
    ++world_.operations;
    ++world_.attempts;
    slots_.Take(queue->key);
    ++queue->in_flight;
    breaker_.Started(queue->key, now_us);
    const Reception reception = world_.receivers.Receive(endpoint.url, webhooks::TimeoutMs(*delivery.endpoint));
    world_.model.AttemptStarts(world_.observer, delivery, owner_, reception.answer);
    const base::UnixMs now_ms = world_.clock.NowMs();
    in_flight_.push_back(
        {std::move(delivery), queue->key, {now_ms, reception.answer}, now_ms + reception.answer.duration_ms});
    return true;
  }
  return false;
}

void GatewayCore::HoldBack(const std::string& endpoint_id, Queue* queue, std::int64_t closed_until_us) {
  std::vector<std::string> ids;
  for (const ReadyDelivery& d : queue->waiting) {
    ids.push_back(d.row.id);
    room_.Free(endpoint_id);
  }
  queue->waiting.clear();
  room_.SetLimit(endpoint_id, 0);
  const base::UnixMs due_ms = closed_until_us / 1000 + 1;
  SubmitWork([this, ids, due_ms](storage::Session& s) { storage::ReleaseDeliveries(s, ids, owner_, due_ms); },
             [](bool) {});
}

void GatewayCore::EndAttempts() {
  std::vector<Sending> under_way;
  for (Sending& sending : std::exchange(in_flight_, {})) {
    if (sending.ends_ms <= world_.clock.NowMs()) {
      End(std::move(sending));
    } else {
      under_way.push_back(std::move(sending));
    }
  }
  in_flight_ = std::move(under_way);
}

void GatewayCore::End(Sending sending) {
  const storage::DeliveryRow& row = sending.delivery.row;
  const storage::EndpointRow& endpoint = *sending.delivery.endpoint;
  Queue& queue = queues_[row.endpoint_id];
  slots_.Free(sending.key);
  --queue.in_flight;
  room_.Free(row.endpoint_id);
  const bool success = webhooks::Sender::IsSuccess(sending.sent.answer);
  queue.failing = !success;
  room_.SetLimit(row.endpoint_id, success ? kMaxQueued : kMaxQueuedFailing);
  if (success) {
    breaker_.Succeeded(sending.key);
  } else {
    breaker_.Failed(sending.key, world_.clock.MonotonicUs());
  }
  ends_.push_back(webhooks::EndOf(row, endpoint, sending.sent, world_.clock.NowMs(), world_.random));
  world_.model.Touch(row.h_id);
  if (webhooks::SaysGone(sending.sent.answer) && endpoint.source == storage::kSourceConfigured)
    gone_.insert(endpoint.id);
  if (queue.followers) followers_of_.insert(row.endpoint_id);
}

void GatewayCore::Record() {
  if (recording_ || ends_.empty()) return;
  recording_ = true;
  const auto ends = std::make_shared<std::vector<storage::AttemptEnd>>(std::exchange(ends_, {}));
  const auto gone = std::make_shared<std::set<std::string>>(std::exchange(gone_, {}));
  SubmitWork(
      [this, ends, gone](storage::Session& session) {
        storage::RecordAttempts(session, *ends, owner_);
        for (const std::string& id : *gone) webhooks::DeliveryLeases::SwitchOff(session, id, world_.clock.NowMs());
      },
      [this, ends, gone](bool stored) {
        recording_ = false;
        if (!stored) {
          ends_.insert(ends_.begin(), ends->begin(), ends->end());
          gone_.insert(gone->begin(), gone->end());
          return;
        }
        for (const std::string& id : *gone) DropWaiting(id);
        backlog_.merge(followers_of_);
        followers_of_.clear();
      },
      [this, gone] {
        for (const std::string& id : *gone) {
          const auto known = world_.model.endpoints().find(id);
          if (known != world_.model.endpoints().end() && known->second.enabled) world_.model.SwitchEndpoint(id, false);
        }
      });
}

void GatewayCore::DropWaiting(const std::string& endpoint_id) {
  Queue& queue = queues_[endpoint_id];
  for (std::size_t i = 0; i < queue.waiting.size(); ++i) room_.Free(endpoint_id);
  queue.waiting.clear();
}

}  // namespace multihub::simulation
