// The methods that manage webhooks and look into the event log: their fields, in order, and their results.
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "multihub/handlers/method_table.h"
#include "multihub/observability/log.h"
#include "support/json.h"
#include "unit/handlers/fake_payments.h"
#include "unit/handlers/fake_webhooks.h"
#include "unit/rpc/gateway_fixture.h"

namespace multihub::handlers {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using testing::FakePayments;
using testing::FakeWebhooks;
using testing::IsSignedBy;
using testing::ReplyBox;
using testing::SecretOf;
using testing::SignedCall;
using testing::TestRows;

constexpr std::int64_t kApplication = 1;
constexpr std::int64_t kStrict = 2;
const std::string kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr base::UnixMs kNow = 1'777'593'600'000;  // 2026-05-01T00:00:00Z
constexpr std::string_view kMarker = "zqmarkerqz";
const std::string kId = "wh_01hx3q7k2m4v8d5e6f7g8h9j0k";

class WebhookHandlers {
 public:
  WebhookHandlers() : clock(kNow), random(3), webhooks(kNow) {
    observability::ConfigureLog(observability::LogLevel::kError, false);
    rows.AddApplication(kApplication);
    rows.AddApplication(kStrict).strict_identifiers = true;
    directory.Replace(rows.Build());
    Open();
  }

  void Open() {
    rpc::GatewayOptions gateway_options;
    gateway_options.limits_enabled = limited;
    gateway = std::make_unique<rpc::Gateway>(gateway_options, MakeMethodTable(payments, options, &webhooks), directory,
                                             clock, random, nullptr);
  }

  rpc::Reply AskReply(const std::string& body, std::int64_t application = kApplication) {
    ReplyBox box;
    rpc::Call call = SignedCall(application, body);
    call.received_us = 777;
    call.traceparent = kTraceparent;
    gateway->Handle(call, box.Opening());
    REQUIRE(box.count() == 1);
    CHECK(IsSignedBy(box.last(), SecretOf(application)));
    return box.last();
  }
  json Ask(const std::string& method, const json& params, std::int64_t application = kApplication) {
    return json::parse(AskReply(json{{"method", method}, {"params", params}}.dump(), application).body);
  }
  // The keys in their order.
  std::string ResultOf(const std::string& method, const json& params) {
    return ordered_json::parse(AskReply(json{{"method", method}, {"params", params}}.dump()).body)["result"].dump();
  }
  const testing::AskedWebhooks& Asked() const {
    REQUIRE_FALSE(webhooks.asked.empty());
    return webhooks.asked.back();
  }

  TestRows rows;
  auth::DirectoryCache directory;
  base::ManualClock clock;
  base::SeededRandom random;
  FakePayments payments;
  FakeWebhooks webhooks;
  HandlerOptions options;
  bool limited = false;
  std::unique_ptr<rpc::Gateway> gateway;
};

// What a changing call needs besides its own fields.
json Fresh(json params) {
  params["issued_at"] = kNow / 1000;
  params["nonce"] = "nonce-01";
  return params;
}

const std::vector<std::pair<std::string, json>>& ChangingCalls() {
  static const std::vector<std::pair<std::string, json>> calls = {
      {"webhook.create", {{"url", "https://shop.example/hook"}}},
      {"webhook.update", {{"id", kId}}},
      {"webhook.delete", {{"id", kId}}},
      {"webhook.enable", {{"id", kId}}},
      {"webhook.disable", {{"id", kId}}},
      {"webhook.test", {{"id", kId}}},
      {"webhook.rotate_secret", {{"id", kId}}},
      {"event.replay", {{"id", "pay_1:payment.created"}}}};
  return calls;
}

int CodeOf(const json& reply) { return reply["success"] == true ? 0 : reply["error"]["code"].get<int>(); }

void CheckRefused(const json& reply, const std::string& field) {
  INFO(reply.dump());
  CHECK(CodeOf(reply) == 1005);
  CHECK(reply["error"]["details"]["field"] == field);
  CHECK(reply["error"]["details"]["description"].get<std::string>().rfind(field + " ", 0) == 0);
  CHECK(reply.dump().find(kMarker) == std::string::npos);
}

std::string Text(std::size_t characters, const std::string& one = "x") {
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) text += one;
  return text;
}

