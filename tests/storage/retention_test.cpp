#include "multihub/storage/retention.h"

#include <catch2/catch.hpp>

#include "multihub/base/ids.h"
#include "storage/engine_fixture.h"

using namespace multihub;
using namespace multihub::storage_test;
using storage::Engine;

namespace {

constexpr std::int64_t kHourMs = 3'600'000;

// Payments with three events each: created, processing, success.
struct OldGround {
  explicit OldGround(Engine engine) : fresh(engine), f(fresh.database()), session(fresh.Open()) {}

  std::string FinishedDeposit(const std::string& c_id) {
    f.provider.on_start = [](const domain::Payment&) {
      return providers::Report{providers::ReportedState::kPending, "p-1", {}, std::nullopt};
    };
    f.deposit_route.answer_started = true;
    const auto made = f.Accept(f.Deposit(c_id, 10'000));
    REQUIRE(made.ok());
    REQUIRE(f.Callback(made->h_id, "succeeded"));
    REQUIRE(Versions(made->h_id) == std::vector<std::int64_t>{3, 2, 1});
    return made->h_id;
  }

  std::vector<std::int64_t> Versions(const std::string& h_id) {
    std::vector<std::int64_t> versions;
    for (const storage::EventRow& event : storage::EventsOf(*session, h_id)) versions.push_back(event.status_version);
    return versions;
  }

  std::string Delivery(const std::string& h_id, std::int64_t version, const char* state, std::int64_t finished_ms) {
    const std::string id = "dlv_" + base::NewUlid(f.clock.NowMs(), f.random);
    session->Execute(
        "INSERT INTO webhook_deliveries (id, endpoint_id, application_id, h_id, status_version, state, due_ms, "
        "created_ms, finished_ms, attempts) VALUES (?, 'wh_1', 1, ?, ?, ?, 0, 0, ?, 2)",
        {id, h_id, version, state, finished_ms});
    for (int attempt = 1; attempt <= 2; ++attempt) {
      session->Execute(
          "INSERT INTO webhook_attempts (delivery_id, attempt, started_ms, duration_ms, http_status, error, answer) "
          "VALUES (?, ?, 0, 0, 200, '', '')",
          {id, attempt});
    }
    return id;
  }

  std::int64_t Count(const std::string& table) {
    return session->QueryInteger("SELECT COUNT(*) FROM " + table).value_or(-1);
  }

  FreshDatabase fresh;
  PaymentsFixture f;
  std::unique_ptr<storage::Session> session;
};

}  // namespace

TEST_CASE("pruning removes what is finished and superseded, and nothing else") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  OldGround ground(engine);
  const std::string plain = ground.FinishedDeposit("order-1");
  const std::string waiting = ground.FinishedDeposit("order-2");
  const std::string delivered = ground.FinishedDeposit("order-3");
  const std::int64_t before_ms = ground.f.clock.NowMs() + kHourMs;
  ground.Delivery(waiting, 2, "pending", 0);
  ground.Delivery(delivered, 1, "delivered", before_ms - 1);
  const std::string recent = ground.Delivery(delivered, 2, "failed", before_ms);
  ground.session->Execute("INSERT INTO call_nonces (application_id, nonce, expires_ms) VALUES (1, 'old', 1)");
  ground.session->Execute("INSERT INTO call_nonces (application_id, nonce, expires_ms) VALUES (1, 'new', ?)",
                          {before_ms});

  const storage::Pruned would = storage::Prune(*ground.session, before_ms, true);
  CHECK(ground.Count("events") == 9);
  CHECK(ground.Count("webhook_deliveries") == 3);
  CHECK_FALSE(storage::EventsPrunedBefore(*ground.session).has_value());
  // A dry run cannot see that an event is free once its delivery is gone.
  CHECK(would.deliveries == 1);
  CHECK(would.attempts == 2);
  CHECK(would.nonces == 1);

  const storage::Pruned pruned = storage::Prune(*ground.session, before_ms, false);
  CHECK(pruned.deliveries == 1);
  CHECK(pruned.attempts == 2);
  CHECK(pruned.nonces == 1);
  CHECK(pruned.events == 4);
  CHECK(ground.Versions(plain) == std::vector<std::int64_t>{3});
  CHECK(ground.Versions(waiting) == std::vector<std::int64_t>{3, 2});
  CHECK(ground.Versions(delivered) == std::vector<std::int64_t>{3, 2});
  CHECK(ground.Count("webhook_deliveries") == 2);
  CHECK(ground.Count("webhook_attempts") == 4);
  CHECK(ground.session->QueryText("SELECT id FROM webhook_deliveries WHERE state = 'failed'") == recent);
  CHECK(ground.Count("payments") == 3);
  CHECK(ground.Count("ledger_entries") == 3);
  CHECK_FALSE(ground.f.Verify().problem.has_value());

  const storage::Pruned again = storage::Prune(*ground.session, before_ms, false);
  CHECK(again.deliveries + again.attempts + again.events + again.nonces == 0);
}

TEST_CASE("after pruning, an event that is missing for another reason is still found") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const auto tampering = GENERATE(
      values<const char*>({"DELETE FROM events WHERE status_version = 3", "DELETE FROM events WHERE status_version = 2",
                           "DELETE FROM events WHERE status_version = 1"}));
  CAPTURE(tampering);
  OldGround ground(engine);
  ground.FinishedDeposit("order-1");
  storage::Prune(*ground.session, ground.f.clock.NowMs() - kHourMs, false);
  REQUIRE_FALSE(ground.f.Verify().problem.has_value());
  ground.session->Execute(tampering);
  CHECK(ground.f.Verify().problem.has_value());
}
