// Webhooks from the payment to the merchant's receiver, by the real gateway; killed, too.
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <random>
#include <set>

#include "multihub/base/clock.h"
#include "support/gateway_fixture.h"
#include "support/webhook_receiver.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::Reaction;
using support::ReceivedRequest;
using support::SignedClient;
using support::WebhookReceiver;

// A lease ends a second after its attempt's timeout, so that a killed gateway's work is soon taken up.
std::map<std::string, std::string> QuickLeases() {
  auto env = FastSandbox();
  env["MULTIHUB_WEBHOOKS_LEASE_SLACK_MS"] = "1000";
  return env;
}

std::string Create(const Sandbox& sandbox, const std::string& url, std::vector<std::string> more = {}) {
  std::vector<std::string> words = {"webhook", "create", "--app", "1", "--url", url, "--timeout", "1"};
  words.insert(words.end(), more.begin(), more.end());
  return sandbox.Cli(words)["webhook"]["id"].get<std::string>();
}

std::string HeaderOf(const ReceivedRequest& request, const std::string& name) {
  const std::string* value = request.Header(name);
  return value == nullptr ? "" : *value;
}

// By event id, every body that came.
std::map<std::string, std::vector<std::string>> BodiesById(const WebhookReceiver& receiver) {
  std::map<std::string, std::vector<std::string>> bodies;
  for (const ReceivedRequest& request : receiver.Received()) {
    bodies[HeaderOf(request, "X-Webhook-Id")].push_back(request.body);
  }
  return bodies;
}

std::set<std::string> EventIds(const Sandbox& sandbox) {
  std::set<std::string> ids;
  for (const auto& row : sandbox.Sql("SELECT event_id FROM events")) ids.insert(row.at(0));
  return ids;
}

// Every stored event has come, with nothing else; a repeated one with the same bytes, at most `repeats` times over all.
void CheckAllArrive(const Sandbox& sandbox, const WebhookReceiver& receiver, std::size_t repeats) {
  CHECK(Eventually([&] {
    const auto bodies = BodiesById(receiver);
    const auto ids = EventIds(sandbox);
    return std::all_of(ids.begin(), ids.end(), [&](const std::string& id) { return bodies.contains(id); });
  }));
  const auto ids = EventIds(sandbox);
  std::size_t again = 0;
  for (const auto& [id, bodies] : BodiesById(receiver)) {
    INFO(id);
    CHECK(ids.contains(id));
    again += bodies.size() - 1;
    for (const std::string& body : bodies) CHECK(body == bodies.front());
    CHECK(json::parse(bodies.front())["id"] == id);
  }
  CHECK(again <= repeats);
  CHECK(Eventually([&] { return sandbox.Count("webhook_deliveries WHERE state = 'pending'") == 0; }));
}

TEST_CASE("gateway: every event reaches the endpoints that want it, signed, in order, with the payment as it was") {
  Sandbox sandbox(EachEngine());
  WebhookReceiver receiver;
  Create(sandbox, receiver.Url("/all"), {"--events", "*"});
  Create(sandbox, receiver.Url("/default"));
  Create(sandbox, receiver.Url("/failed"), {"--events", "payment.failed"});
  SignedClient client = sandbox.Client();
  const std::string h_id = IdOf(PaymentIn(client.Call(Deposit(14702, 5000, "INR", "one"))));
  AwaitFinal(&client, h_id);
  REQUIRE(receiver.WaitFor(5));
  std::map<std::string, std::vector<json>> by_path;
  for (const ReceivedRequest& request : receiver.Received()) {
    const json body = json::parse(request.body);
    by_path[request.path].push_back(body);
    CHECK(HeaderOf(request, "X-Data-Hash") == support::Sign(request.body, support::SandboxSecret(1)));
    const std::string timestamp = HeaderOf(request, "X-Webhook-Timestamp");
    CHECK(HeaderOf(request, "X-Webhook-Signature-V2") ==
          support::Sign(timestamp + request.body, support::SandboxSecret(1)));
    CHECK(body["merchant_id"] == "1");
    CHECK(body["data"]["success"] == true);
    CHECK(body["data"]["next"].is_null());
    CHECK(body["data"]["result"]["payment"]["identifiers"]["h_id"] == h_id);
  }
  REQUIRE(by_path["/all"].size() == 3);
  const std::vector<std::string> names = {"created", "processing", "completed"};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(by_path["/all"][i]["id"] == h_id + ":payment." + names[i]);
    CHECK(by_path["/all"][i]["data"]["result"]["payment"]["status_version"] == i + 1);
  }
  CHECK(by_path["/all"][2]["data"]["result"]["payment"] == PaymentIn(client.Call(StatusOf(ById(h_id)))));
  CHECK(by_path["/default"].size() == 2);
  CHECK(by_path.count("/failed") == 0);
}