// Each value at `field` of an otherwise good call: refused with that field, or taken.
struct FieldRow {
  json value;
  bool taken;
};
void CheckField(WebhookHandlers* test, const std::string& method, const json& good, const std::string& field,
                const std::vector<FieldRow>& table) {
  for (const FieldRow& row : table) {
    json params = good;
    params[field] = row.value;
    INFO(method << " " << params.dump());
    const std::size_t before = test->webhooks.asked.size();
    const json reply = test->Ask(method, params);
    CHECK(test->webhooks.asked.size() == before + (row.taken ? 1 : 0));
    if (row.taken) {
      CHECK(CodeOf(reply) == 0);
    } else {
      CheckRefused(reply, "params." + field);
    }
  }
}

TEST_CASE_METHOD(WebhookHandlers, "the table holds the webhook and event methods, and the limits of each") {
  std::vector<std::string> names;
  for (const rpc::Method& method : MakeMethodTable(payments, {}, &webhooks)) {
    names.emplace_back(method.name);
    if (names.size() <= 6) continue;
    const bool sends = names.back() == "webhook.test" || names.back() == "event.replay";
    CHECK(method.rate_class == (sends ? rpc::RateClass::kWebhookSend : rpc::RateClass::kWebhook));
  }
  names.erase(names.begin(), names.begin() + 6);
  CHECK(names == std::vector<std::string>{"webhook.create", "webhook.list", "webhook.get", "webhook.update",
                                          "webhook.delete", "webhook.enable", "webhook.disable", "webhook.test",
                                          "webhook.rotate_secret", "event.list", "event.get", "event.replay"});
  limited = true;
  Open();
  const json test = {{"method", "webhook.test"}, {"params", {}}};
  CHECK(testing::HeaderOf(AskReply(test.dump()), "RateLimit-Limit") == "10");
  for (int i = 0; i < 9; ++i) CHECK(CodeOf(json::parse(AskReply(test.dump()).body)) == 1005);
  CHECK(CodeOf(json::parse(AskReply(test.dump()).body)) == 1000);
  const json list = {{"method", "webhook.list"}, {"params", {}}};
  CHECK(testing::HeaderOf(AskReply(list.dump()), "RateLimit-Limit") == "600");
}

// ---- issued_at and nonce ----

TEST_CASE_METHOD(WebhookHandlers, "changing methods need the time of the call, near to now") {
  for (const auto& [method, params] : ChangingCalls()) {
    CheckField(this, method, Fresh(params), "issued_at",
               {{nullptr, false},
                {true, false},
                {json::object(), false},
                {json::array({kNow / 1000}), false},
                {"zqmarkerqz", false},
                {"", false},
                {"2026-05-01", false},
                {"2026-05-01T00:00:00", false},
                {"-1", false},
                {"1e9", false},
                {"1777593600.", false},
                {".5", false},
                {-1, false},
                {0, false},
                {kNow, false},  // milliseconds
                {"99999999999999", false},
                {kNow / 1000 - 301, false},
                {kNow / 1000 + 301, false},
                {"2026-05-01T00:05:00.001Z", false},
                {"2026-04-30T23:54:59.999Z", false},
                {kNow / 1000, true},
                {kNow / 1000 - 300, true},
                {kNow / 1000 + 300, true},
                {1777593600.25, true},
                {"1777593600", true},
                {"1777593600.123456", true},
                {"2026-05-01T00:00:00Z", true},
                {"2026-05-01T00:05:00.000Z", true},
                {"2026-05-01T02:00:00+02:00", true}});
    json missing = Fresh(params);
    missing.erase("issued_at");
    CheckRefused(Ask(method, missing), "params.issued_at");
  }
}

TEST_CASE_METHOD(WebhookHandlers, "changing methods need a nonce") {
  for (const auto& [method, params] : ChangingCalls()) {
    CheckField(this, method, Fresh(params), "nonce",
               {{nullptr, false},
                {12345678, false},
                {json::array({"nonce-01"}), false},
                {"", false},
                {"1234567", false},
                {Text(65), false},
                {"zqmarkerqz\n", false},
                {"zqmarkerqz\x7f", false},
                {"nonce-\xc3\xa9-1", false},
                {"12345678", true},
                {Text(64), true},
                {"a b ~!\"#$", true}});
    json missing = Fresh(params);
    missing.erase("nonce");
    CheckRefused(Ask(method, missing), "params.nonce");
    Ask(method, Fresh(params));
    CHECK(Asked().nonce == "nonce-01");
    CHECK(Asked().application.value == kApplication);
    CHECK(Asked().merchant.value == 1);
    CHECK(Asked().trace == base::ReadTrace(kTraceparent, std::nullopt));
  }
}

