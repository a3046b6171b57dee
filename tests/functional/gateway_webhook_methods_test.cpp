// Webhook endpoints and the event log, as merchants manage them over signed calls.
#include <atomic>
#include <set>

#include "support/gateway_fixture.h"
#include "support/webhook_receiver.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::Reaction;
using support::SignedClient;
using support::WebhookReceiver;

const std::string kNobody = "wh_00000000000000000000000000";

std::int64_t NowSeconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string NewNonce() {
  static std::atomic<int> last{10'000'000};
  return "nonce-" + std::to_string(++last);
}

// A call that changes something, unlike any before it.
json Changing(const std::string& method, json params) {
  if (!params.contains("issued_at")) params["issued_at"] = NowSeconds();
  if (!params.contains("nonce")) params["nonce"] = NewNonce();
  return {{"method", method}, {"params", params}};
}

json Looking(const std::string& method, const json& params) { return {{"method", method}, {"params", params}}; }

std::string Text(const json& value) { return value.get<std::string>(); }

// `result` of an answer that must be a success.
json ResultOf(const Answer& answer) {
  CheckAnswer(answer, 0);
  return answer.at("/result");
}

json CreateWebhook(SignedClient* client, const std::string& url, json params = json::object()) {
  params["url"] = url;
  return ResultOf(client->Call(Changing("webhook.create", params)))["webhook"];
}

void CheckField(const Answer& answer, const std::string& field) {
  CheckAnswer(answer, 1005);
  CHECK(answer.at("/error/details/field") == field);
  const json description = answer.at("/error/details/description");
  REQUIRE(description.is_string());
  CHECK(Text(description).rfind(field + " ", 0) == 0);
}

const std::vector<std::string>& ChangingById() {
  static const std::vector<std::string> methods = {"webhook.update",  "webhook.delete", "webhook.enable",
                                                   "webhook.disable", "webhook.test",   "webhook.rotate_secret"};
  return methods;
}

TEST_CASE("gateway: a webhook is created, shown, changed, switched and deleted by its merchant") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  CHECK(ResultOf(client.Call(Looking("webhook.list", nullptr)))["webhooks"].empty());
  json made = CreateWebhook(&client, "https://shop.example/hooks");
  const std::string id = Text(made["id"]);
  CHECK(id.rfind("wh_", 0) == 0);
  CHECK(id.size() == 29);
  const std::string secret = Text(made["secret"]);
  CHECK(secret.rfind("whsec_", 0) == 0);
  CHECK(secret.size() == 50);
  made.erase("secret");
  CHECK(made["url"] == "https://shop.example/hooks");
  CHECK(made["source"] == "configured");
  CHECK(made["enabled"] == true);
  CHECK(made["disabled_reason"].is_null());
  CHECK(made["events"] == json{"payment.created", "payment.completed", "payment.failed", "payment.refunded",
                               "payout.created", "payout.completed", "payout.failed"});
  CHECK(made["description"] == "");
  CHECK(made["max_retries"].is_null());
  CHECK(made["retry_delay_seconds"].is_null());
  CHECK(made["timeout_seconds"].is_null());
  CHECK(made.size() == 11);
  CHECK(ResultOf(client.Call(Looking("webhook.get", {{"id", id}})))["webhook"] == made);
  CHECK(ResultOf(client.Call(Looking("webhook.list", json::object())))["webhooks"] == json::array({made}));

  json changed = ResultOf(client.Call(Changing("webhook.update", {{"id", id},
                                                                  {"url", "https://shop.example/new"},
                                                                  {"events", json::array({"*"})},
                                                                  {"description", "caf\xc3\xa9"},
                                                                  {"max_retries", 3},
                                                                  {"retry_delay_seconds", 10},
                                                                  {"timeout_seconds", 5}})))["webhook"];
  CHECK(changed["url"] == "https://shop.example/new");
  CHECK(changed["events"] == json::array({"*"}));
  CHECK(changed["description"] == "caf\xc3\xa9");
  CHECK(changed["max_retries"] == 3);
  CHECK(changed["retry_delay_seconds"] == 10);
  CHECK(changed["timeout_seconds"] == 5);
  CHECK(ResultOf(client.Call(Looking("webhook.get", {{"id", id}})))["webhook"] == changed);

  const json rotated = ResultOf(client.Call(Changing("webhook.rotate_secret", {{"id", id}})))["webhook"];
  CHECK(Text(rotated["secret"]).rfind("whsec_", 0) == 0);
  CHECK(rotated["secret"] != secret);

  json off = ResultOf(client.Call(Changing("webhook.disable", {{"id", id}})))["webhook"];
  CHECK(off["enabled"] == false);
  CHECK(off["disabled_reason"] == "merchant");
  CHECK(ResultOf(client.Call(Changing("webhook.disable", {{"id", id}})))["webhook"] == off);
  for (int i = 0; i < 2; ++i) {
    CHECK(ResultOf(client.Call(Changing("webhook.enable", {{"id", id}})))["webhook"] == changed);
  }
  CHECK(ResultOf(client.Call(Changing("webhook.delete", {{"id", id}})))["webhook"] == changed);
  CheckAnswer(client.Call(Looking("webhook.get", {{"id", id}})), 6010);
  CheckAnswer(client.Call(Changing("webhook.delete", {{"id", id}})), 6010);
  CHECK(ResultOf(client.Call(Looking("webhook.list", json::object())))["webhooks"].empty());
  // No secret was ever stored or logged in clear.
  const std::string bytes = sandbox.Bytes();
  CHECK_FALSE(Contains(bytes, secret));
  CHECK_FALSE(Contains(bytes, Text(rotated["secret"])));
  CHECK_FALSE(Contains(sandbox.gateway().log(), "whsec_"));
}

