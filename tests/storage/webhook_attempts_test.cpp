// Recording what became of attempts.
#include <catch2/catch.hpp>

#include "multihub/storage/webhook_store.h"
#include "storage/engine_fixture.h"

using namespace multihub;
using namespace multihub::storage;
using multihub::storage_test::FreshDatabase;
using multihub::storage_test::NameOf;

namespace {

AttemptEnd EndedAs(const std::string& state, std::int64_t due_ms) {
  AttemptEnd end;
  end.attempt.delivery_id = "dlv_one";
  end.attempt.attempt = 1;
  end.attempt.started_ms = 1'000;
  end.attempt.http_status = state == kDelivered ? 200 : 500;
  end.state = state;
  end.due_ms = due_ms;
  end.finished_ms = state == kDelivered ? 2'000 : 0;
  return end;
}

}  // namespace

// The database was away longer than a lease: the process takes its own delivery again and makes the same attempt a
// second time, before the first is recorded.
TEST_CASE("two ends of one attempt in one unit are stored as one, and the first decides") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  DeliveryRow row;
  row.id = "dlv_one";
  row.endpoint_id = "wh_one";
  row.application_id = {1};
  row.h_id = "pay_one";
  row.status_version = 1;
  row.lease_owner = "us";
  InsertDeliveries(*session, {&row, 1});

  const AttemptEnd ends[] = {EndedAs(std::string(kPending), 9'000), EndedAs(std::string(kDelivered), 0)};
  RunUnit(*session, 1'000, [&](Session& unit) { RecordAttempts(unit, ends, "us"); });

  const std::string ids[] = {"dlv_one"};
  const auto attempts = AttemptsOf(*session, ids);
  REQUIRE(attempts.size() == 1);
  CHECK(attempts.front().http_status == 500);
  const auto stored = FindDelivery(*session, "dlv_one");
  REQUIRE(stored);
  CHECK(stored->state == kPending);
  CHECK(stored->due_ms == 9'000);
  CHECK(stored->attempts == 1);
}
