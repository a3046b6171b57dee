// The contract's files say what the gateway does: they come from its tables, its answers fit them, and the tools people
// use with such files take them.
#include <catch2/catch.hpp>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "contract/contract_fixture.h"
#include "multihub/domain/event_names.h"
#include "multihub/domain/payment.h"
#include "multihub/domain/receiver.h"
#include "multihub/errors/code.h"
#include "multihub/net/http_client.h"
#include "multihub/storage/webhook_store.h"
#include "multihub/webhooks/management.h"
#include "support/json.h"
#include "support/process.h"
#include "support/signed_client.h"
#include "support/temp_dir.h"

namespace multihub::contract {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// ---- the tables -----------------------------------------------------------------------------------------------------

const json& OpenApi() {
  static const json document = json::parse(ReadFile("docs/contract/openapi.json"));
  return document;
}
const json& Schema(const std::string& name) { return OpenApi().at("components").at("schemas").at(name); }
const json& Property(const std::string& schema, const std::string& name) {
  return Schema(schema).at("properties").at(name);
}

std::set<std::string> Texts(const json& list) {
  std::set<std::string> texts;
  for (const json& one : list) {
    if (one.is_string()) texts.insert(one.get<std::string>());
  }
  return texts;
}

// Names of the method table, in its order.
std::vector<std::string> MethodsOfTheServer() {
  std::vector<std::string> names;
  std::istringstream source(ReadFile("src/handlers/method_table.cpp"));
  for (std::string line; std::getline(source, line);) {
    const std::size_t begin = line.find("{\"");
    if (begin == std::string::npos || line.find("RateClass::") == std::string::npos) continue;
    names.push_back(line.substr(begin + 2, line.find('"', begin + 2) - begin - 2));
  }
  return names;
}

// "person.first_name" and so on: the paths of the texts in a schema of an object.
void CollectPaths(const json& schema, const std::string& above, std::set<std::string>* paths) {
  if (schema.contains("anyOf")) return CollectPaths(schema["anyOf"][0], above, paths);
  if (!schema.contains("properties")) {
    paths->insert(above);
    return;
  }
  for (const auto& [name, below] : schema["properties"].items()) {
    CollectPaths(below, above.empty() ? name : above + "." + name, paths);
  }
}

void CheckBounds(const json& schema, const webhooks::Bounds& bounds) {
  INFO(schema.dump());
  CHECK(schema["minimum"] == bounds.min);
  CHECK(schema["maximum"] == bounds.max);
}

TEST_CASE("the contract has the methods of the server, and no others") {
  const std::vector<std::string> methods = MethodsOfTheServer();
  REQUIRE(methods.size() == 18);
  const json& body =
      OpenApi()["paths"]["/public/api/multihub/v1"]["post"]["requestBody"]["content"]["application/json"];
  const json& mapping = body["schema"]["discriminator"]["mapping"];
  CHECK(body["schema"]["discriminator"]["propertyName"] == "method");
  CHECK(mapping.size() == methods.size());
  CHECK(body["schema"]["oneOf"].size() == methods.size());
  for (const std::string& method : methods) {
    INFO(method);
    REQUIRE(mapping.contains(method));
    const std::string reference = mapping[method].get<std::string>();
    CHECK(Property(reference.substr(reference.rfind('/') + 1), "method")["const"] == method);
  }
}

TEST_CASE("the contract has every error a call is answered with, as a schema and as an example") {
  std::set<std::string> schemas;
  for (const auto& [name, schema] : OpenApi()["components"]["schemas"].items()) {
    if (schema.contains("properties") && schema["properties"].contains("code")) schemas.insert(name);
  }
  std::size_t answering = 0;
  for (const errors::CatalogueRow& row : errors::Catalogue()) {
    if (row.http_status == 0) continue;
    ++answering;
    const std::string code = std::to_string(static_cast<int>(row.code));
    const std::string http = "Refusal" + std::to_string(row.http_status);
    INFO(code);
    CHECK(schemas.count("Error" + code) == 1);
    CHECK(Property("Error" + code, "code")["const"] == static_cast<int>(row.code));
    CHECK(Property("Error" + code, "message")["const"] == std::string(row.message));
    CHECK(Schema(http).dump().find("schemas/Error" + code + "\"") != std::string::npos);
    const json& examples = OpenApi()["components"]["responses"][http]["content"]["application/json"]["examples"];
    const json& example = examples[code + "_" + std::string(row.name)]["value"]["error"];
    CHECK(example["code"] == static_cast<int>(row.code));
  }
  CHECK(schemas.size() == answering);
}

TEST_CASE("the contract has the statuses of payments, with what they mean") {
  std::size_t count = 0;
  for (const json& one : Schema("Status")["oneOf"]) {
    const json& properties = one["properties"];
    INFO(properties.dump());
    domain::PaymentStatus status{};
    REQUIRE(domain::ParsePaymentStatus(properties["status"]["const"].get<std::string>(), &status));
    ++count;
    CHECK(properties["final"]["const"] == domain::IsFinal(status));
    if (domain::IsFinal(status)) CHECK(properties["success"]["const"] == domain::IsSuccessful(status));
    if (!domain::IsFinal(status)) CHECK(properties["success"]["type"] == "null");
  }
  CHECK(count == static_cast<std::size_t>(domain::PaymentStatus::kRefunded) + 1);
}

TEST_CASE("the contract has the events, receiver fields, states and bounds of the server") {
  std::set<std::string> events;
  for (const domain::EventRow& row : domain::kEvents) events.insert(std::string(row.name));
  CHECK(Texts(Schema("EventName")["enum"]) == events);
  for (const std::string& event : events) CHECK(OpenApi()["webhooks"].contains(event));
  CHECK(OpenApi()["webhooks"].size() == events.size());

  std::set<std::string> fields;
  for (std::size_t i = 0; i < domain::kReceiverFieldCount; ++i) {
    fields.insert(std::string(domain::PathOf(static_cast<domain::ReceiverField>(i))));
  }
  for (const char* receiver : {"Receiver", "RequestedReceiver"}) {
    std::set<std::string> paths;
    CollectPaths(Schema(receiver), "", &paths);
    CHECK(paths == fields);
  }

  for (const char* delivery : {"Delivery", "DeliveryWithAttempts"}) {
    CHECK(Texts(Property(delivery, "state")["enum"]) == std::set<std::string>{std::string(storage::kPending),
                                                                              std::string(storage::kDelivered),
                                                                              std::string(storage::kFailed)});
    CHECK(Texts(Property(delivery, "outcome")["enum"]) ==
          std::set<std::string>{std::string(storage::kOutcomeEndpointDisabled), std::string(storage::kOutcomeExpired),
                                std::string(storage::kOutcomeExhausted), std::string(storage::kOutcomeGone),
                                std::string(storage::kOutcomePruned)});
  }
  CHECK(Texts(Property("Webhook", "source")["enum"]) ==
        std::set<std::string>{std::string(storage::kSourceConfigured), std::string(storage::kSourceInRequest)});
  std::set<std::string> call_errors;
  for (int error = 1; error <= static_cast<int>(net::CallError::kNetwork); ++error) {
    call_errors.insert(std::string(net::NameOf(static_cast<net::CallError>(error))));
  }
  CHECK(Texts(Property("Attempt", "error")["enum"]) == call_errors);

  for (const json& settings :
       {Schema("Webhook")["properties"], Property("WebhookCreateRequest", "params")["properties"],
        Property("WebhookUpdateRequest", "params")["properties"]}) {
    CheckBounds(settings["max_retries"], webhooks::kMaxRetriesBounds);
    CheckBounds(settings["retry_delay_seconds"], webhooks::kRetryDelayBoundsS);
    CheckBounds(settings["timeout_seconds"], webhooks::kTimeoutBoundsS);
  }
}

// ---- the files ------------------------------------------------------------------------------------------------------

TEST_CASE("the files of docs/contract are what ./dev docs writes") {
  const support::TempDir dir;
  const support::RunResult catalogue = support::RunCli({"errors", "--json"});
  REQUIRE(catalogue.exit_code == 0);
  support::WriteFile(dir.File("errors"), catalogue.out);
  const support::RunResult version = support::RunCli({"--version"});
  const support::RunResult run = RunNode({Source("docs/contract/generator/generate.mjs"), dir.File("errors"),
                                          WordsOf(version.out).back(), dir.File("out")});
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  std::set<std::string> written;
  std::set<std::string> kept;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir.File("out"))) {
    if (entry.is_regular_file()) written.insert(std::filesystem::relative(entry, dir.File("out")).string());
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Source("docs/contract"))) {
    const std::string name = std::filesystem::relative(entry, Source("docs/contract")).string();
    if (entry.is_regular_file() && !name.starts_with("generator/")) kept.insert(name);
  }
  CHECK(written.size() == 6);
  CHECK(kept == written);
  for (const std::string& name : written) {
    INFO(name << " is not what the generator writes: run ./dev docs");
    std::ifstream stream(dir.File("out") + "/" + name);
    std::ostringstream text;
    text << stream.rdbuf();
    CHECK((ReadFile("docs/contract/" + name) == text.str()));
  }
}