TEST_CASE("gateway: a webhook of somebody else, or of nobody, does not exist") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client(), stranger = sandbox.Client(2);
  const std::string id = Text(CreateWebhook(&client, "https://shop.example/hooks")["id"]);
  const std::string h_id = IdOf(PaymentIn(client.Call(Deposit(14702, 5000, "INR", "order-1"))));
  const std::string event = h_id + ":payment.created";
  const auto unknown = [&](SignedClient* who, const std::string& webhook, const std::string& event_id) {
    CheckAnswer(who->Call(Looking("webhook.get", {{"id", webhook}})), 6010);
    for (const std::string& method : ChangingById()) {
      INFO(method);
      CheckAnswer(who->Call(Changing(method, {{"id", webhook}, {"description", "x"}})), 6010);
    }
    CheckAnswer(who->Call(Looking("event.get", {{"id", event_id}})), 6010);
    CheckAnswer(who->Call(Changing("event.replay", {{"id", event_id}})), 6010);
  };
  unknown(&stranger, id, event);
  unknown(&client, kNobody, "pay_00000000000000000000000000:payment.created");
  unknown(&client, "", "");
  unknown(&client, "wh_' OR 1=1", std::string(3000, 'x'));
  const std::string own = Text(CreateWebhook(&stranger, "https://shop.example/hooks")["id"]);
  CheckAnswer(client.Call(Changing("event.replay", {{"id", event}, {"webhook_id", own}})), 6010);
  CHECK(ResultOf(stranger.Call(Looking("event.list", json::object())))["events"].empty());
  CHECK(ResultOf(stranger.Call(Looking("event.list", {{"h_id", h_id}})))["events"].empty());
  CHECK(ResultOf(stranger.Call(Looking("webhook.list", json::object())))["webhooks"].size() == 1);
  CHECK(ResultOf(client.Call(Looking("webhook.get", {{"id", id}})))["webhook"]["description"] == "");
}

struct Wrong {
  std::string field;
  json value;
};