TEST_CASE_METHOD(WebhookHandlers, "the first field that breaks its rule is told, in the order of the documents") {
  const json all_wrong = {{"issued_at", 1},       {"nonce", 1},       {"id", 1},           {"url", 1},
                          {"events", 1},          {"description", 1}, {"max_retries", 21}, {"retry_delay_seconds", 0},
                          {"timeout_seconds", 31}};
  struct Step {
    std::string field;
    json good;
  };
  const std::vector<Step> steps = {
      {"issued_at", kNow / 1000},     {"nonce", "nonce-01"}, {"id", kId},        {"url", "https://shop.example/"},
      {"events", json::array({"*"})}, {"description", "d"},  {"max_retries", 0}, {"retry_delay_seconds", 1},
      {"timeout_seconds", 1}};
  json params = all_wrong;
  for (const Step& step : steps) {
    CheckRefused(Ask("webhook.update", params), "params." + step.field);
    params[step.field] = step.good;
  }
  CHECK(CodeOf(Ask("webhook.update", params)) == 0);
  params = all_wrong;
  for (const Step& step : steps) {
    if (step.field == "id") continue;  // create looks at no id
    CheckRefused(Ask("webhook.create", params), "params." + step.field);
    params[step.field] = step.good;
  }
  CHECK(CodeOf(Ask("webhook.create", params)) == 0);
}

// ---- endpoints ----

TEST_CASE_METHOD(WebhookHandlers, "the settings of an endpoint, field by field") {
  for (const std::string& method : {std::string("webhook.create"), std::string("webhook.update")}) {
    const json good = Fresh({{"id", kId}, {"url", "https://shop.example/hook"}});
    CheckField(this, method, good, "url",
               {{nullptr, method == "webhook.update"},
                {5, false},
                {json::array({"https://shop.example/"}), false},
                {"", false},
                {"zqmarkerqz", false},
                {"ftp://shop.example/", false},
                {"https://user@shop.example/", false},
                {"https://shop.example/#zqmarkerqz", false},
                {"https://10.0.0.1/", false},
                {"http://localhost/", false},
                {"https://shop.example:22/", false},
                {"https://shop.example/" + Text(2048), false},
                {"http://shop.example/", true},
                {"https://shop.example:8443/a?b=c", true}});
    CheckField(this, method, good, "events",
               {{json::array(), false},
                {"*", false},
                {json::object(), false},
                {json::array({"*", "payment.created"}), false},
                {json::array({"*", "*"}), false},
                {json::array({"payment.exploded"}), false},
                {json::array({"payment.created", 5}), false},
                {json::array({"payment.created", "zqmarkerqz"}), false},
                {json::array({"Payment.Created"}), false},
                {nullptr, true},
                {json::array({"*"}), true},
                {json::array({"webhook.test"}), true},
                {json::array({"payment.created", "payment.created"}), true}});
    CheckField(this, method, good, "description",
               {{5, false},
                {Text(256), false},
                {"zqmarkerqz\n", false},
                {"a\x7f", false},
                {Text(255, "\xe2\x82\xac"), true},
                {"", true},
                {nullptr, true}});
    for (const auto& [field, min, max] : std::vector<std::tuple<std::string, int, int>>{
             {"max_retries", 0, 20}, {"retry_delay_seconds", 1, 3600}, {"timeout_seconds", 1, 30}}) {
      CheckField(this, method, good, field,
                 {{min - 1, false},
                  {max + 1, false},
                  {min + 0.5, false},
                  {std::to_string(min), false},
                  {true, false},
                  {json::array({min}), false},
                  {1e300, false},
                  {min, true},
                  {max, true},
                  {1.0, true},
                  {nullptr, true}});
    }
  }
}

TEST_CASE_METHOD(WebhookHandlers, "an endpoint's settings reach the use case as they were sent") {
  Ask("webhook.create", Fresh({{"url", "https://shop.example/hook"},
                               {"events", {"payout.failed", "payment.created", "payout.failed"}},
                               {"description", "Shop"},
                               {"max_retries", 3},
                               {"retry_delay_seconds", 60},
                               {"timeout_seconds", 5}}));
  CHECK(Asked().method == "create");
  CHECK(Asked().settings.url == "https://shop.example/hook");
  CHECK(Asked().settings.events == "payment.created,payout.failed");
  CHECK(Asked().settings.description == "Shop");
  CHECK(Asked().settings.max_retries == 3);
  CHECK(Asked().settings.retry_delay_s == 60);
  CHECK(Asked().settings.timeout_s == 5);
  Ask("webhook.update", Fresh({{"id", kId}, {"description", ""}}));
  CHECK(Asked().method == "update");
  CHECK(Asked().id == kId);
  CHECK_FALSE(Asked().settings.url.has_value());
  CHECK_FALSE(Asked().settings.events.has_value());
  CHECK(Asked().settings.description == "");
  CHECK_FALSE(Asked().settings.max_retries.has_value());
}