TEST_CASE("gateway: a payment's own URL hears of it once, as the configured endpoint when it is both") {
  Sandbox sandbox(EachEngine());
  WebhookReceiver receiver;
  Create(sandbox, receiver.Url("/both"), {"--events", "payment.failed"});
  SignedClient client = sandbox.Client();
  const auto pay = [&](const std::string& path, const std::string& c_id, const json& events) {
    json request = Deposit(14702, 5000, "INR", c_id);
    request["params"]["payment"]["webhook_url"] = receiver.Url(path);
    if (!events.is_null()) request["params"]["payment"]["webhook_events"] = events;
    const std::string h_id = IdOf(PaymentIn(client.Call(request)));
    AwaitFinal(&client, h_id);
    return h_id;
  };
  const std::string both = pay("/both", "both", {"payment.completed"});
  const std::string own = pay("/own", "own", nullptr);
  const std::string again = pay("/own", "again", {"payment.created"});
  REQUIRE(receiver.WaitFor(4));
  CHECK(Eventually([&] { return sandbox.Count("webhook_deliveries WHERE state = 'delivered'") == 4; }));
  std::multiset<std::string> got;
  for (const ReceivedRequest& request : receiver.Received()) {
    got.insert(request.path + " " + HeaderOf(request, "X-Webhook-Id"));
  }
  CHECK(got == std::multiset<std::string>{"/both " + both + ":payment.completed", "/own " + own + ":payment.created",
                                          "/own " + own + ":payment.completed", "/own " + again + ":payment.created"});
  CHECK(sandbox.Count("webhook_endpoints WHERE source = 'in_request'") == 1);
  CHECK(sandbox.Cli({"webhook", "list", "--app", "1"})["webhooks"].size() == 1);

  // And once more at the merchant's wish.
  receiver.Clear();
  CheckAnswer(client.Call(NotificationOf(ById(again))), 0);
  REQUIRE(receiver.WaitFor(2));
  std::set<std::string> paths;
  for (const ReceivedRequest& request : receiver.Received()) {
    CHECK(HeaderOf(request, "X-Webhook-Id") == again + ":payment.completed");
    paths.insert(request.path);
  }
  CHECK(paths == std::set<std::string>{"/both", "/own"});
}

TEST_CASE("gateway: what was rolled back is never sent, and a receiver's outage loses nothing") {
  Sandbox sandbox(EachEngine());
  WebhookReceiver receiver;
  Create(sandbox, receiver.Url("/hook"), {"--events", "*", "--max-retries", "20", "--retry-delay", "1"});
  SignedClient client = sandbox.Client();
  receiver.GoDown();
  std::set<std::string> ids;
  for (int n = 0; n < 5; ++n) {
    ids.insert(IdOf(PaymentIn(client.Call(Deposit(14702, 5000, "INR", "out-" + std::to_string(n))))));
    // Refused: the same again, and a payout nobody can pay for.
    CheckAnswer(client.Call(Deposit(14702, 5000, "INR", "out-" + std::to_string(n))), 6009);
    CheckAnswer(client.Call(MxnPayout(99'000'000, "much-" + std::to_string(n))), 1012);
  }
  for (const std::string& h_id : ids) AwaitFinal(&client, h_id);
  CHECK(Eventually([&] { return sandbox.Count("webhook_attempts WHERE error = 'connect'") > 5; }));
  receiver.ComeBack();
  CheckAllArrive(sandbox, receiver, 0);
  CHECK(EventIds(sandbox).size() == 15);
}