TEST_CASE("gateway: each field of the webhook methods is checked, and what is refused changes nothing") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  const std::string id = Text(CreateWebhook(&client, "https://shop.example/hooks")["id"]);
  CreateWebhook(&client, "https://shop.example/taken");
  const json before = ResultOf(client.Call(Looking("webhook.list", json::object())));
  const std::vector<Wrong> settings = {{"url", "shop.example"},
                                       {"url", 5},
                                       {"url", "https://10.0.0.1/"},
                                       {"url", "https://[fd00::1]/"},
                                       {"url", "https://user:pw@shop.example/"},
                                       {"url", "https://shop.example/#x"},
                                       {"url", "https://shop.example:25/"},
                                       {"url", "https://shop.example/taken"},
                                       {"events", json::array()},
                                       {"events", "*"},
                                       {"events", {"*", "payment.failed"}},
                                       {"events", json::array({"payment.exploded"})},
                                       {"description", std::string(256, 'x')},
                                       {"description", "a\nb"},
                                       {"max_retries", 21},
                                       {"max_retries", "3"},
                                       {"retry_delay_seconds", 0},
                                       {"timeout_seconds", 30.5}};
  for (const std::string& method : {std::string("webhook.create"), std::string("webhook.update")}) {
    for (const Wrong& wrong : settings) {
      INFO(method << " " << wrong.field << " " << wrong.value.dump());
      json params = {{"id", id}, {"url", "https://shop.example/x"}};
      params[wrong.field] = wrong.value;
      CheckField(client.Call(Changing(method, params)), "params." + wrong.field);
    }
  }
  CheckField(client.Call(Changing("webhook.create", json::object())), "params.url");
  CheckField(client.Call(Looking("webhook.list", {{"source", "all"}})), "params.source");
  CheckField(client.Call(Looking("webhook.get", json::object())), "params.id");
  CheckField(client.Call(Looking("event.get", {{"id", 5}})), "params.id");
  for (const Wrong& wrong : std::vector<Wrong>{{"type", "payment.exploded"},
                                               {"c_id", true},
                                               {"h_id", 5},
                                               {"from", "yesterday"},
                                               {"to", -1},
                                               {"limit", 0},
                                               {"limit", 101},
                                               {"after", "x"}}) {
    CheckField(client.Call(Looking("event.list", {{wrong.field, wrong.value}})), "params." + wrong.field);
  }
  CheckField(client.Call(Changing("event.replay", {{"id", "x"}, {"webhook_id", 5}})), "params.webhook_id");
  CHECK(ResultOf(client.Call(Looking("webhook.list", json::object()))) == before);
}

TEST_CASE("gateway: a changing call needs its time and a nonce that was not used before") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client(), stranger = sandbox.Client(2);
  const std::string id = Text(CreateWebhook(&client, "https://shop.example/hooks")["id"]);
  std::vector<std::pair<std::string, json>> calls = {{"webhook.create", {{"url", "https://shop.example/x"}}},
                                                     {"event.replay", {{"id", "x"}}}};
  for (const std::string& method : ChangingById()) calls.emplace_back(method, json{{"id", id}});
  for (const auto& [method, params] : calls) {
    INFO(method);
    json call = Changing(method, params);
    call["params"].erase("issued_at");
    CheckField(client.Call(call), "params.issued_at");
    call = Changing(method, params);
    call["params"].erase("nonce");
    CheckField(client.Call(call), "params.nonce");
    for (const json& issued_at : {json(NowSeconds() - 302), json(NowSeconds() + 310), json("2026-01-01T00:00:00Z"),
                                  json("now"), json(nullptr)}) {
      json stale = params;
      stale["issued_at"] = issued_at;
      CheckField(client.Call(Changing(method, stale)), "params.issued_at");
    }
    for (const json& nonce : {json("1234567"), json(std::string(65, 'x')), json("12345678\t"), json(12345678)}) {
      json bad = params;
      bad["nonce"] = nonce;
      CheckField(client.Call(Changing(method, bad)), "params.nonce");
    }
  }
  // Sent again, byte for byte, as somebody who had recorded it would.
  const std::string recorded =
      Changing("webhook.create", {{"url", "https://shop.example/y"}, {"nonce", "once-and-never-again"}}).dump();
  CheckAnswer(client.Call(std::string_view(recorded)), 0);
  CheckField(client.Call(std::string_view(recorded)), "params.nonce");
  for (const std::string& method : ChangingById()) {
    CheckField(client.Call(Changing(method, {{"id", id}, {"nonce", "once-and-never-again"}})), "params.nonce");
  }
  CheckField(client.Call(Changing("event.replay", {{"id", "x"}, {"nonce", "once-and-never-again"}})), "params.nonce");
  // Another application's nonces are its own, and what was refused has used none.
  CreateWebhook(&stranger, "https://shop.example/y", {{"nonce", "once-and-never-again"}});
  CheckAnswer(client.Call(Changing("webhook.enable", {{"id", kNobody}, {"nonce", "still-unused"}})), 6010);
  CheckAnswer(client.Call(Changing("webhook.enable", {{"id", id}, {"nonce", "still-unused"}})), 0);
  // Times in every form.
  for (const json& issued_at :
       {json(NowSeconds()), json(std::to_string(NowSeconds())), json(static_cast<double>(NowSeconds()) + 0.5)}) {
    CheckAnswer(client.Call(Changing("webhook.enable", {{"id", id}, {"issued_at", issued_at}})), 0);
  }
  // A killed gateway forgets nothing.
  sandbox.gateway().Kill9();
  sandbox.gateway().Restart();
  SignedClient later = sandbox.Client();
  CheckField(later.Call(std::string_view(recorded)), "params.nonce");
  CHECK(ResultOf(later.Call(Looking("webhook.list", json::object())))["webhooks"].size() == 2);
}

