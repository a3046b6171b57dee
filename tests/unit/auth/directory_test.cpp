#include "multihub/auth/directory.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "unit/rpc/gateway_fixture.h"

namespace multihub::auth {
namespace {

using testing::SecretOf;
using testing::TestRows;

domain::Currency CurrencyOf(std::string_view code) {
  domain::Currency currency;
  REQUIRE(domain::Currency::Parse(code, &currency));
  return currency;
}

domain::Route RouteOf(std::int64_t service, const std::string& provider = "simulator") {
  domain::Route route;
  route.service_id = domain::ServiceId{service};
  route.currency = CurrencyOf("INR");
  route.method = "upi";
  route.provider = provider;
  return route;
}

TEST_CASE("an application is found by its id, with its secret opened") {
  TestRows rows;
  storage::ApplicationRow& row = rows.AddApplication(17);
  row.test = true;
  row.strict_identifiers = true;
  row.balance_enabled = false;
  row.sealed_previous_secret = TestRows::SealSecret(17, "previous_secret", "before");
  row.previous_until_ms = 5;
  row.secret_in_use = false;
  rows.rows.version = 42;
  const auto directory = rows.Build();
  CHECK(directory->version() == 42);
  const Application* application = directory->Find(domain::ApplicationId{17});
  REQUIRE(application != nullptr);
  CHECK(application->id.value == 17);
  CHECK(application->merchant_id.value == 1);
  CHECK(application->secret.Reveal() == SecretOf(17));
  CHECK(application->previous_secret.Reveal() == "before");
  CHECK(application->previous_until_ms == 5);
  CHECK(application->test);
  CHECK(application->enabled);
  CHECK(application->strict_identifiers);
  CHECK_FALSE(application->balance_enabled);
  CHECK_FALSE(application->secret_in_use);
  CHECK(rows.problems.empty());
  CHECK(directory->Find(domain::ApplicationId{18}) == nullptr);
}

TEST_CASE("an application is enabled when its own switch and its merchant's are on") {
  struct Row {
    std::int64_t merchant;
    bool own;
    bool expected;
  };
  const Row row = GENERATE(Row{1, true, true}, Row{1, false, false}, Row{2, true, false}, Row{2, false, false},
                           Row{3 /* there is none */, true, false});
  TestRows rows;
  storage::ApplicationRow& application = rows.AddApplication(1);
  application.merchant_id = domain::MerchantId{row.merchant};
  application.enabled = row.own;
  CHECK(rows.Build()->Find(domain::ApplicationId{1})->enabled == row.expected);
}

TEST_CASE("an application whose secret does not open is kept, disabled and reported") {
  const std::string sealed =
      GENERATE(std::string(), std::string("v1.garbage"), TestRows::SealSecret(2, "secret", "of another row"),
               TestRows::SealSecret(1, "previous_secret", "of another column"));
  TestRows rows;
  rows.AddApplication(1).sealed_secret = sealed;
  rows.AddApplication(3);
  const auto directory = rows.Build();
  REQUIRE(directory->Find(domain::ApplicationId{1}) != nullptr);
  CHECK_FALSE(directory->Find(domain::ApplicationId{1})->enabled);
  CHECK(directory->Find(domain::ApplicationId{1})->secret.empty());
  CHECK(directory->Find(domain::ApplicationId{3})->enabled);
  REQUIRE(rows.problems.size() == 1);
  CHECK(rows.problems[0].find("application 1") != std::string::npos);
}

TEST_CASE("a previous secret that does not open is reported and leaves the application working") {
  TestRows rows;
  rows.AddApplication(1).sealed_previous_secret = "v1.garbage";
  const auto directory = rows.Build();
  CHECK(directory->Find(domain::ApplicationId{1})->enabled);
  CHECK(directory->Find(domain::ApplicationId{1})->previous_secret.empty());
  CHECK(rows.problems.size() == 1);
}

TEST_CASE("an allow-list lets only its networks in") {
  struct Row {
    std::vector<std::string> list;
    std::string address;
    bool expected;
  };
  const std::vector<Row> table = {
      {{}, "203.0.113.9", true},
      {{}, "not an address", true},
      {{"192.0.2.1"}, "192.0.2.1", true},
      {{"192.0.2.1"}, "192.0.2.2", false},
      {{"192.0.2.1"}, "::ffff:192.0.2.1", true},
      {{"192.0.2.0/24"}, "192.0.2.255", true},
      {{"192.0.2.0/24"}, "192.0.3.0", false},
      {{"192.0.2.0/24", "2001:db8::/32"}, "2001:db8:1::1", true},
      {{"192.0.2.0/24", "2001:db8::/32"}, "2001:db9::1", false},
      {{"0.0.0.0/0"}, "2001:db8::1", false},
      {{"::/0"}, "192.0.2.1", false},
      {{"192.0.2.1"}, "", false},
      {{"192.0.2.1"}, "localhost", false},
      {{"nonsense"}, "192.0.2.1", false},
      {{"nonsense", "192.0.2.1"}, "192.0.2.1", true},
  };
  for (const Row& row : table) {
    TestRows rows;
    rows.AddApplication(1).addresses = row.list;
    const auto directory = rows.Build();
    CAPTURE(row.list, row.address);
    CHECK(directory->Find(domain::ApplicationId{1})->AllowsAddress(row.address) == row.expected);
    CHECK(rows.problems.size() == (row.list.empty() || row.list[0] != "nonsense" ? 0 : 1));
  }
}

TEST_CASE("route access tells assignment, switches and currency apart") {
  TestRows rows;
  rows.AddApplication(1);
  rows.AddApplication(2);
  rows.rows.routes = {RouteOf(10), RouteOf(11), RouteOf(12, "switched_off"), RouteOf(13, "broken"), RouteOf(14)};
  rows.rows.routes[1].enabled = false;
  const domain::ApplicationId one{1};
  const domain::ApplicationId two{2};
  rows.rows.assignments = {{one, domain::ServiceId{10}, true},  {one, domain::ServiceId{11}, true},
                           {one, domain::ServiceId{12}, true},  {one, domain::ServiceId{13}, true},
                           {one, domain::ServiceId{14}, false}, {one, domain::ServiceId{99}, true},
                           {two, domain::ServiceId{10}, true}};
  rows.rows.providers = {{"simulator", true}, {"switched_off", false}};
  const auto directory = rows.Build();

  const domain::RouteAccess usable = directory->Access(one, domain::ServiceId{10});
  REQUIRE(usable.route.has_value());
  CHECK(usable.route->service_id.value == 10);
  CHECK(usable.route->method == "upi");
  CHECK(usable.switched_on);
  CHECK(usable.currency_enabled);

  CHECK_FALSE(directory->Access(one, domain::ServiceId{11}).switched_on);  // the route
  CHECK_FALSE(directory->Access(one, domain::ServiceId{12}).switched_on);  // the provider
  CHECK_FALSE(directory->Access(one, domain::ServiceId{13}).switched_on);  // no adapter in this process
  CHECK_FALSE(directory->Access(one, domain::ServiceId{14}).switched_on);  // the assignment
  CHECK(directory->Access(one, domain::ServiceId{11}).route.has_value());

  CHECK_FALSE(directory->Access(two, domain::ServiceId{11}).route.has_value());  // another application's
  CHECK_FALSE(directory->Access(one, domain::ServiceId{99}).route.has_value());  // no such route
  CHECK_FALSE(directory->Access(one, domain::ServiceId{0}).route.has_value());
  CHECK_FALSE(directory->Access(domain::ApplicationId{3}, domain::ServiceId{10}).route.has_value());
}

TEST_CASE("a currency is switched off on the gateway or for one application") {
  const domain::ApplicationId one{1};
  const domain::ApplicationId two{2};
  TestRows rows;
  rows.AddApplication(1);
  rows.AddApplication(2);
  rows.rows.routes = {RouteOf(10)};
  rows.rows.assignments = {{one, domain::ServiceId{10}, true}, {two, domain::ServiceId{10}, true}};
  const auto on = [&](domain::ApplicationId id) {
    return rows.Build()->Access(id, domain::ServiceId{10}).currency_enabled;
  };
  CHECK(on(one));
  rows.rows.currencies = {{one, "INR", false}, {std::nullopt, "MXN", false}};
  CHECK_FALSE(on(one));
  CHECK(on(two));
  rows.rows.currencies = {{one, "INR", true}, {std::nullopt, "INR", false}};
  CHECK_FALSE(on(one));
  CHECK_FALSE(on(two));
}

TEST_CASE("a cache gives the newest snapshot, also to a thread that has seen an older one or another cache") {
  TestRows rows;
  DirectoryCache cache;
  CHECK(cache.Current() == nullptr);
  const auto first = rows.Build();
  cache.Replace(first);
  CHECK(cache.Current() == first);
  {
    DirectoryCache other;
    CHECK(other.Current() == nullptr);
    const auto others = rows.Build();
    other.Replace(others);
    CHECK(other.Current() == others);
    CHECK(cache.Current() == first);
  }
  const auto second = rows.Build();
  cache.Replace(second);
  CHECK(cache.Current() == second);
  cache.Replace(nullptr);
  CHECK(cache.Current() == nullptr);
}

TEST_CASE("readers beside a writer never see versions run backwards") {
  TestRows rows;
  DirectoryCache cache;
  cache.Replace(rows.Build());
  std::atomic<bool> stop{false};
  std::atomic<bool> backwards{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      std::int64_t last = 0;
      while (!stop) {
        const std::int64_t version = cache.Current()->version();
        if (version < last) backwards = true;
        last = version;
      }
    });
  }
  for (int version = 2; version < 500; ++version) {
    rows.rows.version = version;
    cache.Replace(rows.Build());
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK_FALSE(backwards);
  CHECK(cache.Current()->version() == 499);
}

}  // namespace
}  // namespace multihub::auth