// ---- kill -9 -----------------------------------------------------------------------------------------------------

// A moment of a webhook's way at which the gateway is killed. `reach` returns when it has come.
struct KillPoint {
  const char* name;
  std::function<void(WebhookReceiver&)> prepare;
  std::function<void(Sandbox&, WebhookReceiver&, const std::string& h_id)> reach;
};

const std::vector<KillPoint>& KillPoints() {
  using Ms = std::chrono::milliseconds;
  static const auto nothing = [](WebhookReceiver&) {};
  static const auto answers = [](std::vector<Reaction> reactions) {
    return [reactions](WebhookReceiver& receiver) { receiver.On("/hook", reactions); };
  };
  static const auto arrived = [](std::size_t count) {
    return [count](Sandbox&, WebhookReceiver& receiver, const std::string&) { CHECK(receiver.WaitFor(count)); };
  };
  static const auto stored = [](const std::string& what) {
    return [what](Sandbox& sandbox, WebhookReceiver&, const std::string&) {
      CHECK(Eventually([&] { return sandbox.Count(what) > 0; }));
    };
  };
  static const std::vector<KillPoint> points = {
      {"the payment was acknowledged", nothing, [](Sandbox&, WebhookReceiver&, const std::string&) {}},
      {"the receiver cannot be reached", [](WebhookReceiver& receiver) { receiver.GoDown(); },
       stored("webhook_attempts WHERE error = 'connect'")},
      {"the request arrived and is not answered", answers({Reaction::Delayed(Ms(800)), Reaction::Answer(200)}),
       arrived(1)},
      {"the answer is half sent", answers({Reaction::ByteByByte(Ms(20)), Reaction::Answer(200)}), arrived(1)},
      {"the answer was just sent", nothing, arrived(1)},
      {"the attempt was recorded", nothing, stored("webhook_attempts WHERE http_status = 200")},
      {"a failed attempt was recorded and waits", answers({Reaction::Answer(503), Reaction::Answer(200)}),
       stored("webhook_attempts WHERE http_status = 503")},
      {"a retry arrived and is not answered",
       answers({Reaction::Answer(503), Reaction::Delayed(Ms(800)), Reaction::Answer(200)}), arrived(2)},
      {"the provider's word moved the payment", nothing,
       [](Sandbox& sandbox, WebhookReceiver&, const std::string& h_id) {
         SignedClient client = sandbox.Client();
         AwaitFinal(&client, h_id);
       }},
      {"it was told to end and drains", answers({Reaction::Delayed(Ms(800)), Reaction::Answer(200)}),
       [](Sandbox& sandbox, WebhookReceiver& receiver, const std::string&) {
         CHECK(receiver.WaitFor(1));
         ::kill(sandbox.gateway().pid(), SIGTERM);
       }},
  };
  return points;
}

TEST_CASE("gateway: killed at any point of a webhook's way it loses no event") {
  const TestEngine engine = EachEngine();
  for (const KillPoint& point : KillPoints()) {
    INFO(point.name);
    Sandbox sandbox(engine, QuickLeases());
    WebhookReceiver receiver;
    Create(sandbox, receiver.Url("/hook"), {"--events", "*", "--max-retries", "20", "--retry-delay", "1"});
    point.prepare(receiver);
    SignedClient client = sandbox.Client();
    const std::string h_id = IdOf(PaymentIn(client.Call(Deposit(14702, 5000, "INR", "one"))));
    point.reach(sandbox, receiver, h_id);
    sandbox.gateway().Kill9();
    receiver.ComeBack();
    sandbox.gateway().Restart();
    SignedClient after = sandbox.Client();
    AwaitFinal(&after, h_id);
    // Each event may come once more for the kill, and again for each of the two answers that are failures at most.
    CheckAllArrive(sandbox, receiver, 3 + 2);
    CHECK(EventIds(sandbox).size() >= 2);
  }
}