TEST_CASE("gateway: of many calls with one nonce at once, one is done") {
  Sandbox sandbox(EachEngine());
  constexpr int kCallers = 8;
  const std::string body = Changing("webhook.create", {{"url", "https://shop.example/hooks"}}).dump();
  std::atomic<int> done{0}, refused{0};
  Callers callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.Start([&](const std::atomic<bool>&) {
      SignedClient client = sandbox.Client();
      const Answer answer = client.Call(std::string_view(body));
      if (answer.success()) ++done;
      if (answer.at("/error/details/field") == "params.nonce") ++refused;
    });
  }
  callers.Stop();
  CHECK(done == 1);
  CHECK(refused == kCallers - 1);
  CHECK(sandbox.Count("webhook_endpoints") == 1);
}

TEST_CASE("gateway: a hundred webhooks and not one more") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  std::string last;
  for (int i = 0; i < 100; ++i) {
    last = Text(CreateWebhook(&client, "https://shop.example/" + std::to_string(i))["id"]);
  }
  const Answer full = client.Call(Changing("webhook.create", {{"url", "https://shop.example/100"}}));
  CheckAnswer(full, 5000);
  CHECK(full.at("/error/context") == json{{"max", 100}});
  CHECK(ResultOf(client.Call(Looking("webhook.list", json::object())))["webhooks"].size() == 100);
  ResultOf(client.Call(Changing("webhook.delete", {{"id", last}})));
  CreateWebhook(&client, "https://shop.example/100");
  SignedClient other = sandbox.Client(2);
  CreateWebhook(&other, "https://shop.example/100");
}

