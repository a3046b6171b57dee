#include "multihub/storage/directory_store.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "storage/engine_fixture.h"

using namespace multihub;
using namespace multihub::storage;
using namespace multihub::storage_test;

namespace {

constexpr std::int64_t kBudgetMs = 10000;

domain::Currency CurrencyOf(const char* code) {
  domain::Currency currency;
  REQUIRE(domain::Currency::Parse(code, &currency));
  return currency;
}

ApplicationRow MakeApplication(std::int64_t id, const std::string& digest) {
  ApplicationRow row;
  row.id.value = id;
  row.merchant_id.value = 3;
  row.test = true;
  row.strict_identifiers = true;
  row.sealed_secret = "v1.sealed." + digest;
  row.secret_digest = digest;
  row.sealed_webhook_secret = "v1.webhook";
  row.addresses = {"192.0.2.0/24", "2001:db8::/32"};
  return row;
}

domain::Route MakeRoute(std::int64_t id) {
  domain::Route route;
  route.service_id.value = id;
  route.direction = domain::Direction::kOut;
  route.currency = CurrencyOf("MXN");
  route.method = "spei";
  route.provider = "simulator";
  route.min = 1000;
  route.max = 100'000'000;
  route.fee_fixed = 500;
  route.fee_bps = 150;
  route.required = {"receiver.person.first_name", "receiver.email"};
  route.upi_payee = "shop@examplebank";
  route.upi_name = "Caf\xc3\xa9 'Example' \\";
  route.answer_started = true;
  return route;
}

void Change(Session& session, const std::function<void(Session&)>& work) { RunUnit(session, kBudgetMs, work); }

StorageFailure::Kind KindOf(Session& session, const std::function<void(Session&)>& work) {
  try {
    Change(session, work);
  } catch (const StorageFailure& failure) {
    return failure.kind();
  }
  FAIL("nothing was thrown");
  return StorageFailure::Kind::kOther;
}

}  // namespace

TEST_CASE("the directory comes back as it was written on both engines") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  Change(*session, [](Session& unit) {
    InsertMerchant(unit, {domain::MerchantId{3}, "Caf\xc3\xa9 & 'Sons' ", false}, 1);
    InsertApplication(unit, MakeApplication(9007199254740991, "d1"), 1);
    InsertRoute(unit, MakeRoute(14801), 1);
    AssignRoute(unit, {9007199254740991}, {14801});
    SetCurrencyEnabled(unit, "GEL", std::nullopt, false);
    SetCurrencyEnabled(unit, "GEL", domain::ApplicationId{4}, true);
    SetProviderEnabled(unit, "simulator", false);
  });
  const DirectoryRows rows = LoadDirectory(*session);
  REQUIRE(rows.merchants.size() == 1);
  CHECK(rows.merchants[0].name == "Caf\xc3\xa9 & 'Sons' ");
  CHECK_FALSE(rows.merchants[0].enabled);

  REQUIRE(rows.applications.size() == 1);
  const ApplicationRow& application = rows.applications[0];
  CHECK(application.id.value == 9007199254740991);
  CHECK(application.merchant_id.value == 3);
  CHECK(application.test);
  CHECK(application.enabled);
  CHECK(application.strict_identifiers);
  CHECK(application.balance_enabled);
  CHECK(application.sealed_secret == "v1.sealed.d1");
  CHECK(application.secret_digest == "d1");
  CHECK(application.sealed_previous_secret.empty());
  CHECK(application.secret_in_use);
  CHECK(application.sealed_webhook_secret == "v1.webhook");
  CHECK(application.addresses == std::vector<std::string>{"192.0.2.0/24", "2001:db8::/32"});

  REQUIRE(rows.routes.size() == 1);
  const domain::Route expected = MakeRoute(14801);
  const domain::Route& route = rows.routes[0];
  CHECK(route.service_id == expected.service_id);
  CHECK(route.direction == expected.direction);
  CHECK(route.currency == expected.currency);
  CHECK(route.method == expected.method);
  CHECK(route.provider == expected.provider);
  CHECK(route.min == expected.min);
  CHECK(route.max == expected.max);
  CHECK(route.fee_fixed == expected.fee_fixed);
  CHECK(route.fee_bps == expected.fee_bps);
  CHECK(route.required == expected.required);
  CHECK(route.upi_payee == expected.upi_payee);
  CHECK(route.upi_name == expected.upi_name);
  CHECK(route.answer_started);
  CHECK(route.enabled);

  REQUIRE(rows.assignments.size() == 1);
  CHECK(rows.assignments[0].application_id == application.id);
  CHECK(rows.assignments[0].service_id == route.service_id);
  REQUIRE(rows.currencies.size() == 2);
  CHECK_FALSE(rows.currencies[0].application_id.has_value());
  CHECK_FALSE(rows.currencies[0].enabled);
  CHECK(rows.currencies[1].application_id == domain::ApplicationId{4});
  CHECK(rows.currencies[1].enabled);
  REQUIRE(rows.providers.size() == 1);
  CHECK_FALSE(rows.providers[0].enabled);
}

