// Commits that fail, or whose end nobody learns: the faults are injected at the session, everything else is real.
#include <atomic>
#include <catch2/catch.hpp>
#include <deque>
#include <mutex>
#include <thread>

#include "multihub/storage/commit_lane.h"
#include "storage/engine_fixture.h"

using namespace multihub;
using namespace multihub::storage_test;
using errors::Code;
using storage::Engine;
using storage::StorageFailure;

namespace {

enum class Fault { kNone, kLostBeforeCommit, kLostAfterCommit, kConflictAtCommit, kUnreachable };

// Hands out the faults in the order they were planned, one per commit (or per connection attempt).
class FaultPlan {
 public:
  void Add(Fault fault, int times = 1) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (int i = 0; i < times; ++i) faults_.push_back(fault);
  }
  Fault NextCommit() {
    return Take([](Fault fault) { return fault != Fault::kUnreachable; });
  }
  bool NextConnectFails() {
    return Take([](Fault fault) { return fault == Fault::kUnreachable; }) != Fault::kNone;
  }

 private:
  template <typename Fits>
  Fault Take(Fits fits) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (faults_.empty() || !fits(faults_.front())) return Fault::kNone;
    const Fault fault = faults_.front();
    faults_.pop_front();
    return fault;
  }
  std::mutex mutex_;
  std::deque<Fault> faults_;
};

class FaultySession final : public storage::Session {
 public:
  FaultySession(std::unique_ptr<storage::Session> real, FaultPlan& plan) : real_(std::move(real)), plan_(plan) {}
  std::int64_t Execute(std::string_view sql, std::span<const storage::Value> values) override {
    return real_->Execute(sql, values);
  }
  void Query(std::string_view sql, std::string_view columns, std::span<const storage::Value> values,
             const std::function<void(const storage::Row&)>& each) override {
    real_->Query(sql, columns, values, each);
  }
  void Begin() override { real_->Begin(); }
  void BeginSnapshot() override { real_->BeginSnapshot(); }
  void Commit() override {
    switch (plan_.NextCommit()) {
      case Fault::kLostBeforeCommit:
        real_->Rollback();
        throw StorageFailure(StorageFailure::Kind::kLost, "injected: lost before the commit");
      case Fault::kLostAfterCommit:
        real_->Commit();
        throw StorageFailure(StorageFailure::Kind::kLost, "injected: lost after the commit");
      case Fault::kConflictAtCommit:
        real_->Rollback();
        throw StorageFailure(StorageFailure::Kind::kConflict, "injected: conflict");
      default:
        real_->Commit();
    }
  }
  void Rollback() noexcept override { real_->Rollback(); }
  void Reconnect() override { real_->Reconnect(); }
  Engine engine() const override { return real_->engine(); }
  std::int64_t DatabaseNowMs() override { return real_->DatabaseNowMs(); }

 private:
  std::unique_ptr<storage::Session> real_;
  FaultPlan& plan_;
};

class FaultyDatabase final : public storage::Database {
 public:
  FaultyDatabase(const storage::Database& real, FaultPlan& plan) : Database(real.url()), plan_(plan) {}
  std::unique_ptr<storage::Session> Open(const storage::SessionOptions& options) const override {
    if (options.read_only) return Database::Open(options);
    if (plan_.NextConnectFails()) throw StorageFailure(StorageFailure::Kind::kLost, "injected: unreachable");
    return std::make_unique<FaultySession>(Database::Open(options), plan_);
  }

 private:
  FaultPlan& plan_;
};

struct FaultGround {
  explicit FaultGround(Engine engine)
      : fresh(engine), database(fresh.database(), plan), f(database, Quiet(), Hooks()), session(fresh.Open()) {}
  static payments::EngineOptions Quiet() {
    payments::EngineOptions options;
    options.lanes = 1;
    options.reconcile_poll_ms = 3'600'000;  // no background commits that would eat the planned faults
    return options;
  }
  // Somebody who takes every delivery.
  payments::DeliveryHooks Hooks() {
    payments::DeliveryHooks hooks;
    hooks.owner = "test";
    hooks.has_room = [](const std::string&) { return true; };
    hooks.lease_ms = [](const storage::EndpointRow&) { return 60'000; };
    hooks.committed = [this](std::vector<storage::ReadyDelivery> deliveries) {
      const std::lock_guard<std::mutex> lock(handed_mutex);
      std::move(deliveries.begin(), deliveries.end(), std::back_inserter(handed));
    };
    return hooks;
  }
  std::int64_t Count(const char* table) { return *session->QueryInteger(std::string("SELECT COUNT(*) FROM ") + table); }

  FaultPlan plan;
  std::mutex handed_mutex;
  std::vector<storage::ReadyDelivery> handed;
  FreshDatabase fresh;
  FaultyDatabase database;
  PaymentsFixture f;
  std::unique_ptr<storage::Session> session;
};

}  // namespace