TEST_CASE("gateway: the event log is paged, filtered and shown, and an event is sent again") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  WebhookReceiver receiver;
  const std::string id =
      Text(CreateWebhook(&client, receiver.Url("/configured"), {{"events", json::array({"payout.failed"})}})["id"]);
  std::vector<std::string> h_ids;
  for (int i = 0; i < 3; ++i) {
    json request = Deposit(14702, 5000, "INR", i);
    if (i == 0) request["params"]["payment"]["webhook_url"] = receiver.Url("/own");
    h_ids.push_back(IdOf(PaymentIn(client.Call(request))));
  }
  for (const std::string& h_id : h_ids) AwaitFinal(&client, h_id);

  const auto list = [&](const json& params) { return ResultOf(client.Call(Looking("event.list", params))); };
  const json all = list({{"limit", 100}});
  REQUIRE(all["events"].size() == 9);
  CHECK(all["next_cursor"].is_null());
  std::vector<json> seen;
  json params = {{"limit", 2}};
  for (int pages = 0; pages < 5; ++pages) {
    const json page = list(params);
    for (const json& event : page["events"]) seen.push_back(event);
    CHECK(page["next_cursor"].is_null() == (pages == 4));
    params["after"] = page["next_cursor"];
  }
  CHECK(json(seen) == all["events"]);
  for (std::size_t i = 1; i < seen.size(); ++i) CHECK(seen[i]["created_at"] <= seen[i - 1]["created_at"]);
  CHECK(list({{"c_id", 1}})["events"].size() == 3);
  CHECK(list({{"c_id", "1"}})["events"].size() == 3);
  CHECK(list({{"c_id", "no such order"}})["events"].empty());
  CHECK(list({{"h_id", h_ids[2]}})["events"].size() == 3);
  CHECK(list({{"h_id", h_ids[2]}, {"c_id", 1}})["events"].empty());
  CHECK(list({{"type", "payment.completed"}})["events"].size() == 3);
  CHECK(list({{"type", "payment.completed"}, {"limit", 2}})["events"].size() == 2);
  CHECK(list({{"from", NowSeconds() + 60}})["events"].empty());
  CHECK(list({{"to", std::to_string(NowSeconds() - 3600)}})["events"].empty());
  CHECK(list({{"from", seen.back()["created_at"]}, {"limit", 100}})["events"].size() == 9);
  CHECK(list({{"to", seen.back()["created_at"]}})["events"].empty());

  const std::string event = h_ids[0] + ":payment.completed";
  const json listed = list({{"h_id", h_ids[0]}})["events"][0];
  CHECK(listed["id"] == event);
  CHECK(listed["event"] == "payment.completed");
  CHECK(listed["c_id"] == 0);
  CHECK(listed["status_version"] == 3);
  const auto shown = [&] { return ResultOf(client.Call(Looking("event.get", {{"id", event}})))["event"]; };
  json detail = shown();
  for (const auto& [key, value] : listed.items()) CHECK(detail[key] == value);
  CHECK(detail["body"]["id"] == event);
  CHECK(detail["body"]["data"]["result"]["payment"]["status"]["status"] == "success");
  REQUIRE(detail["deliveries"].size() == 1);
  const std::string own = Text(detail["deliveries"][0]["webhook_id"]);
  CHECK(Eventually([&] { return shown()["deliveries"][0]["state"] == "delivered"; }));
  detail = shown();
  REQUIRE(detail["deliveries"][0]["attempts"].size() == 1);
  CHECK(detail["deliveries"][0]["attempts"][0]["http_status"] == 200);
  CHECK(detail["deliveries"][0]["next_attempt_at"].is_null());

  // To everybody, whatever is subscribed to; the same bytes under the same id.
  receiver.Clear();
  const json replayed = ResultOf(client.Call(Changing("event.replay", {{"id", event}})))["deliveries"];
  REQUIRE(replayed.size() == 2);
  CHECK(std::set<std::string>{Text(replayed[0]["webhook_id"]), Text(replayed[1]["webhook_id"])} ==
        std::set<std::string>{id, own});
  REQUIRE(receiver.WaitFor(2));
  for (const auto& request : receiver.Received()) CHECK(json::parse(request.body) == detail["body"]);
  receiver.Clear();
  CHECK(ResultOf(client.Call(Changing("event.replay", {{"id", event}, {"webhook_id", id}})))["deliveries"].size() == 1);
  REQUIRE(receiver.WaitFor(1));
  CHECK(receiver.Received().front().path == "/configured");
  CHECK(shown()["deliveries"].size() == 4);

  // The payment's own endpoint can be looked at, and nothing else.
  CHECK(ResultOf(client.Call(Looking("webhook.get", {{"id", own}})))["webhook"]["source"] == "in_request");
  const json sources = ResultOf(client.Call(Looking("webhook.list", {{"source", "in_request"}})))["webhooks"];
  REQUIRE(sources.size() == 1);
  CHECK(sources[0]["url"] == receiver.Url("/own"));
  for (const std::string& method : ChangingById()) CheckAnswer(client.Call(Changing(method, {{"id", own}})), 6010);
  const std::string other = h_ids[1] + ":payment.completed";
  CheckAnswer(client.Call(Changing("event.replay", {{"id", other}, {"webhook_id", own}})), 6010);
  ResultOf(client.Call(Changing("webhook.disable", {{"id", id}})));
  CheckAnswer(client.Call(Changing("event.replay", {{"id", other}})), 8001);
  CheckAnswer(client.Call(Changing("event.replay", {{"id", event}, {"webhook_id", id}})), 8001);
}