TEST_CASE("gateway: killed at random under load it loses no event, and repeats few") {
  const TestEngine engine = EachEngine();
  const int kills = 3 * SoakScale();
  const std::uint64_t seed = SoakSeed();
  std::cout << "webhooks, kill -9, " << (engine == TestEngine::kSqlite ? "SQLite" : "MariaDB") << ", " << kills
            << " times: MULTIHUB_SOAK_SEED=" << seed << std::endl;
  std::mt19937_64 random(seed);
  Sandbox sandbox(engine, QuickLeases());
  WebhookReceiver receiver;
  Create(sandbox, receiver.Url("/hook"), {"--events", "*", "--max-retries", "20", "--retry-delay", "1"});
  Acknowledged acknowledged;
  for (int kill = 0; kill < kills; ++kill) {
    INFO("kill " << kill);
    const std::size_t before = acknowledged.payments().size();
    {
      Callers callers;
      for (int caller = 0; caller < 3; ++caller) {
        const std::string prefix = "w" + std::to_string(kill) + "-" + std::to_string(caller);
        callers.Start([&sandbox, &acknowledged, prefix](const std::atomic<bool>& stop) {
          SignedClient client = sandbox.Client();
          for (int n = 0; !stop; ++n) {
            const std::string c_id = prefix + "-" + std::to_string(n);
            const Answer answer = client.Call(Deposit(14702, 5000, "INR", c_id));
            if (!answer.ok()) return;
            if (answer.success()) acknowledged.Add(c_id, answer.at("/result/payment/identifiers/h_id"));
          }
        });
      }
      const std::size_t enough = before + random() % 60 + 1;
      CHECK(Eventually([&] { return acknowledged.payments().size() >= enough; }));
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 50000));
      sandbox.gateway().Kill9();
    }
    sandbox.gateway().Restart();
  }
  CheckAllBecomeFinal(sandbox);
  // Of each kill no more than what was on its way: 8 to one origin, and what was answered and not yet recorded.
  CheckAllArrive(sandbox, receiver, static_cast<std::size_t>(kills) * (8 + 256));
  for (const auto& [c_id, h_id] : acknowledged.payments()) {
    INFO(c_id);
    // Three, or two when the provider's first word was lost with the process.
    const std::int64_t events = sandbox.Count("events WHERE h_id = '" + h_id + "'");
    CHECK(events >= 2);
    CHECK(sandbox.Count("webhook_deliveries WHERE h_id = '" + h_id + "' AND state = 'delivered'") == events);
  }
  std::size_t repeated = 0, all = 0;
  for (const auto& [id, bodies] : BodiesById(receiver)) {
    repeated += bodies.size() - 1;
    all += bodies.size();
  }
  std::cout << "  " << acknowledged.payments().size() << " acknowledged, " << all << " webhooks, " << repeated
            << " of them repetitions" << std::endl;
}

TEST_CASE("gateway: two processes send every event once between them, and one goes on for both") {
  Sandbox sandbox(TestEngine::kMysql, QuickLeases());
  support::GatewayOptions options;
  options.database_url = sandbox.gateway().database_url();
  options.env = QuickLeases();
  support::GatewayProcess second(options);
  WebhookReceiver receiver;
  Create(sandbox, receiver.Url("/hook"), {"--events", "*"});
  const auto pay_at = [&](std::uint16_t port, const std::string& prefix, int count) {
    SignedClient client(port, 1, support::SandboxSecret(1));
    int refused = 0;
    for (int n = 0; n < count; ++n) {
      if (!client.Call(Deposit(14702, 5000, "INR", prefix + std::to_string(n))).success()) ++refused;
    }
    return refused;
  };
  REQUIRE(pay_at(sandbox.gateway().port(), "a", 20) == 0);
  REQUIRE(pay_at(second.port(), "b", 20) == 0);
  CheckAllBecomeFinal(sandbox);
  CheckAllArrive(sandbox, receiver, 0);

  int refused = 0;
  std::thread load([&] { refused = pay_at(sandbox.gateway().port(), "c", 20); });
  second.Kill9();
  load.join();
  CHECK(refused == 0);
  CheckAllBecomeFinal(sandbox);
  CheckAllArrive(sandbox, receiver, 8 + 256);
}

// ---- bad company -------------------------------------------------------------------------------------------------

std::int64_t ResidentKb(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stoll(line.substr(6));
  }
  return 0;
}