TEST_CASE("a commit whose end is unknown is found out by key: stored once, answered as success") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const Fault fault =
      GENERATE(Fault::kLostAfterCommit, Fault::kLostBeforeCommit, Fault::kConflictAtCommit, Fault::kUnreachable);
  FaultGround ground(engine);
  const auto session = ground.fresh.Open();
  REQUIRE(
      ground.f.Operator(*session)
          .ChangeBalance({{1}, ground.f.deposit_route.currency, payments::BalanceOperation::kTopUp, 10'000, "t", "t"})
          .ok());
  // Twice in a row: the repetition may be hit too. A connection is only opened after one was lost.
  const auto plan = [&] {
    if (fault == Fault::kUnreachable) ground.plan.Add(Fault::kLostBeforeCommit);
    ground.plan.Add(fault, 2);
  };
  plan();
  const auto deposit = ground.f.Accept(ground.f.Deposit("d-1", 500));
  REQUIRE(deposit.ok());
  plan();
  const auto payout = ground.f.Accept(ground.f.Payout("w-1", 500));
  REQUIRE(payout.ok());
  plan();
  REQUIRE(ground.f.Callback(payout->h_id, "succeeded"));
  CHECK(ground.Count("payments") == 2);
  CHECK(ground.Count("events") == 3);
  CHECK(ground.f.Balance().amounts.value == 10'000 - 505);
  CHECK(ground.f.Balance().amounts.freezing == 0);
  CHECK_FALSE(ground.f.Verify().problem.has_value());
}

TEST_CASE("a database that stays away is answered 2000 and leaves nothing of a batch that never committed") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  FaultGround ground(engine);
  ground.plan.Add(Fault::kLostBeforeCommit);
  ground.plan.Add(Fault::kUnreachable, 1'000'000);
  const auto refused = ground.f.Accept(ground.f.Deposit("d-1", 500));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::kHubError);
  CHECK(ground.Count("payments") == 0);
}

TEST_CASE("webhooks of what was rolled back are never handed on, and of what was committed once") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  FaultGround ground(engine);
  storage::EndpointRow endpoint;
  endpoint.id = "wh_1";
  endpoint.application_id = {1};
  endpoint.url = "https://shop.example/hook";
  endpoint.source = storage::kSourceConfigured;
  endpoint.events = "*";
  storage::InsertEndpoint(*ground.session, endpoint);

  ground.plan.Add(Fault::kConflictAtCommit, 2);
  const auto made = ground.f.Accept(ground.f.Deposit("d-1", 500));
  REQUIRE(made.ok());
  // Handed over before the call is answered.
  REQUIRE(ground.handed.size() == 1);
  CHECK(ground.handed[0].row.h_id == made->h_id);
  CHECK(ground.handed[0].row.lease_owner == "test");
  CHECK(ground.handed[0].body == storage::EventsOf(*ground.session, made->h_id).at(0).body);
  CHECK(ground.Count("webhook_deliveries") == 1);
  CHECK(storage::DeliveriesOf(*ground.session, made->h_id, 1).at(0).id == ground.handed[0].row.id);

  ground.plan.Add(Fault::kLostBeforeCommit);
  ground.plan.Add(Fault::kUnreachable, 1'000'000);
  REQUIRE_FALSE(ground.f.Accept(ground.f.Deposit("d-2", 500)).ok());
  CHECK(ground.handed.size() == 1);
  CHECK(ground.Count("webhook_deliveries") == 1);
}

// A unit on the lane of application 1.
void Submit(PaymentsFixture& f, std::function<void(storage::Session&)> work) {
  REQUIRE(f.engine->access().Write({1}, std::move(work), [](bool, const std::string&) {}));
}

TEST_CASE("one job that cannot be stored does not hurt its neighbours in the batch") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  FaultGround ground(engine);
  std::atomic<int> stored{0};
  std::atomic<bool> poisoned{false};
  // Holds the lane while the batch gathers behind it.
  std::atomic<bool> go{false};
  Submit(ground.f, [&](storage::Session&) {
    while (!go) std::this_thread::yield();
  });
  Submit(ground.f, [&](storage::Session& s) {
    poisoned = true;
    s.Execute("INSERT INTO no_such_table (a) VALUES (1)");
  });
  for (int i = 0; i < 20; ++i) {
    auto command = ground.f.Deposit("d-" + std::to_string(i), 500);
    command.received_us = ground.f.clock.MonotonicUs();
    ground.f.engine->payments().Accept(std::move(command), [&](auto outcome) {
      if (outcome.ok()) ++stored;
    });
  }
  go = true;
  const std::int64_t give_up = ground.f.clock.MonotonicUs() + 60'000'000;
  while (stored < 20 && ground.f.clock.MonotonicUs() < give_up) std::this_thread::yield();
  CHECK(stored == 20);
  CHECK(poisoned);
  CHECK(ground.Count("payments") == 20);
}

TEST_CASE("a full lane is refused at once with busy") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  const FreshDatabase fresh(engine);
  payments::EngineOptions options;
  options.lanes = 1;
  options.lane_queue = 3;
  options.reconcile_poll_ms = 3'600'000;
  PaymentsFixture f(fresh.database(), options);
  std::atomic<bool> go{false}, held{false};
  Submit(f, [&](storage::Session&) {
    held = true;
    while (!go) std::this_thread::yield();
  });
  while (!held) std::this_thread::yield();
  std::atomic<int> answered{0}, busy{0};
  for (int i = 0; i < 5; ++i) {
    auto command = f.Deposit("d-" + std::to_string(i), 500);
    command.received_us = f.clock.MonotonicUs();
    f.engine->payments().Accept(std::move(command), [&](auto outcome) {
      if (!outcome.ok() && outcome.error().code == Code::kCommonError) ++busy;
      ++answered;
    });
  }
  CHECK(busy == 2);
  go = true;
  const std::int64_t give_up = f.clock.MonotonicUs() + 60'000'000;
  while (answered < 5 && f.clock.MonotonicUs() < give_up) std::this_thread::yield();
  CHECK(answered == 5);
}