TEST_CASE("the linter finds nothing in openapi.json, and finds what is wrong in a spoiled one") {
  const support::TempDir dir;
  json spoiled = OpenApi();
  spoiled["components"]["responses"]["Refusal404"]["content"]["application/json"]["examples"]["1002_method_not_found"]
         ["value"]["error"]["code"] = 1001;
  spoiled["paths"]["/public/api/multihub/v1"]["post"]["responses"]["400"]["$ref"] = "#/components/responses/None";
  support::WriteFile(dir.File("spoiled.json"), spoiled.dump());
  const auto lint = [](const std::string& file) {
    return RunNode({Tool("@redocly/cli/bin/cli.js"), "lint", "--config", Source("tests/contract/npm/redocly.yaml"),
                    "--format", "json", file});
  };
  const support::RunResult good = lint(Source("docs/contract/openapi.json"));
  INFO(good.out << good.err);
  CHECK(good.exit_code == 0);
  const json verdict = json::parse(good.out);
  CHECK(verdict["totals"] == json({{"errors", 0}, {"warnings", 0}, {"ignored", 0}}));

  const support::RunResult bad = lint(dir.File("spoiled.json"));
  CHECK(bad.exit_code != 0);
  std::set<std::string> rules;
  const json told = json::parse(bad.out);
  for (const json& problem : told["problems"]) rules.insert(problem["ruleId"].get<std::string>());
  CHECK(rules.count("no-invalid-media-type-examples") == 1);
  CHECK(rules.count("no-unresolved-refs") == 1);
}

