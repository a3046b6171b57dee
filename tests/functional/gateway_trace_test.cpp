// W3C Trace Context from a merchant's call to the log and to the webhooks that follow from it, however late.
#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

#include "support/gateway_fixture.h"
#include "support/webhook_receiver.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::Reaction;
using support::ReceivedRequest;
using support::SignedClient;
using support::WebhookReceiver;

const std::string kParent = "00f067aa0ba902b7";

// A trace id of its own for each call of a test.
std::string TraceId(char digit) { return "4bf92f3577b34da6a3ce929d0e0e473" + std::string(1, digit); }
std::string Traceparent(char digit, const std::string& flags = "01") {
  return "00-" + TraceId(digit) + "-" + kParent + "-" + flags;
}

Answer CallIn(SignedClient* client, const std::string& traceparent, const json& request,
              const std::string& tracestate = "") {
  return client->CallWith(request.dump(), {{"traceparent", traceparent}, {"tracestate", tracestate}});
}

std::string HeaderOf(const ReceivedRequest& request, const std::string& name) {
  const std::string* value = request.Header(name);
  return value == nullptr ? "" : *value;
}

std::string WithoutDashes(std::string uuid) {
  std::erase(uuid, '-');
  return uuid;
}

// By request id, the line of the log.
std::map<std::string, json> LinesOf(const std::string& log, const std::string& event) {
  std::map<std::string, json> lines;
  std::istringstream stream(log);
  for (std::string text; std::getline(stream, text);) {
    const json line = json::parse(text);
    if (line["event"] == event) lines[line["request_id"].get<std::string>()] = line;
  }
  return lines;
}

// The parents of these webhooks, all of one trace and each with a parent of its own.
std::set<std::string> ParentsIn(const std::vector<ReceivedRequest>& webhooks, const std::string& trace_id,
                                const std::string& flags = "01") {
  static const std::regex form("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})");
  std::set<std::string> parents;
  for (const ReceivedRequest& webhook : webhooks) {
    const std::string traceparent = HeaderOf(webhook, "traceparent");
    INFO(HeaderOf(webhook, "X-Webhook-Id") << " " << traceparent);
    std::smatch parts;
    REQUIRE(std::regex_match(traceparent, parts, form));
    CHECK(parts[1] == trace_id);
    CHECK(parts[3] == flags);
    CHECK(parts[2] != kParent);
    CHECK(parts[2] != std::string(16, '0'));
    CHECK(parents.insert(parts[2]).second);
  }
  return parents;
}

std::vector<ReceivedRequest> Of(const WebhookReceiver& receiver, const std::string& path) {
  std::vector<ReceivedRequest> of = receiver.Received();
  std::erase_if(of, [&](const ReceivedRequest& request) { return request.path != path; });
  return of;
}

json DepositTo(const WebhookReceiver& receiver, const std::string& path, const std::string& c_id) {
  json request = Deposit(14702, 5000, "INR", c_id);
  request["params"]["payment"]["webhook_url"] = receiver.Url(path);
  return request;
}