TEST_CASE_METHOD(WebhookHandlers, "the id is a text, and a list names a source it knows") {
  for (const auto& [method, params] : ChangingCalls()) {
    if (method == "webhook.create") continue;
    CheckField(this, method, Fresh(params), "id", {{nullptr, false}, {5, false}, {json::object(), false}, {"", true}});
  }
  CheckField(this, "webhook.get", json::object(), "id", {{nullptr, false}, {5, false}, {kId, true}});
  CHECK(Asked().received_us == 777);
  CheckField(this, "event.get", json::object(), "id", {{nullptr, false}, {5, false}, {"pay_1:payment.created", true}});
  CheckField(this, "webhook.list", json::object(), "source",
             {{5, false}, {"zqmarkerqz", false}, {"", false}, {"Configured", false}, {"in_request", true}});
  CHECK(Asked().id == "in_request");
  CHECK(CodeOf(Ask("webhook.list", nullptr)) == 0);
  CHECK(Asked().id == "configured");
  CheckField(this, "event.replay", Fresh({{"id", "e"}}), "webhook_id",
             {{5, false}, {json::array(), false}, {kId, true}});
  CHECK(Asked().webhook_id == kId);
  Ask("event.replay", Fresh({{"id", "e"}}));
  CHECK_FALSE(Asked().webhook_id.has_value());
}

TEST_CASE_METHOD(WebhookHandlers, "enable and disable are the two ways of one switch") {
  Ask("webhook.enable", Fresh({{"id", kId}}));
  CHECK(Asked().method == "switch");
  CHECK(Asked().enabled);
  Ask("webhook.disable", Fresh({{"id", kId}}));
  CHECK(Asked().method == "switch");
  CHECK_FALSE(Asked().enabled);
}

TEST_CASE_METHOD(WebhookHandlers, "an endpoint is shown in the order of the contract, its secret only when it is new") {
  const std::string object =
      R"({"id":"wh_01hx3q7k2m4v8d5e6f7g8h9j0k","url":"https://shop.example/hook","source":"configured","enabled":true,)"
      R"("disabled_reason":null,"events":["payment.created","payment.failed"],"description":"","max_retries":null,)"
      R"("retry_delay_seconds":null,"timeout_seconds":null,"created_at":"2026-05-01T00:00:00.000Z")";
  for (const std::string& method : {std::string("webhook.update"), std::string("webhook.delete"),
                                    std::string("webhook.enable"), std::string("webhook.disable")}) {
    CHECK(ResultOf(method, Fresh({{"id", kId}})) == R"({"webhook":)" + object + "}}");
  }
  CHECK(ResultOf("webhook.get", {{"id", kId}}) == R"({"webhook":)" + object + "}}");
  CHECK(ResultOf("webhook.list", {}) == R"({"webhooks":[)" + object + "}]}");
  CHECK(ResultOf("webhook.create", Fresh({{"url", "https://a.example/"}})) ==
        R"({"webhook":)" + object + R"(,"secret":"whsec_once"}})");
  CHECK(ResultOf("webhook.rotate_secret", Fresh({{"id", kId}})) ==
        R"({"webhook":)" + object + R"(,"secret":"whsec_once"}})");
  webhooks.endpoint.enabled = false;
  webhooks.endpoint.disabled_reason = "gone";
  webhooks.endpoint.events = "*";
  webhooks.endpoint.max_retries = 0;
  webhooks.endpoint.retry_delay_s = 5;
  webhooks.endpoint.timeout_s = 30;
  const json shown = Ask("webhook.get", {{"id", kId}})["result"]["webhook"];
  CHECK(shown["enabled"] == false);
  CHECK(shown["disabled_reason"] == "gone");
  CHECK(shown["events"] == json::array({"*"}));
  CHECK(shown["max_retries"] == 0);
  CHECK(shown["retry_delay_seconds"] == 5);
  CHECK(shown["timeout_seconds"] == 30);
}