TEST_CASE("gateway: disabling a webhook fails what waits for it") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  WebhookReceiver receiver;
  receiver.OnAnyOther([](const auto&) { return Reaction::Answer(500); });
  const std::string id =
      Text(CreateWebhook(&client, receiver.Url("/hook"), {{"events", json::array({"payment.created"})}})["id"]);
  const std::string h_id = IdOf(PaymentIn(client.Call(Deposit(14702, 5000, "INR", "order-1"))));
  REQUIRE(receiver.WaitFor(1));
  const auto delivery = [&] {
    return ResultOf(client.Call(Looking("event.get", {{"id", h_id + ":payment.created"}})))["event"]["deliveries"][0];
  };
  CHECK(Eventually([&] { return delivery()["attempt_count"] == 1; }));
  CHECK(delivery()["state"] == "pending");
  ResultOf(client.Call(Changing("webhook.disable", {{"id", id}})));
  CHECK(delivery()["state"] == "failed");
  CHECK(delivery()["outcome"] == "endpoint_disabled");
  CHECK(delivery()["next_attempt_at"].is_null());
  CHECK_FALSE(delivery()["finished_at"].is_null());
}

TEST_CASE("gateway: a test is sent at once, and what became of it is the answer") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client();
  WebhookReceiver receiver;
  receiver.On("/bad", Reaction::Answer(500, "no \xff thanks"));
  receiver.On("/gone", Reaction::CloseUnanswered());
  const auto test = [&](const std::string& path) {
    const std::string id =
        Text(CreateWebhook(&client, receiver.Url(path), {{"events", json::array({"payout.failed"})}})["id"]);
    ResultOf(client.Call(Changing("webhook.disable", {{"id", id}})));
    const json result = ResultOf(client.Call(Changing("webhook.test", {{"id", id}})));
    CHECK(result["webhook"]["id"] == id);
    return result["attempt"];
  };
  json attempt = test("/good");
  CHECK(attempt["http_status"] == 200);
  CHECK(attempt["error"].is_null());
  CHECK(attempt["duration_ms"].is_number_integer());
  REQUIRE(receiver.count() == 1);
  const json body = json::parse(receiver.Received().front().body);
  CHECK(Text(body["id"]).rfind("test_", 0) == 0);
  CHECK(Text(body["id"]).ends_with(":webhook.test"));
  CHECK(body["merchant_id"] == "1");
  attempt = test("/bad");
  CHECK(attempt["http_status"] == 500);
  CHECK(attempt["answer"] == "no \xef\xbf\xbd thanks");
  attempt = test("/gone");
  CHECK(attempt["http_status"].is_null());
  CHECK(attempt["error"] == "network");
  // Tests are in no log and make no deliveries.
  CHECK(ResultOf(client.Call(Looking("event.list", json::object())))["events"].empty());
  CHECK(sandbox.Count("webhook_deliveries") == 0);
  CHECK(sandbox.Count("webhook_attempts") == 0);
}

TEST_CASE("gateway: tests and replays are limited to ten a minute, the other webhook methods are not") {
  Sandbox sandbox(TestEngine::kSqlite, {{"MULTIHUB_SIMULATOR_DELAY_MS", "200"}});
  SignedClient client = sandbox.Client();
  for (const std::string& method : {std::string("webhook.test"), std::string("event.replay")}) {
    INFO(method);
    const auto begin = std::chrono::steady_clock::now();
    int admitted = 0;
    Answer answer = client.Call(Changing(method, {{"id", kNobody}}));
    while (answer.http_status != 429 && admitted < 1000) {
      CheckAnswer(answer, 6010);
      ++admitted;
      answer = client.Call(Changing(method, {{"id", kNobody}}));
    }
    CheckAnswer(answer, 1000);
    CHECK(answer.http.Header("Retry-After") != nullptr);
    // One more comes back every six seconds.
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin).count();
    CHECK(admitted >= 10);
    CHECK(admitted <= 12 + seconds / 6);
  }
  for (int i = 0; i < 20; ++i) CheckAnswer(client.Call(Looking("webhook.get", {{"id", kNobody}})), 6010);
  const Answer list = client.Call(Looking("webhook.list", json::object()));
  CheckAnswer(list, 0);
  const std::string* limit = list.http.Header("RateLimit-Limit");
  REQUIRE(limit != nullptr);
  CHECK(*limit == "600");
  SignedClient other = sandbox.Client(2);
  CheckAnswer(other.Call(Changing("webhook.test", {{"id", kNobody}})), 6010);
}

}  // namespace
}  // namespace multihub::functional
