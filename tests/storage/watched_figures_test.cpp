// What those who watch the gateway look up in its database.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "multihub/storage/ledger_store.h"
#include "multihub/storage/webhook_store.h"
#include "storage/engine_fixture.h"

namespace multihub::storage_test {
namespace {

using storage::DeliveryRow;
using storage::Engine;

DeliveryRow Delivery(const std::string& id, const std::string& endpoint, std::int64_t due_ms,
                     std::string_view state = storage::kPending) {
  DeliveryRow row;
  row.id = id;
  row.endpoint_id = endpoint;
  row.application_id = {1};
  row.h_id = "pay_" + id;
  row.status_version = 1;
  row.state = std::string(state);
  row.due_ms = due_ms;
  return row;
}

TEST_CASE("figures: pending deliveries are counted up to a limit, ended ones not at all") {
  const FreshDatabase fresh(GENERATE(Engine::kSqlite, Engine::kMysql));
  const auto session = fresh.Open();
  CHECK(storage::CountPending(*session, 3) == 0);
  const std::vector<DeliveryRow> rows = {Delivery("a", "wh_1", 10), Delivery("b", "wh_2", 20),
                                         Delivery("c", "wh_2", 30, storage::kDelivered),
                                         Delivery("d", "wh_3", 40, storage::kFailed)};
  storage::InsertDeliveries(*session, rows);
  CHECK(storage::CountPending(*session, 1) == 1);
  CHECK(storage::CountPending(*session, 2) == 2);
  CHECK(storage::CountPending(*session, 3) == 2);
}

TEST_CASE("figures: the oldest due time is that of what is due, whichever endpoint it is for") {
  const FreshDatabase fresh(GENERATE(Engine::kSqlite, Engine::kMysql));
  const auto session = fresh.Open();
  const std::vector<DeliveryRow> rows = {Delivery("a", "wh_1", 500), Delivery("b", "wh_2", 300),
                                         Delivery("c", "wh_2", 400), Delivery("d", "wh_3", 2'000),
                                         Delivery("e", "wh_3", 100, storage::kFailed)};
  storage::InsertDeliveries(*session, rows);
  const auto oldest = [&](std::int64_t now_ms, std::size_t endpoints) {
    std::int64_t oldest_ms = now_ms;
    CHECK(storage::EndpointsWithDue(*session, now_ms, "", 10, &oldest_ms).size() == endpoints);
    return oldest_ms;
  };
  CHECK(oldest(200, 0) == 200);
  CHECK(oldest(450, 1) == 300);
  CHECK(oldest(1'000, 2) == 300);
  CHECK(oldest(3'000, 3) == 300);
}

TEST_CASE("figures: the last verification of the ledger is kept, and replaced by the next") {
  const FreshDatabase fresh(GENERATE(Engine::kSqlite, Engine::kMysql));
  const auto session = fresh.Open();
  CHECK_FALSE(storage::LastVerification(*session).has_value());
  for (const bool sound : {true, false}) {
    const std::int64_t found_ms = sound ? 1'777'593'600'123 : 1'777'593'700'456;
    storage::RunUnit(*session, 1'000, [&](storage::Session& unit) {
      storage::KeepVerification(unit, {sound, found_ms});
    });
    const auto last = storage::LastVerification(*session);
    REQUIRE(last.has_value());
    CHECK(last->sound == sound);
    CHECK(last->found_ms == found_ms);
  }
}

}  // namespace
}  // namespace multihub::storage_test