TEST_CASE_METHOD(WebhookHandlers, "a test's answer tells what became of the attempt, whatever the receiver sent back") {
  webhooks.attempt = {"", 1, kNow, 12, 200, "", "ok"};
  json tested = Ask("webhook.test", Fresh({{"id", kId}}))["result"];
  CHECK(tested["webhook"]["id"] == kId);
  CHECK(tested["attempt"] == json::parse(R"({"attempt":1,"started_at":"2026-05-01T00:00:00.000Z","duration_ms":12,
                                             "http_status":200,"error":null,"answer":"ok"})"));
  webhooks.attempt = {"", 1, kNow, 8000, 0, "timeout", std::string("caf\xc3\xa9 \xff\xe2\x82 \0\x1b[31m\tx\n", 19)};
  tested = Ask("webhook.test", Fresh({{"id", kId}}))["result"];
  CHECK(tested["attempt"]["http_status"].is_null());
  CHECK(tested["attempt"]["error"] == "timeout");
  const std::string unknown = "\xef\xbf\xbd";
  CHECK(tested["attempt"]["answer"] ==
        "caf\xc3\xa9 " + unknown + unknown + unknown + " " + unknown + unknown + "[31m\tx\n");
}

// ---- events ----

TEST_CASE_METHOD(WebhookHandlers, "the fields of event.list") {
  const json none = json::object();
  CheckField(this, "event.list", none, "type",
             {{5, false}, {"zqmarkerqz", false}, {"*", false}, {"payment.failed", true}, {nullptr, true}});
  CheckField(this, "event.list", none, "c_id",
             {{true, false}, {7.5, false}, {json::array({"a"}), false}, {"a", true}, {7, true}, {nullptr, true}});
  CheckField(this, "event.list", none, "h_id", {{5, false}, {json::object(), false}, {"pay_1", true}});
  for (const std::string& field : {std::string("from"), std::string("to")}) {
    CheckField(this, "event.list", none, field,
               {{true, false},
                {"zqmarkerqz", false},
                {"2026-05-01", false},
                {-1, false},
                {1e300, false},
                {0, true},
                {1777593600, true},
                {"2026-05-01T00:00:00Z", true}});
  }
  CheckField(this, "event.list", none, "limit",
             {{0, false}, {101, false}, {1.5, false}, {"20", false}, {1, true}, {100, true}, {2.0, true}});
  CheckField(this, "event.list", none, "after",
             {{5, false},
              {"", false},
              {"zqmarkerqz", false},
              {"MTox", false},
              {"YTpiOmM=", false},
              {"LTE6MTpw", false},
              {webhooks::CursorOf({1, "pay_1", 1}).substr(1), false},
              {Text(5000, "A"), false},
              {webhooks::CursorOf({5, "pay_1", 2}), true}});
}

TEST_CASE_METHOD(WebhookHandlers, "a query of events reaches the use case as it was sent") {
  Ask("event.list", {{"type", "payment.failed"},
                     {"c_id", 7.0},
                     {"h_id", "pay_1"},
                     {"from", "2026-05-01T00:00:00.500Z"},
                     {"to", 1777593601},
                     {"limit", 3},
                     {"after", webhooks::CursorOf({5, "pay_1", 2})}});
  const webhooks::EventQuery& query = Asked().query;
  CHECK(Asked().application.value == kApplication);
  CHECK(Asked().received_us == 777);
  CHECK(query.application.value == kApplication);
  CHECK(query.type == "payment.failed");
  CHECK(query.c_id == "7");
  CHECK(query.h_id == "pay_1");
  CHECK(query.from_ms == kNow + 500);
  CHECK(query.to_ms == kNow + 1000);
  CHECK(query.limit == 3);
  REQUIRE(query.after.has_value());
  CHECK(query.after->created_ms == 5);
  CHECK(query.after->h_id == "pay_1");
  CHECK(query.after->status_version == 2);
  CHECK(CodeOf(Ask("event.list", nullptr)) == 0);
  CHECK(Asked().query.limit == 20);
  CHECK(Asked().query.from_ms == 0);
  CHECK_FALSE(Asked().query.after.has_value());
}

TEST_CASE_METHOD(WebhookHandlers,
                 "a c_id that no payment can have has no events, and a strict application sends texts") {
  const std::size_t before = webhooks.asked.size();
  CHECK(Ask("event.list", {{"c_id", -1}})["result"] == json::parse(R"({"events":[],"next_cursor":null})"));
  CHECK(webhooks.asked.size() == before);
  CheckRefused(Ask("event.list", {{"c_id", 7}}, kStrict), "params.c_id");
}

