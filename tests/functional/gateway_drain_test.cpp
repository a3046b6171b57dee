// The end of a gateway's service, and what operators change while it serves.
#include <signal.h>

#include <optional>

#include "support/gateway_fixture.h"
#include "support/tcp_client.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::SignedClient;

void PayUntilClosed(const Sandbox& sandbox, const std::string& prefix, Acknowledged* acknowledged) {
  SignedClient client = sandbox.Client();
  for (int n = 0;; ++n) {
    const std::string c_id = prefix + "-" + std::to_string(n);
    const Answer answer = client.Call(Deposit(14702, 5000, "INR", c_id));
    if (!answer.ok()) return;
    if (answer.success() && answer.signature_ok) {
      acknowledged->Add(c_id, answer.at("/result/payment/identifiers/h_id").get<std::string>());
    } else {
      acknowledged->AddTrouble(c_id + ": " + answer.raw);
    }
  }
}

TEST_CASE("gateway: SIGTERM under load ends it with every call it took answered") {
  Sandbox sandbox(EachEngine());
  for (int round = 0; round < SoakScale(); ++round) {
    Acknowledged acknowledged;
    Callers callers;
    for (int caller = 0; caller < 4; ++caller) {
      const std::string prefix = "d" + std::to_string(round) + "-" + std::to_string(caller);
      callers.Start([&sandbox, &acknowledged, prefix](const std::atomic<bool>&) {
        PayUntilClosed(sandbox, prefix, &acknowledged);
      });
    }
    CHECK(Eventually([&] { return acknowledged.payments().size() >= 20; }));
    const int exit_code = sandbox.gateway().Terminate();
    callers.Stop();
    CHECK(exit_code == 0);
    CHECK(acknowledged.troubles().empty());
    // A payment that is stored was taken, so its caller was told.
    CHECK(sandbox.Count("payments WHERE c_id LIKE 'd" + std::to_string(round) + "-%'") ==
          static_cast<std::int64_t>(acknowledged.payments().size()));
    sandbox.gateway().Restart();
    CheckNothingLost(sandbox, acknowledged.payments());
  }
  CheckAllBecomeFinal(sandbox);
}

// HTTP status of a GET on the ops port; 0 when nobody answers.
int OpsStatus(Sandbox* sandbox, const std::string& path) {
  support::TcpClient client;
  if (!client.Connect("127.0.0.1", sandbox->gateway().ops_port())) return 0;
  if (!client.SendAll("GET " + path + " HTTP/1.1\r\nHost: ops\r\n\r\n")) return 0;
  const auto response = client.ReadHttpResponse();
  return response ? response->status : 0;
}

// A database that does not answer keeps a call, and so the drain, waiting.
class Draining {
 public:
  explicit Draining(Sandbox* sandbox) {
    support::SharedMariadb().Freeze();
    const SignedClient caller = sandbox->Client();
    const std::string body = Deposit(14702, 5000, "INR", "in flight").dump();
    REQUIRE(waiting_.Connect("127.0.0.1", sandbox->gateway().port()));
    REQUIRE(waiting_.SendAll(support::HttpRequest("POST", support::kApiPath, caller.Headers(body), body)));
    // One thread reads all calls in turn: when later ones are answered, this one was taken.
    SignedClient ping = sandbox->Client();
    for (int i = 0; i < 3; ++i) CheckAnswer(ping.Call(std::string_view(kPing)), 0);
    sandbox->gateway().process().Signal(SIGTERM);
  }
  ~Draining() { support::SharedMariadb().Thaw(); }

  std::optional<support::HttpResponse> Answer() { return waiting_.ReadHttpResponse(std::chrono::minutes(2)); }

 private:
  support::TcpClient waiting_;
};

TEST_CASE("gateway: while it drains it is alive but not ready, and takes no new connection") {
  Sandbox sandbox(TestEngine::kMysql);
  CHECK(OpsStatus(&sandbox, "/readyz") == 200);
  Draining draining(&sandbox);
  CHECK(Eventually([&] { return OpsStatus(&sandbox, "/readyz") == 503; }));
  CHECK(OpsStatus(&sandbox, "/healthz") == 200);
  SignedClient late = sandbox.Client();
  CHECK_FALSE(late.Call(std::string_view(kPing)).ok());
  support::SharedMariadb().Thaw();
  const auto answer = draining.Answer();
  REQUIRE(answer.has_value());
  const std::string* hash = answer->Header("X-Data-Hash");
  REQUIRE(hash != nullptr);
  CHECK(*hash == support::Sign(answer->body, support::SandboxSecret(1)));
  const auto status = sandbox.gateway().process().WaitExit(std::chrono::minutes(2));
  REQUIRE(status.has_value());
  CHECK(status->code == 0);
}

TEST_CASE("gateway: before it drains it is not ready for a while, and takes connections and calls all the same") {
  auto env = FastSandbox();
  env["MULTIHUB_DRAIN_LAME_DUCK_MS"] = "3000";
  Sandbox sandbox(EachEngine(), env);
  SignedClient kept = sandbox.Client();
  CheckAnswer(kept.Call(std::string_view(kPing)), 0);
  sandbox.gateway().process().Signal(SIGTERM);
  CHECK(Eventually([&] { return OpsStatus(&sandbox, "/readyz") == 503; }));
  Acknowledged acknowledged;
  // A new connection for each call, until there are none any more.
  for (int n = 0;; ++n) {
    SignedClient fresh = sandbox.Client();
    const std::string c_id = "lame-" + std::to_string(n);
    const Answer answer = fresh.Call(Deposit(14702, 5000, "INR", c_id));
    if (!answer.ok()) break;
    CheckAnswer(answer, 0);
    acknowledged.Add(c_id, IdOf(PaymentIn(answer)));
    if (n == 0) CheckAnswer(kept.Call(std::string_view(kPing)), 0);
  }
  CHECK_FALSE(acknowledged.payments().empty());
  const auto status = sandbox.gateway().process().WaitExit(std::chrono::minutes(1));
  REQUIRE(status.has_value());
  CHECK(status->code == 0);
  sandbox.gateway().Restart();
  CheckNothingLost(sandbox, acknowledged.payments());
}