// How often `part` stands in the pages.
std::size_t CountInPages(const std::string& part) {
  std::size_t count = 0;
  for (const std::string& page : Pages()) {
    const std::string text = ReadFile(page);
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  }
  return count;
}

TEST_CASE("every JSON example of the pages and of the tests' requests fits the schemas") {
  const support::RunResult run = RunNode({Source("tests/contract/npm/examples.mjs")});
  INFO(run.out << run.err);
  REQUIRE(run.exit_code == 0);
  const json document = json::parse(run.out);
  CHECK(document["problems"] == json::array());
  const json& found = document["found"];
  // Counted in another way here, so that none is passed over there.
  CHECK(found["json"] == CountInPages("\n```json\n"));
  CHECK(found["shell"] == CountInPages("'{\"method\""));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Source("tests/fixtures/requests"))) {
    files += entry.path().extension() == ".json" ? 1 : 0;
  }
  CHECK(found["files"] == files);
  std::size_t judged = 0;
  for (const char* kind : {"request", "response", "webhook", "payment"}) {
    CHECK(found[kind] > 0);
    judged += found[kind].get<std::size_t>();
  }
  CHECK(judged == found["json"].get<std::size_t>() + found["shell"].get<std::size_t>() + files);
}

// ---- the gateway ----------------------------------------------------------------------------------------------------