TEST_CASE("every change raises the directory's version, and an undone one does not") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  const std::vector<std::function<void(Session&)>> changes = {
      [](Session& unit) {
        InsertMerchant(unit, {domain::MerchantId{3}, "M", true}, 1);
      },
      [](Session& unit) { InsertApplication(unit, MakeApplication(1, "d1"), 1); },
      [](Session& unit) { InsertRoute(unit, MakeRoute(14801), 1); },
      [](Session& unit) { AssignRoute(unit, {1}, {14801}); },
      [](Session& unit) { AssignRoute(unit, {1}, {14801}); },
      [](Session& unit) { CHECK(UnassignRoute(unit, {1}, {14801})); },
      [](Session& unit) { CHECK(SetMerchantEnabled(unit, {3}, false)); },
      [](Session& unit) { CHECK(SetApplicationEnabled(unit, {1}, false)); },
      [](Session& unit) { CHECK(SetStrictIdentifiers(unit, {1}, false)); },
      [](Session& unit) { CHECK(SetBalanceSwitch(unit, {1}, false)); },
      [](Session& unit) { CHECK(SetRouteEnabled(unit, {14801}, false)); },
      [](Session& unit) { CHECK(SetProviderEnabled(unit, "simulator", false)); },
      [](Session& unit) { SetCurrencyEnabled(unit, "GEL", std::nullopt, false); },
      [](Session& unit) { CHECK(AllowAddress(unit, {1}, "198.51.100.7/32")); },
      [](Session& unit) { CHECK(RotateSecret(unit, MakeApplication(1, "d2"))); },
      [](Session& unit) { CHECK(RotateWebhookSecret(unit, {1}, "v1.other")); },
      [](Session& unit) { CHECK(ResealApplication(unit, MakeApplication(1, "e2"), "e1")); },
      [](Session& unit) { MarkSecretInUse(unit, {1}); },
  };
  std::int64_t version = DirectoryVersion(*session);
  CHECK(version > 0);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    Change(*session, changes[i]);
    const std::int64_t now = DirectoryVersion(*session);
    CHECK(now > version);
    version = now;
  }
  CHECK_THROWS_AS(Change(*session,
                         [](Session& unit) {
                           SetRouteEnabled(unit, {14801}, true);
                           throw std::runtime_error("undone");
                         }),
                  std::runtime_error);
  CHECK(DirectoryVersion(*session) == version);
}

TEST_CASE("an update of a row that is not there says so") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  Change(*session, [](Session& unit) {
    CHECK_FALSE(SetMerchantEnabled(unit, {1}, true));
    CHECK_FALSE(SetApplicationEnabled(unit, {1}, true));
    CHECK_FALSE(SetStrictIdentifiers(unit, {1}, true));
    CHECK_FALSE(SetBalanceSwitch(unit, {1}, true));
    CHECK_FALSE(SetRouteEnabled(unit, {1}, true));
    CHECK_FALSE(UnassignRoute(unit, {1}, {1}));
    CHECK_FALSE(AllowAddress(unit, {1}, "192.0.2.1/32"));
    CHECK_FALSE(RotateSecret(unit, MakeApplication(1, "d")));
    CHECK_FALSE(RotateWebhookSecret(unit, {1}, "x"));
    CHECK_FALSE(ResealApplication(unit, MakeApplication(1, "d"), ""));
    CHECK_FALSE(MarkSecretInUse(unit, {1}));
  });
}

TEST_CASE("setting what is set already counts as done on both engines") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  Change(*session, [](Session& unit) {
    InsertMerchant(unit, {domain::MerchantId{3}, "M", true}, 1);
    InsertApplication(unit, MakeApplication(1, "d1"), 1);
  });
  for (int round = 0; round < 2; ++round) {
    Change(*session, [](Session& unit) {
      CHECK(SetMerchantEnabled(unit, {3}, false));
      CHECK(AllowAddress(unit, {1}, "192.0.2.0/24"));
      SetCurrencyEnabled(unit, "INR", domain::ApplicationId{1}, false);
      SetProviderEnabled(unit, "simulator", false);
      PutSetting(unit, "name", "value");
    });
  }
  const DirectoryRows rows = LoadDirectory(*session);
  CHECK(rows.applications[0].addresses.size() == 2);
  CHECK(rows.currencies.size() == 1);
  CHECK(rows.providers.size() == 1);
}

