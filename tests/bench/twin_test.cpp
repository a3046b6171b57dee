// The twin speaks the part of the merchant API that it is measured with, and really stores.
#include <catch2/catch.hpp>
#include <set>

#include "bench/databases.h"
#include "bench/generator.h"
#include "bench/requests.h"
#include "bench/servers.h"
#include "support/signed_client.h"

using namespace multihub::bench;
using multihub::support::Answer;
using multihub::support::SignedClient;
using nlohmann::json;

namespace {

struct Twin {
  MariadbDatabases databases;
  std::unique_ptr<Database> database = databases.New();
  std::unique_ptr<Server> server = StartTwin(*database);

  SignedClient Client() const {
    return SignedClient(server->port(), SandboxCaller().application_id, SandboxCaller().secret);
  }
};

void CheckRefused(const Answer& answer, int code, bool signed_answer) {
  INFO(answer.raw);
  CHECK(answer.ok());
  CHECK_FALSE(answer.success());
  CHECK(answer.code() == code);
  CHECK(answer.has_signature == signed_answer);
  CHECK(answer.signature_ok == signed_answer);
}

json Deposit() { return json::parse(DepositBody("one")); }

}  // namespace

TEST_CASE("the twin takes the benchmark's deposits, stores each, and refuses what it must") {
  Twin twin;
  SignedClient client = twin.Client();

  SECTION("a deposit is answered as the gateway does, and stored with its event and its task") {
    const Answer answer = client.Call(Deposit());
    INFO(answer.raw);
    REQUIRE(answer.success());
    CHECK(answer.signature_ok);
    const json payment = answer.at("/result/payment");
    CHECK(payment["identifiers"]["c_id"] == "one");
    CHECK(payment["status"] == json{{"status", "created"}, {"final", false}, {"success", nullptr}, {"error", nullptr}});
    const std::string h_id = payment["identifiers"]["h_id"];
    CHECK(twin.database->Query("SELECT h_id, c_id, amount, fee, status FROM payments") ==
          TextRows{{h_id, "one", "150000", "2250", "created"}});
    CHECK(twin.database->Query("SELECT h_id, event_id FROM events") == TextRows{{h_id, h_id + ":payment.created"}});
    CHECK(twin.database->Query("SELECT h_id FROM provider_tasks") == TextRows{{h_id}});

    const Answer again = client.Call(Deposit());
    CheckRefused(again, 6009, true);
    CHECK(again.at("/error/context/identifiers/h_id") == h_id);
    CHECK(twin.database->QueryNumber("SELECT COUNT(*) FROM payments") == 1);
  }

  SECTION("a signature that does not match, an unknown application and broken headers are refused unsigned") {
    const std::string body = DepositBody("refused");
    CheckRefused(client.CallWith(body, {{"X-Data-Hash", std::string(128, 'a')}}), 3000, false);
    CheckRefused(client.CallWith(body, {{"X-Data-Hash", "abc"}}), 3002, false);
    CheckRefused(client.CallWith(body, {{"X-Data-Hash", ""}}), 3002, false);
    CheckRefused(client.CallWith(body, {{"X-Data-Application-Id", "01"}}), 3001, false);
    CheckRefused(client.CallWith(body, {{"X-Data-Application-Id", "77"}}), 3003, false);
    // One byte more than was signed.
    CheckRefused(client.CallRaw("POST", "/public/api/multihub/v1", client.Headers(body), body + " "), 3000, false);
    CHECK(twin.database->QueryNumber("SELECT COUNT(*) FROM payments") == 0);
  }

  SECTION("calls that make no sense are refused, signed, and store nothing") {
    const auto changed = [](const std::string& pointer, const json& value) {
      json body = Deposit();
      body[json::json_pointer(pointer)] = value;
      return body;
    };
    CheckRefused(client.Call(std::string_view("{\"method\":")), 1005, true);
    CheckRefused(client.Call(std::string_view("{\"method\":\"\xff\"}")), 1005, true);
    CheckRefused(client.Call(changed("/method", "payment.none")), 1002, true);
    CheckRefused(client.Call(changed("/service_id", 1)), 1004, true);
    CheckRefused(client.Call(changed("/params/payment/payer", nullptr)), 1005, true);
    CheckRefused(client.Call(changed("/params/payment/identifiers/c_id", "")), 1005, true);
    CheckRefused(client.Call(changed("/params/payment/amount/value", 1.5)), 1005, true);
    CheckRefused(client.Call(changed("/params/payment/amount/value", 0)), 6001, true);
    CheckRefused(client.Call(changed("/params/payment/amount/currency", "EUR")), 6002, true);
    CheckRefused(client.Call(changed("/params/payment/amount/value", 2'000'000'000'000)), 5000, true);
    CheckRefused(client.CallWith(DepositBody("typed"), {{"Content-Type", "text/plain"}}), 1006, true);
    CHECK(twin.database->QueryNumber("SELECT COUNT(*) FROM payments") == 0);
  }

  SECTION("the generator finds every answer right, and every one is stored") {
    RequestPool pool = Deposits(500);
    LoadOptions load;
    load.port = twin.server->port();
    load.connections = 16;
    load.seconds = 120;
    const LoadResult result = RunClosedLoop(pool, load);
    CHECK(result.first_failure == "");
    CHECK(result.failures == 0);
    for (const char* table : {"payments", "events", "provider_tasks"}) {
      INFO(table);
      CHECK(twin.database->QueryNumber(std::string("SELECT COUNT(*) FROM ") + table) == 500);
    }
  }
  twin.server->Stop();
}

TEST_CASE("scattered ids never repeat and neighbours are far apart") {
  std::set<std::string> ids;
  for (std::size_t n = 0; n < 20000; ++n) ids.insert(ScatteredId(n));
  CHECK(ids.size() == 20000);
  CHECK(ScatteredId(0) == "order-00000000");
  CHECK(ScatteredId(1) == "order-9e3779b1");
}

TEST_CASE("every spread caller has a secret of its own") {
  std::set<std::string> secrets;
  std::set<std::int64_t> applications;
  for (const Caller& caller : SpreadCallers()) {
    secrets.insert(caller.secret);
    applications.insert(caller.application_id);
  }
  CHECK(secrets.size() == 100);
  CHECK(applications.size() == 100);
}