TEST_CASE("the ops port serves openapi.json as it stands in the tree, and the merchant port does not") {
  support::GatewayProcess gateway;
  const auto ask = [](std::uint16_t port, const std::string& verb) {
    support::TcpClient client;
    REQUIRE(client.Connect("127.0.0.1", port));
    REQUIRE(client.SendAll(support::HttpRequest(verb, "/public/api/multihub/v1/openapi.json", {}, "")));
    const auto answer = client.ReadHttpResponse(support::kDefaultTimeout, verb == "HEAD");
    REQUIRE(answer);
    return *answer;
  };
  const support::HttpResponse document = ask(gateway.ops_port(), "GET");
  CHECK(document.status == 200);
  REQUIRE(document.Header("Content-Type") != nullptr);
  CHECK(*document.Header("Content-Type") == "application/json");
  const std::string file = ReadFile("docs/contract/openapi.json");
  CHECK((document.body == file));
  const support::HttpResponse head = ask(gateway.ops_port(), "HEAD");
  CHECK(head.status == 200);
  REQUIRE(head.Header("Content-Length") != nullptr);
  CHECK(*head.Header("Content-Length") == std::to_string(file.size()));
  CHECK(ask(gateway.ops_port(), "POST").status == 404);
  CHECK(json::parse(ask(gateway.port(), "GET").body)["error"]["code"] == 1001);
}

// ---- traffic --------------------------------------------------------------------------------------------------------

// Groups of the conformance suite that are soon over, without those about what proxies change. The first move no money
// and do not mind who else does.
const std::vector<std::string> kRefusals = {"envelope.*",     "json.*",          "signature.*",
                                            "order.fields-*", "order.unknown-*", "order.verb*"};
const std::vector<std::string> kPayments = {"amounts.*",
                                            "payments.*",
                                            "money.*",
                                            "order.business-*",
                                            "order.receiver*",
                                            "order.webhook-*",
                                            "order.event-replay*",
                                            "lifecycle.notification-not-final",
                                            "lifecycle.error-code",
                                            "lifecycle.payout-receiver",
                                            "lifecycle.resend*",
                                            "webhooks.*"};
// Uses up what one application may call.
const std::vector<std::string> kLast = {"limits.*"};

using Runs = std::vector<std::pair<std::string, support::RunResult>>;

Runs RunGroups(const ValidatedGateway& gateway, const std::vector<std::string>& groups) {
  Runs runs;
  for (const std::string& group : groups) runs.emplace_back(group, gateway.Conformance(group));
  return runs;
}

void CheckConform(const Runs& runs) {
  for (const auto& [group, run] : runs) {
    INFO(group << "\n" << run.out << run.err);
    CHECK(run.exit_code == 0);
  }
}

// Every method and outcome that the suite does not have, through the front, with webhooks to it.
class Merchant {
 public:
  Merchant(std::uint16_t front, support::GatewayProcess* gateway)
      : hooks_("http://127.0.0.1:" + std::to_string(front) + "/hooks"),
        client_(front, 1, support::SandboxSecret(1)),
        gateway_(gateway) {}

