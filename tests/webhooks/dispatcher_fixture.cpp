#include "webhooks/dispatcher_fixture.h"

#include <catch2/catch.hpp>

#include "multihub/base/ids.h"
#include "multihub/domain/retry_schedule.h"
#include "multihub/webhooks/signature.h"

namespace multihub::webhooks_test {

using storage::Session;

OneSessionAccess::OneSessionAccess(const storage::Database& database)
    : session_(database.Open()), thread_([this] { Run(); }) {}

OneSessionAccess::~OneSessionAccess() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool OneSessionAccess::Write(domain::ApplicationId, std::function<void(Session&)> work,
                             std::function<void(bool, const std::string&)> done) {
  const std::lock_guard<std::mutex> lock(mutex_);
  queue_.push_back([this, work = std::move(work), done = std::move(done)] {
    if (dead_ || failing_) return done(false, "the database is away");
    try {
      storage::RunUnit(*session_, 30'000, work);
    } catch (const storage::StorageFailure& failure) {
      return done(false, failure.what());
    }
    done(true, "");
  });
  wake_.notify_one();
  return true;
}

bool OneSessionAccess::Read(std::int64_t, std::function<void(Session&)> read,
                            std::function<void(const std::string&)> failed) {
  const std::lock_guard<std::mutex> lock(mutex_);
  queue_.push_back([this, read = std::move(read), failed = std::move(failed)] {
    if (dead_ || failing_) return failed("the database is away");
    read(*session_);
  });
  wake_.notify_one();
  return true;
}

void OneSessionAccess::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const auto next = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    next();
    lock.lock();
  }
}

World::World(storage::Engine engine)
    : fresh(engine), session(fresh.Open()), key(base::MasterKey::Generate(base::SystemRandomInstance())) {
  in_request_secret = webhooks::NewEndpointSecret(random);
  endpoint_secret = webhooks::NewEndpointSecret(random);
}

storage::EndpointRow World::AddEndpoint(std::int64_t application, const std::string& url, std::string_view source,
                                        const std::function<void(storage::EndpointRow&)>& change) {
  storage::EndpointRow row;
  row.id = "wh_" + base::NewUlid(clock.NowMs(), random);
  row.application_id = {application};
  row.url = url;
  row.source = source;
  row.events = "*";
  row.created_ms = clock.NowMs();
  if (source == storage::kSourceConfigured) {
    row.sealed_secret = base::Seal(key, storage::EndpointSecretPlace(row.id), endpoint_secret.Reveal(), random);
  }
  if (change) change(row);
  storage::InsertEndpoint(*session, row);
  return row;
}

std::string World::EventIdOf(const std::string& h_id, std::int64_t version) {
  return h_id + ":payment.completed:" + std::to_string(version);
}

std::string World::BodyOf(const std::string& h_id, std::int64_t version) {
  return R"({"id":")" + EventIdOf(h_id, version) + R"(","version":)" + std::to_string(version) + "}";
}

std::string World::AddDelivery(const storage::EndpointRow& endpoint, const std::string& h_id, std::int64_t version) {
  const auto known =
      session->QueryInteger("SELECT COUNT(*) FROM events WHERE h_id = ? AND status_version = ?", {h_id, version});
  if (known == 0) {
    const storage::EventRow event{h_id,
                                  version,
                                  EventIdOf(h_id, version),
                                  "payment.completed",
                                  endpoint.application_id,
                                  clock.NowMs(),
                                  BodyOf(h_id, version)};
    storage::InsertEvents(*session, {&event, 1});
  }
  storage::DeliveryRow row;
  row.id = "dlv_" + base::NewUlid(clock.NowMs(), random);
  row.endpoint_id = endpoint.id;
  row.application_id = endpoint.application_id;
  row.h_id = h_id;
  row.status_version = version;
  row.due_ms = row.created_ms = clock.NowMs();
  row.expires_ms = row.created_ms + domain::GiveUpAfterMs(storage::RetrySettingsOf(endpoint));
  storage::InsertDeliveries(*session, {&row, 1});
  return row.id;
}

storage::DeliveryRow World::Delivery(const std::string& id) {
  storage::DeliveryFilter filter;
  filter.limit = 100'000;
  for (const storage::DeliveryRow& row : storage::ListDeliveries(*session, filter)) {
    if (row.id == id) return row;
  }
  FAIL("no delivery " + id);
  return {};
}

std::vector<storage::AttemptRow> World::Attempts(const std::string& id) {
  return storage::AttemptsOf(*session, {&id, 1});
}

bool World::WaitUntil(const std::function<bool()>& holds) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

bool World::WaitState(const std::string& id, std::string_view state) {
  return WaitUntil([&] { return Delivery(id).state == state; });
}

bool World::WaitAttempts(const std::string& id, std::size_t count) {
  return WaitUntil([&] { return Attempts(id).size() >= count; });
}

namespace {

webhooks::DispatcherOptions Named(webhooks::DispatcherOptions options) {
  static std::atomic<int> number{0};
  options.owner = "process-" + std::to_string(++number);
  options.poll_ms = 5;
  return options;
}

}  // namespace

Process::Process(World& world, net::AddressPolicy policy, webhooks::DispatcherOptions options)
    : world_(world),
      access_(world.fresh.database()),
      client_({.policy = policy, .own_addresses = {}, .resolver_threads = 2, .ca_file = {}}, net::SystemResolver()),
      sender_(
          client_,
          [&world](domain::ApplicationId) {
            return webhooks::ApplicationSecrets{world.api_secret, world.in_request_secret};
          },
          world.key, world.clock, world.random),
      dispatcher_(std::make_unique<webhooks::Dispatcher>(access_, sender_, world.clock, world.random,
                                                         Named(std::move(options)))) {
  dispatcher_->Start();
  Advance(1);
}

Process::~Process() {
  dispatcher_->Stop();
  client_.Stop();
}

void Process::Advance(std::int64_t ms) {
  world_.clock.AdvanceMs(ms);
  dispatcher_->Wake();
}

void Process::Kill() {
  access_.Die();
  client_.Stop();
}

}  // namespace multihub::webhooks_test
