#include "cli/sandbox.h"

#include <catch2/catch.hpp>
#include <functional>

#include "cli/refused.h"
#include "cli/security.h"
#include "multihub/payments/operator.h"
#include "multihub/storage/directory_store.h"
#include "multihub/storage/migrations.h"
#include "support/temp_dir.h"

namespace multihub::cli {
namespace {

struct TestDatabase {
  support::TempDir dir;
  storage::DatabaseUrl url = storage::DatabaseUrl::Parse("sqlite:///" + dir.File("hub.db")).value();
  std::unique_ptr<storage::Session> session = storage::Database(url).Open();
  base::MasterKey key = base::MasterKey::Generate(base::SystemRandomInstance());
  base::SystemClock clock;

  TestDatabase() { storage::Migrate(*session); }
  void Load() { LoadSandbox(*session, key, clock, base::SystemRandomInstance()); }
  void Change(const std::function<void(storage::Session&)>& work) { storage::RunUnit(*session, 5000, work); }
  payments::Operator Door() { return {*session, key, clock, base::SystemRandomInstance()}; }
};

TEST_CASE("loading the sandbox twice changes nothing, not even the directory's version") {
  TestDatabase database;
  database.Load();
  const storage::DirectoryRows first = storage::LoadDirectory(*database.session);
  CHECK(first.merchants.size() == 2);
  CHECK(first.applications.size() == 5);
  CHECK(first.routes.size() == 15);
  CHECK(first.assignments.size() == 14 * 4 + 1);
  database.Load();
  CHECK(storage::DirectoryVersion(*database.session) == first.version);
  const payments::BalanceView balances = database.Door().ShowBalances({1});
  REQUIRE(balances.amounts.size() == 4);
  CHECK(balances.amounts[2].currency == "INR");
  CHECK(balances.amounts[2].value == 100'000'000);
}

TEST_CASE("loading never alters what an operator changed") {
  TestDatabase database;
  database.Load();
  database.Change([](storage::Session& session) {
    storage::SetApplicationEnabled(session, {1}, false);
    storage::SetRouteEnabled(session, {14712}, true);
    storage::UnassignRoute(session, {1}, {14701});
    storage::SetCurrencyEnabled(session, "GEL", std::nullopt, true);
  });
  payments::BalanceChange change;
  change.application_id.value = 1;
  REQUIRE(domain::Currency::Parse("INR", &change.currency));
  change.operation = payments::BalanceOperation::kWithdraw;
  change.amount = 1;
  change.reference = "w";
  change.reason = "test";
  REQUIRE(database.Door().ChangeBalance(change).ok());
  const std::int64_t version = storage::DirectoryVersion(*database.session);
  database.Load();
  CHECK(storage::DirectoryVersion(*database.session) == version);
  CHECK_FALSE(storage::LoadDirectory(*database.session).applications[0].enabled);
  CHECK(database.Door().ShowBalances({1}).amounts[2].value == 99'999'999);
}

TEST_CASE("loading goes on where a killed one stopped") {
  TestDatabase database;
  database.Change([&](storage::Session& session) {
    storage::InsertMerchant(session, {domain::MerchantId{1}, "Sandbox merchant", true}, 0);
  });
  database.Load();
  CHECK(storage::LoadDirectory(*database.session).merchants.size() == 2);
}

TEST_CASE("only an empty database becomes a sandbox") {
  TestDatabase empty;
  MarkSandbox(*empty.session, empty.url);
  CHECK(IsSandbox(*empty.session));
  empty.Load();
  CHECK_NOTHROW(MarkSandbox(*empty.session, empty.url));

  TestDatabase used;
  used.Change([](storage::Session& session) {
    storage::InsertMerchant(session, {domain::MerchantId{9}, "M", true}, 0);
  });
  CHECK_THROWS_AS(MarkSandbox(*used.session, used.url), Refused);
  CHECK_FALSE(IsSandbox(*used.session));
}

TEST_CASE("the sandbox's secrets are the documented ones") {
  TestDatabase database;
  database.Load();
  const ApplicationSecrets secrets(database.key, base::SystemRandomInstance());
  for (const storage::ApplicationRow& row : storage::LoadDirectory(*database.session).applications) {
    CHECK(row.test);
    CHECK(secrets.Secret(row).Reveal() ==
          "sandbox-secret-" + std::to_string(row.id.value) + "-do-not-use-in-production");
  }
}

}  // namespace
}  // namespace multihub::cli