  void UseEverything() {
    const json endpoint = Change("webhook.create", {{"url", hooks_ + "/all"}, {"events", {"*"}}})["webhook"];
    const json id = {{"id", endpoint["id"]}};
    std::vector<json> payments;
    for (const int value : {25000, 25001, 25002, 25003}) payments.push_back(Pay("payment.in", 14701, value, "INR", {}));
    payments.push_back(Pay("payment.out", 14801, 150000, "MXN", {{"bank", {{"account", {{"id", kClabe}}}}}}));
    payments.push_back(Pay("payment.out", 14801, 150001, "MXN", {{"bank", {{"account", {{"id", kClabe}}}}}}));
    for (const json& payment : payments) AwaitFinal(payment);
    Success("webhook.list", json::object());
    Success("webhook.list", {{"source", "in_request"}});
    Success("webhook.get", id);
    Change("webhook.update", {{"id", id["id"]}, {"max_retries", 3}, {"description", "Zo\xc3\xab"}});
    Change("webhook.rotate_secret", id);
    Change("webhook.test", id);
    Success("payment.notification", Lookup(payments[0]));
    CHECK(Resend(payments[1]).success());
    const json events = Success("event.list", {{"limit", 100}})["events"];
    REQUIRE(events.size() >= 3 * payments.size());
    const json replayed = events[0]["id"];
    Change("event.replay", {{"id", replayed}});
    for (const json& event : events) AwaitDelivered(event["id"]);
    Change("webhook.disable", id);
    Change("webhook.enable", id);
    Change("webhook.delete", id);
  }

 private:
  static constexpr const char* kClabe = "032180000118359719";

  json Success(const std::string& method, const json& params, std::int64_t service_id = 0) {
    json request = {{"method", method}, {"params", params}};
    if (service_id != 0) request["service_id"] = service_id;
    const support::Answer answer = client_.Call(request);
    INFO(request.dump() << "\n" << answer.raw);
    REQUIRE(answer.success());
    CHECK(answer.signature_ok);
    return answer.json["result"];
  }

  json Change(const std::string& method, json params) {
    params["issued_at"] = std::time(nullptr);
    params["nonce"] = "contract-" + std::to_string(++count_) + "-" + std::to_string(gateway_->pid());
    return Success(method, params);
  }

  json Pay(const std::string& method, std::int64_t service_id, int value, const char* currency, const json& receiver) {
    json payment = {{"amount", {{"value", value}, {"currency", currency}}},
                    {"identifiers", {{"c_id", "contract-" + std::to_string(++count_)}}},
                    {"webhook_url", hooks_ + "/own"},
                    {"webhook_events", {"payment.processing", "payment.cancelled"}}};
    payment[receiver.is_null() ? "payer" : "receiver"] = receiver.is_null() ? json::object() : receiver;
    return Success(method, {{"payment", payment}}, service_id)["payment"];
  }

  static json Lookup(const json& payment) { return {{"payment", {{"identifiers", {{"h_id", HubId(payment)}}}}}}; }
  static std::string HubId(const json& payment) { return payment["identifiers"]["h_id"].get<std::string>(); }

  support::Answer Resend(const json& payment) {
    return client_.CallRaw("POST", "/api/v1/payments/" + HubId(payment) + "/webhook/resend", client_.Headers(""), "");
  }

  void AwaitFinal(const json& payment) {
    CHECK(Eventually([&] { return Success("payment.status", Lookup(payment))["payment"]["status"]["final"] == true; }));
  }

  void AwaitDelivered(const json& id) {
    CHECK(Eventually([&] {
      const json event = Success("event.get", {{"id", id}})["event"];
      return std::all_of(event["deliveries"].begin(), event["deliveries"].end(),
                         [](const json& delivery) { return delivery["state"] == "delivered"; });
    }));
  }

  std::string hooks_;
  support::SignedClient client_;
  support::GatewayProcess* gateway_;
  int count_ = 0;
};