// Seconds from the commit to the arrival of each, sorted.
std::vector<double> Delays(const WebhookReceiver& receiver) {
  const auto offset =
      std::chrono::system_clock::now().time_since_epoch() - std::chrono::steady_clock::now().time_since_epoch();
  std::vector<double> delays;
  for (const ReceivedRequest& request : receiver.Received()) {
    base::UnixMs created_ms = 0;
    REQUIRE(base::ParseIso8601(json::parse(request.body)["created_at"], &created_ms));
    const std::chrono::duration<double, std::milli> arrived = request.at.time_since_epoch() + offset;
    delays.push_back((arrived.count() - static_cast<double>(created_ms)) / 1000);
  }
  std::sort(delays.begin(), delays.end());
  return delays;
}

TEST_CASE("gateway: dead, slow and endless receivers with long queues keep nobody else waiting, and fit in memory") {
  const TestEngine engine = EachEngine();
  auto env = FastSandbox();
  env["MULTIHUB_SIMULATOR_DELAY_MS"] = "86400000";  // only payment.created happens
  Sandbox sandbox(engine, env);
  WebhookReceiver bad, good;
  bad.On("/byte", Reaction::ByteByByte(std::chrono::seconds(1)));
  bad.On("/endless", Reaction::Endless());
  bad.OnAnyOther([](const ReceivedRequest&) { return Reaction::NeverAnswer(); });
  for (const char* path : {"/never", "/byte", "/endless"}) {
    sandbox.Cli({"webhook", "create", "--app", "1", "--url", bad.Url(path)});
  }
  for (int n = 0; n < 100; ++n) {
    sandbox.Cli({"webhook", "create", "--app", "2", "--url", bad.Url("/dead" + std::to_string(n))});
  }
  sandbox.Cli({"webhook", "create", "--app", "5", "--url", good.Url("/good")});

  // Long queues for the bad: three times as many for application 1, a hundred times for application 2.
  const int queued = 500 * SoakScale();
  std::atomic<int> refused{0};
  {
    std::vector<std::thread> threads;
    for (int part = 0; part < 4; ++part) {
      threads.emplace_back([&, part] {
        SignedClient one = sandbox.Client(1), two = sandbox.Client(2);
        for (int n = part; n < queued; n += 4) {
          if (!one.Call(Deposit(14702, 5000, "INR", "bad-" + std::to_string(n))).success()) ++refused;
          if (n % 100 != 0) continue;
          if (!two.Call(Deposit(14702, 5000, "INR", "dead-" + std::to_string(n))).success()) ++refused;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  REQUIRE(refused == 0);
  const std::int64_t before_kb = ResidentKb(sandbox.gateway().pid());
  SignedClient honest = sandbox.Client(5);
  const int count = 100;
  for (int n = 0; n < count; ++n) {
    REQUIRE(honest.Call(Deposit(14702, 5000, "INR", "good-" + std::to_string(n))).success());
  }
  REQUIRE(good.WaitFor(count, kPatience));
  const std::vector<double> delays = Delays(good);
  const double p99 = delays.at(delays.size() * 99 / 100);
  const std::int64_t after_kb = ResidentKb(sandbox.gateway().pid());
  std::cout << "bad company, " << (engine == TestEngine::kSqlite ? "SQLite" : "MariaDB") << ": "
            << sandbox.Count("webhook_deliveries WHERE state = 'pending'")
            << " deliveries wait; another application's webhooks came after " << delays.at(delays.size() / 2) * 1000
            << " ms (p50), " << p99 * 1000 << " ms (p99); memory " << before_kb / 1024 << " MB, then "
            << after_kb / 1024 << " MB" << std::endl;
  CHECK(p99 < 10);
  CHECK(after_kb - before_kb < 100 * 1024);
  // Nothing is given up so soon. (An endless answer is cut off after 64 KiB, and its status counts.)
  CHECK(sandbox.Count("webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id WHERE "
                      "d.application_id = 1 AND e.url NOT LIKE '%/endless' AND d.state = 'pending'") == 2 * queued);
  CHECK(bad.open_connections() <= 16);
}

}  // namespace
}  // namespace multihub::functional