TEST_CASE("a secret is used once: as the present or previous secret of one application") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  Change(*session, [](Session& unit) { InsertApplication(unit, MakeApplication(1, "a"), 1); });
  const auto insert = [](std::int64_t id, const std::string& digest) {
    return [id, digest](Session& unit) { InsertApplication(unit, MakeApplication(id, digest), 1); };
  };
  CHECK(KindOf(*session, insert(2, "a")) == StorageFailure::Kind::kDuplicate);
  CHECK(KindOf(*session, insert(1, "z")) == StorageFailure::Kind::kDuplicate);
  CHECK(LoadDirectory(*session).applications.size() == 1);

  Change(*session, [](Session& unit) { RotateSecret(unit, MakeApplication(1, "b")); });
  CHECK(KindOf(*session, insert(2, "a")) == StorageFailure::Kind::kDuplicate);
  CHECK(KindOf(*session, insert(2, "b")) == StorageFailure::Kind::kDuplicate);
  Change(*session, [](Session& unit) { RotateSecret(unit, MakeApplication(1, "c")); });
  Change(*session, insert(2, "a"));
  CHECK(KindOf(*session, [](Session& unit) { RotateSecret(unit, MakeApplication(2, "b")); }) ==
        StorageFailure::Kind::kDuplicate);
}

TEST_CASE("a rotated secret keeps what the row says of the previous one, until it is marked in use") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  Change(*session, [](Session& unit) { InsertApplication(unit, MakeApplication(1, "a"), 1); });
  ApplicationRow rotated = MakeApplication(1, "b");
  rotated.sealed_previous_secret = "v1.previous";
  rotated.previous_until_ms = 1'777'593'600'000;
  rotated.secret_in_use = false;
  Change(*session, [&](Session& unit) { CHECK(RotateSecret(unit, rotated)); });
  const ApplicationRow row = LoadDirectory(*session).applications[0];
  CHECK(row.sealed_secret == "v1.sealed.b");
  CHECK(row.sealed_previous_secret == "v1.previous");
  CHECK(row.previous_until_ms == 1'777'593'600'000);
  CHECK_FALSE(row.secret_in_use);
  Change(*session, [](Session& unit) { CHECK(MarkSecretInUse(unit, {1})); });
  CHECK(LoadDirectory(*session).applications[0].secret_in_use);
}

TEST_CASE("processes that create at once get ids of their own") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  constexpr int kThreads = 4;
  constexpr int kEach = 10;
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      try {
        const auto session = fresh.Open();
        for (int round = 0; round < kEach; ++round) {
          RunUnit(*session, 60000, [](Session& unit) {
            InsertMerchant(unit, {domain::MerchantId{NextMerchantId(unit)}, "M", true}, 1);
          });
        }
      } catch (const StorageFailure&) {
        ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  const auto rows = LoadDirectory(*fresh.Open());
  REQUIRE(rows.merchants.size() == kThreads * kEach);
  CHECK(rows.merchants.front().id.value == 1);
  CHECK(rows.merchants.back().id.value == kThreads * kEach);
}

TEST_CASE("a loaded directory is of one moment, whatever is changed meanwhile") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  Change(*fresh.Open(), [](Session& unit) {
    InsertMerchant(unit, {domain::MerchantId{1}, "M", true}, 1);
    InsertRoute(unit, MakeRoute(1), 1);
  });
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    const auto session = fresh.Open();
    for (bool enabled = false; !stop; enabled = !enabled) {
      RunUnit(*session, 60000, [&](Session& unit) {
        SetMerchantEnabled(unit, {1}, enabled);
        SetRouteEnabled(unit, {1}, enabled);
      });
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  const auto session = fresh.Open();
  int torn = 0;
  for (int round = 0; round < 200; ++round) {
    const DirectoryRows rows = LoadDirectory(*session);
    torn += rows.merchants[0].enabled == rows.routes[0].enabled ? 0 : 1;
  }
  stop = true;
  writer.join();
  CHECK(torn == 0);
}

TEST_CASE("settings are named texts") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  CHECK_FALSE(GetSetting(*session, "sandbox").has_value());
  PutSetting(*session, "sandbox", "yes");
  CHECK(GetSetting(*session, "sandbox") == "yes");
  CHECK_FALSE(GetSetting(*session, "sandbox ").has_value());
  CHECK_FALSE(GetSetting(*session, "Sandbox").has_value());
  PutSetting(*session, "sandbox", "");
  CHECK(GetSetting(*session, "sandbox") == "");
}