// The collection as Postman runs it. Its bodies are written for people, so the front hands them straight on.
void RunCollection(std::uint16_t front) {
  const support::TempDir dir;
  const support::RunResult run =
      RunNode({Tool("newman/bin/newman.js"), "run", Source("docs/contract/multihub.postman_collection.json"),
               "--env-var", "base_url=http://127.0.0.1:" + std::to_string(front), "--env-var",
               "webhook_url=http://127.0.0.1:" + std::to_string(front) + "/hooks", "--reporters", "json",
               "--reporter-json-export", dir.File("run.json")});
  INFO(run.out << run.err);
  CHECK(run.exit_code == 0);
  std::ifstream stream(dir.File("run.json"));
  const json report = json::parse(stream);
  CHECK(report["run"]["failures"] == json::array());
  const json& stats = report["run"]["stats"];
  CHECK(stats["assertions"]["failed"] == 0);
  // Four of each answer, and one of the end of the payment that is asked for.
  CHECK(stats["assertions"]["total"] == stats["requests"]["total"].get<int>() * 4 + 1);
  CHECK(stats["requests"]["total"] >= 20);
  std::set<std::string> called;
  for (const json& execution : report["run"]["executions"]) {
    const std::string raw = execution["request"].contains("body") ? execution["request"]["body"].value("raw", "") : "";
    if (!raw.empty()) called.insert(json::parse(raw)["method"].get<std::string>());
    bool is_signed = false;
    for (const json& header : execution["request"]["header"]) {
      is_signed = is_signed || (header["key"] == "X-Data-Hash" && header["value"].get<std::string>().size() == 128);
    }
    CHECK(is_signed);
  }
  const std::vector<std::string> methods = MethodsOfTheServer();
  CHECK(called == std::set<std::string>(methods.begin(), methods.end()));
}

TEST_CASE(
    "what the gateway takes and answers is what the contract says, by a proxy that validates, and a wrong answer is "
    "told") {
  ValidatedGateway gateway;
  std::future<Runs> beside = std::async(std::launch::async, RunGroups, std::cref(gateway), kRefusals);
  Merchant(gateway.front(), &gateway.process()).UseEverything();
  RunCollection(gateway.front());
  CheckConform(RunGroups(gateway, kPayments));
  CheckConform(beside.get());
  CheckConform(RunGroups(gateway, kLast));
  const json seen = gateway.End();
  INFO(seen.dump(1).substr(0, 8000));
  CHECK(seen["violations"] == json::array());
  CHECK(seen["missed"] == json::array());
  CHECK(seen["bites"] >= 15);
  // What JSON.stringify would not write, and so a proxy that parses would change, goes past it: mostly the suite's own
  // spellings of JSON, and the collection.
  CHECK(seen["byPrism"] > seen["direct"]);

  std::set<std::string> missing;
  for (const std::string& method : MethodsOfTheServer()) {
    if (seen["methods"].value(method, 0) == 0) missing.insert(method);
  }
  if (seen["methods"].value("resend", 0) == 0) missing.insert("resend");
  CHECK(missing == std::set<std::string>{});
  // No call starts a refund; what is not HTTP never comes through; nobody can bring about 2000 and 2001 from outside.
  const std::set<int> not_here = {1003, 2000, 2001};
  for (const errors::CatalogueRow& row : errors::Catalogue()) {
    const int code = static_cast<int>(row.code);
    if (row.http_status == 0 || not_here.count(code) > 0) continue;
    INFO(code);
    CHECK(seen["codes"].value(std::to_string(code), 0) > 0);
  }
  for (const domain::EventRow& row : domain::kEvents) {
    if (row.name == domain::kPaymentRefunded) continue;
    INFO(row.name);
    CHECK(seen["events"].value(std::string(row.name), 0) > 0);
  }
}

TEST_CASE("what the functional tests send and are answered is what the contract says, by the same proxy") {
  ValidatedGateway gateway;
  const support::RunResult run = gateway.Functional(
      // A proxy keeps its own connections, so one test that looks whether they are closed goes without it.
      "[#gateway_errors_test]~gateway: answers are signed*,[#gateway_examples_test],[#gateway_outcomes_test],"
      "[#gateway_tenants_test],[#gateway_webhook_methods_test]");
  INFO(run.out.substr(0, 20000) << run.err);
  CHECK(run.exit_code == 0);
  const json seen = gateway.End();
  INFO(seen.dump(1).substr(0, 8000));
  CHECK(seen["violations"] == json::array());
  CHECK(seen["byPrism"] > seen["direct"]);
}

}  // namespace
}  // namespace multihub::contract