TEST_CASE("gateway: every call's line in the log names its trace: the caller's, or one with the request's own digits") {
  // With limits: without them a stranger's line is for debugging only.
  Sandbox sandbox(TestEngine::kSqlite, {});
  SignedClient client = sandbox.Client();
  const json ping = json::parse(kPing);
  std::map<std::string, std::string> expected;
  const auto call = [&](const std::string& traceparent, const std::string& trace_id) {
    const Answer answer = CallIn(&client, traceparent, ping, "rojo=1");
    CheckAnswer(answer, 0);
    CHECK(answer.http.Header("traceparent") == nullptr);
    const std::string id = answer.at("/request_id").get<std::string>();
    expected[id] = trace_id.empty() ? WithoutDashes(id) : trace_id;
  };
  call(Traceparent('1'), TraceId('1'));
  call(Traceparent('2', "00"), TraceId('2'));
  call("cc-" + TraceId('3') + "-" + kParent + "-01-later", TraceId('3'));
  call("", "");
  call("00-" + std::string(32, '0') + "-" + kParent + "-01", "");
  call("00-" + TraceId('A') + "-" + kParent + "-01", "");
  call(Traceparent('4') + "-x", "");
  call("ff" + Traceparent('5').substr(2), "");
  // Twice: which of them?
  auto headers = client.Headers(kPing);
  headers.emplace_back("traceparent", Traceparent('6'));
  headers.emplace_back("Traceparent", Traceparent('6'));
  const Answer twice = client.CallRaw("POST", support::kApiPath, headers, kPing);
  CheckAnswer(twice, 0);
  const std::string twice_id = twice.at("/request_id").get<std::string>();
  expected[twice_id] = WithoutDashes(twice_id);
  // Whoever does not authenticate, too.
  const Answer stranger =
      client.CallWith(kPing, {{"X-Data-Hash", support::Sign("x", "wrong")}, {"traceparent", Traceparent('7')}});
  CheckUnsigned(stranger, 3000);
  CHECK(sandbox.gateway().Terminate() == 0);

  const auto lines = LinesOf(sandbox.gateway().log(), "call");
  for (const auto& [request_id, trace_id] : expected) {
    INFO(request_id);
    REQUIRE(lines.contains(request_id));
    CHECK(lines.at(request_id)["trace_id"] == trace_id);
  }
  const auto refused = LinesOf(sandbox.gateway().log(), "call_refused");
  REQUIRE(refused.size() == 1);
  CHECK(refused.begin()->second["trace_id"] == TraceId('7'));
}