TEST_CASE_METHOD(WebhookHandlers, "events, deliveries and attempts are shown in the order of the contract") {
  webhooks::ListedEvent listed;
  listed.event = {"pay_1", 2, "pay_1:payment.completed", "payment.completed", {1}, kNow, R"({"id":"x","data":{}})"};
  listed.c_id = {"7", true};
  const std::string event = R"("id":"pay_1:payment.completed","event":"payment.completed","h_id":"pay_1","c_id":7,)"
                            R"("status_version":2,"created_at":"2026-05-01T00:00:00.000Z")";
  webhooks.page.events = {listed};
  CHECK(ResultOf("event.list", {}) == R"({"events":[{)" + event + R"(}],"next_cursor":null})");
  webhooks.page.next = storage::EventFilter::Place{5, "pay_1", 2};
  const std::string cursor = Ask("event.list", {})["result"]["next_cursor"].get<std::string>();
  CHECK(CodeOf(Ask("event.list", {{"after", cursor}})) == 0);
  CHECK(Asked().query.after->created_ms == 5);

  storage::DeliveryRow row;
  row.id = "dlv_1";
  row.endpoint_id = kId;
  row.h_id = "pay_1";
  row.status_version = 2;
  row.state = "failed";
  row.outcome = "exhausted";
  row.attempts = 1;
  row.due_ms = row.created_ms = row.finished_ms = kNow;
  row.expires_ms = kNow + 1000;
  const std::string delivery =
      R"("id":"dlv_1","webhook_id":"wh_01hx3q7k2m4v8d5e6f7g8h9j0k","h_id":"pay_1","status_version":2,"state":"failed",)"
      R"("outcome":"exhausted","attempt_count":1,"next_attempt_at":null,"created_at":"2026-05-01T00:00:00.000Z",)"
      R"("expires_at":"2026-05-01T00:00:01.000Z","finished_at":"2026-05-01T00:00:00.000Z")";
  listed.c_id = {"ord", false};
  webhooks.detail = {listed, {{row, {{"dlv_1", 1, kNow, 3, 500, "", "no"}}}}};
  std::string with_text = event;
  with_text.replace(with_text.find("\"c_id\":7"), 8, "\"c_id\":\"ord\"");
  CHECK(ResultOf("event.get", {{"id", "pay_1:payment.completed"}}) ==
        R"({"event":{)" + with_text + R"(,"body":{"id":"x","data":{}},"deliveries":[{)" + delivery +
            R"(,"attempts":[{"attempt":1,"started_at":"2026-05-01T00:00:00.000Z","duration_ms":3,"http_status":500,)"
            R"("error":null,"answer":"no"}]}]}})");

  row.state = "pending";
  row.outcome.clear();
  row.attempts = 0;
  row.finished_ms = 0;
  webhooks.deliveries = {row};
  const json queued = Ask("event.replay", Fresh({{"id", "e"}}))["result"]["deliveries"][0];
  CHECK(queued["state"] == "pending");
  CHECK(queued["outcome"].is_null());
  CHECK(queued["next_attempt_at"] == "2026-05-01T00:00:00.000Z");
  CHECK(queued["finished_at"].is_null());
  CHECK_FALSE(queued.contains("attempts"));
}

TEST_CASE_METHOD(WebhookHandlers, "what webhooks refuse is answered as they refuse it") {
  errors::Refusal full = errors::Refuse(errors::Code::kLimitExceeded);
  full.context = R"({"max":100})";
  for (const errors::Refusal& refusal :
       {full, errors::Refuse(errors::Code::kPaymentNotFound), errors::Refuse(errors::Code::kNoCallbackUrl),
        errors::HubError("the inside"), errors::Busy(), errors::Invalid("params.nonce", "params.nonce was used")}) {
    webhooks.refusal = refusal;
    std::vector<std::pair<std::string, json>> calls = {
        {"webhook.list", {}}, {"webhook.get", {{"id", kId}}}, {"event.list", {}}, {"event.get", {{"id", "e"}}}};
    for (const auto& [method, params] : ChangingCalls()) calls.emplace_back(method, Fresh(params));
    for (const auto& [method, params] : calls) {
      const json reply = Ask(method, params);
      CHECK(CodeOf(reply) == static_cast<int>(refusal.code));
      CHECK(reply["error"]["context"].is_null() == refusal.context.empty());
      CHECK(reply.dump().find("the inside") == std::string::npos);
    }
  }
}

}  // namespace
}  // namespace multihub::handlers