TEST_CASE("gateway: a second SIGTERM ends it at once, its calls unanswered") {
  Sandbox sandbox(TestEngine::kMysql);
  Draining draining(&sandbox);
  CHECK(Eventually([&] { return OpsStatus(&sandbox, "/readyz") == 503; }));
  CHECK(sandbox.gateway().running());
  sandbox.gateway().process().Signal(SIGTERM);
  // The database still stands: it did not wait for it.
  const auto status = sandbox.gateway().process().WaitExit(std::chrono::minutes(1));
  REQUIRE(status.has_value());
  CHECK(status->signal == 0);
  CHECK_FALSE(draining.Answer().has_value());
}

bool ComesToAnswer(SignedClient* client, const std::function<json()>& request, int code) {
  Answer answer;
  const bool came = Eventually([&] {
    answer = client->Call(request());
    return answer.ok() && answer.code() == code;
  });
  INFO(answer.raw);
  CHECK(came);
  return came;
}

TEST_CASE("gateway: what an operator switches takes effect in the running gateway") {
  Sandbox sandbox(EachEngine());
  SignedClient client = sandbox.Client(2);
  const auto ping = [] { return json::parse(kPing); };
  int count = 0;
  const auto deposit = [&] { return Deposit(14702, 5000, "INR", "switch-" + std::to_string(++count)); };
  struct Switch {
    std::vector<std::string> off, on;
    std::function<json()> request;
    int code;
  };
  const std::vector<Switch> switches = {
      {{"app", "disable", "2"}, {"app", "enable", "2"}, ping, 3004},
      {{"merchant", "disable", "2"}, {"merchant", "enable", "2"}, ping, 3004},
      {{"service", "disable", "14702"}, {"service", "enable", "14702"}, deposit, 1009},
      {{"provider", "disable", "simulator"}, {"provider", "enable", "simulator"}, deposit, 1009},
      {{"service", "unassign", "--app", "2", "--service", "14702"},
       {"service", "assign", "--app", "2", "--service", "14702"},
       deposit,
       1004},
      {{"currency", "disable", "INR"}, {"currency", "enable", "INR"}, deposit, 1010},
      {{"currency", "disable", "INR", "--app", "2"}, {"currency", "enable", "INR", "--app", "2"}, deposit, 1010},
  };
  for (const Switch& change : switches) {
    INFO(change.off[0] << " " << change.off[1]);
    ComesToAnswer(&client, change.request, 0);
    sandbox.Cli(change.off);
    ComesToAnswer(&client, change.request, change.code);
    sandbox.Cli(change.on);
    ComesToAnswer(&client, change.request, 0);
  }
  sandbox.Cli({"app", "set", "2", "--strict-identifiers", "on"});
  ComesToAnswer(
      &client,
      [] {
        return StatusOf({{"c_id", 1}});
      },
      1005);
  sandbox.Cli({"app", "allow-ip", "2", "198.51.100.0/24"});
  ComesToAnswer(&client, ping, 3005);
  sandbox.Cli({"app", "allow-ip", "2", "127.0.0.0/8"});
  ComesToAnswer(&client, ping, 0);
}

TEST_CASE("gateway: both secrets of a rotation verify during the overlap, each signing its own answers") {
  Sandbox sandbox(EachEngine());
  const auto ping = [] { return json::parse(kPing); };
  SignedClient old = sandbox.Client(2);
  const auto rotated = sandbox.Cli({"app", "rotate-secret", "2", "--overlap", "1h"});
  SignedClient fresh(sandbox.gateway().port(), 2, rotated["secret"].get<std::string>());
  ComesToAnswer(&fresh, ping, 0);
  CheckAnswer(fresh.Call(std::string_view(kPing)), 0);
  CheckAnswer(old.Call(std::string_view(kPing)), 0);

  const auto at_once = sandbox.Cli({"app", "rotate-secret", "2", "--overlap", "0"});
  SignedClient last(sandbox.gateway().port(), 2, at_once["secret"].get<std::string>());
  ComesToAnswer(&last, ping, 0);
  CheckAnswer(last.Call(std::string_view(kPing)), 0);
  CheckUnsigned(fresh.Call(std::string_view(kPing)), 3000);
  CheckUnsigned(old.Call(std::string_view(kPing)), 3000);
}

TEST_CASE("gateway: an overlap ends by itself") {
  Sandbox sandbox(EachEngine());
  SignedClient old = sandbox.Client(2);
  const auto rotated = sandbox.Cli({"app", "rotate-secret", "2", "--overlap", "5s"});
  ComesToAnswer(
      &old, [] { return json::parse(kPing); }, 3000);
  SignedClient fresh(sandbox.gateway().port(), 2, rotated["secret"].get<std::string>());
  CheckAnswer(fresh.Call(std::string_view(kPing)), 0);
}

}  // namespace
}  // namespace multihub::functional