TEST_CASE("gateway: every webhook of a payment belongs to the trace of the call that made it") {
  Sandbox sandbox(EachEngine());
  WebhookReceiver receiver;
  sandbox.Cli({"webhook", "create", "--app", "1", "--url", receiver.Url("/all"), "--events", "*"});
  SignedClient client = sandbox.Client();
  const auto pay = [&](const std::string& traceparent, const std::string& c_id, const std::string& tracestate) {
    receiver.Clear();
    const Answer answer = CallIn(&client, traceparent, Deposit(14702, 5000, "INR", c_id), tracestate);
    AwaitFinal(&client, IdOf(PaymentIn(answer)));
    REQUIRE(receiver.WaitFor(3));
    return WithoutDashes(answer.at("/request_id").get<std::string>());
  };
  const auto check = [&](const std::string& trace_id, const std::string& flags, const std::string& tracestate) {
    CHECK(ParentsIn(receiver.Received(), trace_id, flags).size() == 3);
    for (const ReceivedRequest& webhook : receiver.Received()) CHECK(HeaderOf(webhook, "tracestate") == tracestate);
  };
  pay(Traceparent('1'), "sampled", " rojo=00f067aa0ba902b7 ,, congo=t61rcWkgMzE");
  check(TraceId('1'), "01", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  pay(Traceparent('2', "00"), "not-sampled", "rojo=1,rojo=2");
  check(TraceId('2'), "00", "");
  const std::string begun = pay("", "begun", "rojo=1");
  check(begun, "01", "");
  const std::string invalid = pay(Traceparent('3') + "x", "invalid", "rojo=1");
  check(invalid, "01", "");
  // A repeated c_id makes nothing, and changes nothing of what is there.
  const Answer again = CallIn(&client, Traceparent('4'), Deposit(14702, 5000, "INR", "sampled"));
  CheckAnswer(again, 6009);
  CHECK(sandbox.Count("payments WHERE trace_context LIKE '" + TraceId('4') + "%'") == 0);
  CHECK(sandbox.Sql("SELECT trace_context FROM payments WHERE c_id = 'sampled'") ==
        Rows{{TraceId('1') + "-01 rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"}});
  CHECK(sandbox.Count("webhook_deliveries WHERE trace_context IS NOT NULL") == 0);
}

TEST_CASE("gateway: a webhook that another process repeats after a kill still belongs to its trace") {
  auto env = FastSandbox();
  env["MULTIHUB_WEBHOOKS_LEASE_SLACK_MS"] = "1000";
  Sandbox sandbox(EachEngine(), env);
  WebhookReceiver receiver;
  receiver.On("/late", Reaction::Answer(503));
  sandbox.Cli({"webhook", "create", "--app", "1", "--url", receiver.Url("/late"), "--events", "payment.completed",
               "--max-retries", "20", "--retry-delay", "1", "--timeout", "1"});
  SignedClient client = sandbox.Client();
  const Answer answer = CallIn(&client, Traceparent('8'), Deposit(14702, 5000, "INR", "late"), "rojo=1");
  AwaitFinal(&client, IdOf(PaymentIn(answer)));
  REQUIRE(receiver.WaitFor(1));
  sandbox.gateway().Kill9();
  const std::size_t before = receiver.count();
  sandbox.gateway().Restart();
  receiver.On("/late", Reaction::Answer(200));
  CHECK(Eventually([&] { return sandbox.Count("webhook_deliveries WHERE state = 'delivered'") == 1; }));
  REQUIRE(receiver.count() > before);
  CHECK(ParentsIn(receiver.Received(), TraceId('8')).size() == receiver.count());
  CHECK(HeaderOf(receiver.Received().back(), "tracestate") == "rojo=1");
}

TEST_CASE("gateway: what a call asks for again, and a test, belongs to the trace of that call") {
  Sandbox sandbox(EachEngine());
  WebhookReceiver receiver;
  SignedClient client = sandbox.Client();
  const std::string h_id = IdOf(PaymentIn(CallIn(&client, Traceparent('1'), DepositTo(receiver, "/own", "again"))));
  AwaitFinal(&client, h_id);
  REQUIRE(receiver.WaitFor(2));
  ParentsIn(receiver.Received(), TraceId('1'));

  receiver.Clear();
  CheckAnswer(CallIn(&client, Traceparent('2', "00"), NotificationOf(ById(h_id)), "rojo=1"), 0);
  REQUIRE(receiver.WaitFor(1));
  ParentsIn(receiver.Received(), TraceId('2'), "00");
  CHECK(HeaderOf(receiver.Received().front(), "tracestate") == "rojo=1");

  const auto changing = [](const std::string& method, json params) {
    static int nonce = 0;
    params["issued_at"] =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    params["nonce"] = "trace-nonce-" + std::to_string(++nonce);
    return json{{"method", method}, {"params", params}};
  };
  receiver.Clear();
  const std::string event_id = h_id + ":payment.completed";
  CheckAnswer(CallIn(&client, Traceparent('3'), changing("event.replay", {{"id", event_id}})), 0);
  REQUIRE(receiver.WaitFor(1));
  ParentsIn(receiver.Received(), TraceId('3'));

  const std::string configured =
      sandbox.Cli({"webhook", "create", "--app", "1", "--url", receiver.Url("/test")})["webhook"]["id"];
  CheckAnswer(CallIn(&client, Traceparent('4'), changing("webhook.test", {{"id", configured}})), 0);
  REQUIRE(Of(receiver, "/test").size() == 1);
  ParentsIn(Of(receiver, "/test"), TraceId('4'));

  // The operator has no trace: what he sends again is the payment's own, and a test begins one.
  receiver.Clear();
  sandbox.Cli({"event", "replay", event_id, "--webhook",
               sandbox.Sql("SELECT id FROM webhook_endpoints WHERE source = 'in_request'").at(0).at(0)});
  REQUIRE(receiver.WaitFor(1));
  ParentsIn(receiver.Received(), TraceId('1'));
  sandbox.Cli({"webhook", "test", configured});
  REQUIRE(Of(receiver, "/test").size() == 1);
  CHECK(HeaderOf(Of(receiver, "/test").front(), "traceparent").size() == 55);

  // A payment from before traces were kept has none, and says so.
  sandbox.Sql("UPDATE payments SET trace_context = NULL");
  receiver.Clear();
  sandbox.Cli({"event", "replay", event_id, "--webhook",
               sandbox.Sql("SELECT id FROM webhook_endpoints WHERE source = 'in_request'").at(0).at(0)});
  REQUIRE(receiver.WaitFor(1));
  CHECK(receiver.Received().front().Header("traceparent") == nullptr);
  CHECK(receiver.Received().front().Header("tracestate") == nullptr);
}

}  // namespace
}  // namespace multihub::functional
