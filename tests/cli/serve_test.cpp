#include <signal.h>

#include <thread>

#include "support/cli_runs.h"
#include "support/signed_client.h"
#include "support/tcp_client.h"

namespace multihub::functional {
namespace {

using support::GatewayOptions;
using support::GatewayProcess;
using support::RunResult;
using support::SignedClient;

const char* const kPing = R"({"method":"gateway.ping","params":{}})";

GatewayOptions On(const CliDatabase& db, bool sandbox) {
  GatewayOptions options;
  options.database_url = db.url();
  options.sandbox = sandbox;
  options.cwd = db.dir().path();
  return options;
}

std::vector<std::string> ServeWords() { return {"serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"}; }

std::vector<std::string> With(std::vector<std::string> words, const std::string& word) {
  words.push_back(word);
  return words;
}

// Body and status of a GET.
std::string Get(const std::string& url) {
  support::SpawnOptions spawn;
  spawn.argv = {"curl", "-sS", "-w", " %{http_code}", url};
  return support::Run(spawn).out;
}

std::string OpsAnswer(const GatewayProcess& gateway, const std::string& path) {
  return Get("http://127.0.0.1:" + std::to_string(gateway.ops_port()) + path);
}

// Calls until the answer has this code (0: success).
support::Answer CallUntil(SignedClient* client, const std::string& body, int code) {
  support::Answer answer;
  CHECK(Eventually([&] {
    answer = client->Call(std::string_view(body));
    return answer.ok() && answer.code() == code;
  }));
  return answer;
}

TEST_CASE("a schema that cannot be served is refused with the command to run, or brought up to date when asked") {
  const CliDatabase db(EachEngine());
  if (Contains(db.url(), "sqlite")) {
    db.Refuses(ServeWords(), "multihub migrate --database");
  } else {
    db.Refuses(ServeWords(), "has no schema yet");
  }
  GatewayOptions options = On(db, false);
  options.args = {"--migrate"};
  GatewayProcess gateway(options);
  CHECK(OpsAnswer(gateway, "/healthz") == R"({"status":"ok"} 200)");
  CHECK(OpsAnswer(gateway, "/readyz") == R"({"status":"ready"} 200)");
  CHECK(gateway.Terminate() == 0);
}

TEST_CASE("a sandbox database is served as a sandbox only, and a used one never becomes one") {
  const CliDatabase db(EachEngine());
  {
    GatewayProcess gateway(On(db, true));
    CHECK(gateway.Terminate() == 0);
  }
  db.Refuses(ServeWords(), "is a sandbox");
  db.Refuses({"app", "create", "--merchant", "1"}, "sandbox");
  db.Json({"app", "create", "--merchant", "1", "--test"});

  const CliDatabase used(TestEngine::kSqlite);
  used.Json({"migrate"});
  used.Json({"merchant", "create", "--name", "M"});
  used.Refuses(With(ServeWords(), "--sandbox"), "is no sandbox and holds data");
  used.Json({"app", "create", "--merchant", "1"});
}

TEST_CASE("loading the sandbox again changes nothing, and alters nothing an operator changed") {
  const CliDatabase db(EachEngine());
  GatewayProcess gateway(On(db, true));
  gateway.Terminate();
  const std::string first = db.Snapshot();
  CHECK(Contains(first, "Sandbox merchant"));
  gateway.Restart();
  gateway.Terminate();
  CHECK(db.Snapshot() == first);

  db.Json({"app", "disable", "1"});
  db.Json({"service", "enable", "14712"});
  db.Json({"service", "unassign", "--app", "2", "--service", "14701"});
  db.Json({"currency", "enable", "GEL"});
  db.Json({"balance", "withdraw", "1", "INR", "1", "--reference", "w", "--reason", "test"});
  const std::string changed = db.Snapshot();
  CHECK(changed != first);
  gateway.Restart();
  gateway.Terminate();
  CHECK(db.Snapshot() == changed);
  CHECK(db.Json({"ledger", "verify"})["ok"] == true);
}

TEST_CASE("a sandbox keeps its own master key beside its database") {
  CliDatabase db(EachEngine());
  GatewayOptions options = On(db, true);
  options.master_key = false;
  GatewayProcess gateway(options);
  SignedClient client(gateway.port(), 1, support::SandboxSecret(1));
  CHECK(client.Call(std::string_view(kPing)).success());
  gateway.Restart();
  client.set_port(gateway.port());
  CHECK(client.Call(std::string_view(kPing)).success());
  db.master_key = false;
  db.Json({"app", "create", "--merchant", "1", "--test"});
  CHECK(db.Json({"ledger", "verify"})["ok"] == true);
}

TEST_CASE("the pasted curl line works") {
  GatewayProcess gateway;
  const auto line = gateway.process().WaitForLine(support::Stream::kStderr, "curl ", std::chrono::minutes(1));
  REQUIRE(line.has_value());
  support::SpawnOptions spawn;
  spawn.argv = {"/bin/sh", "-c", *line};
  const RunResult run = support::Run(spawn);
  CHECK(Contains(run.out, R"("success":true)"));
  CHECK(Contains(gateway.notices(), support::SandboxSecret(5)));
}

TEST_CASE("without --database a sandbox makes its own under ./var, unless one is configured") {
  const support::TempDir dir;
  support::SpawnOptions spawn;
  spawn.argv = {MULTIHUB_BINARY, "serve", "--sandbox", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"};
  spawn.drop_env_prefix = "MULTIHUB_";
  spawn.cwd = dir.path();
  {
    support::ChildProcess process(spawn);
    REQUIRE(process.WaitForLine(support::Stream::kStderr, "ready http://", std::chrono::minutes(2)));
  }
  CHECK_NOTHROW(support::ReadFile(dir.File("var/sandbox.db")));
  CHECK_NOTHROW(support::ReadFile(dir.File("var/sandbox.db.key")));
  spawn.env["MULTIHUB_DATABASE_URL"] = "sqlite:///./other.db";
  {
    support::ChildProcess process(spawn);
    REQUIRE(process.WaitForLine(support::Stream::kStderr, "ready http://", std::chrono::minutes(2)));
  }
  CHECK_NOTHROW(support::ReadFile(dir.File("other.db")));
}

TEST_CASE("every listener gets its ready line with its real port") {
  const CliDatabase db(TestEngine::kSqlite);
  GatewayOptions options = On(db, true);
  options.args = {"--listen", "[::1]:0"};
  GatewayProcess gateway(options);
  const auto second =
      gateway.process().WaitForLine(support::Stream::kStderr, "ready http://[::1]:", std::chrono::minutes(1));
  REQUIRE(second.has_value());
  CHECK_FALSE(Contains(*second, "[::1]:0/"));
  support::SpawnOptions spawn;
  spawn.argv = {"curl", "-gsS", "-X", "POST", second->substr(second->find("http://"))};
  CHECK(Contains(support::Run(spawn).out, R"("code":3002)"));
}

TEST_CASE("an address that cannot be bound is a sentence") {
  const CliDatabase db(TestEngine::kSqlite);
  GatewayProcess gateway;
  const std::string taken = "127.0.0.1:" + std::to_string(gateway.port());
  db.Refuses({"serve", "--sandbox", "--listen", taken, "--ops-listen", "127.0.0.1:0"}, taken);
  db.Refuses({"serve", "--sandbox", "--listen", "nowhere", "--ops-listen", "127.0.0.1:0"}, "nowhere");
  db.Refuses({"serve", "--sandbox", "--listen", "127.0.0.1:0", "--ops-listen", taken}, taken);
}

TEST_CASE("a change by another process is in force without a restart") {
  const CliDatabase db(EachEngine());
  GatewayProcess gateway(On(db, true));
  SignedClient client(gateway.port(), 1, support::SandboxSecret(1));
  CHECK(client.Call(std::string_view(kPing)).success());
  db.Json({"app", "disable", "1"});
  CallUntil(&client, kPing, 3004);
  db.Json({"app", "enable", "1"});
  CallUntil(&client, kPing, 0);
  db.Json({"app", "allow-ip", "1", "192.0.2.1"});
  CallUntil(&client, kPing, 3005);
  const nlohmann::json created = db.Json({"app", "create", "--merchant", "1", "--test"});
  SignedClient other(gateway.port(), created["application_id"].get<std::int64_t>(),
                     created["secret"].get<std::string>());
  CHECK(CallUntil(&other, kPing, 0).signature_ok);
}

TEST_CASE("a rotated secret overlaps with the previous one, and the first use of the new one is remembered") {
  const CliDatabase db(EachEngine());
  GatewayProcess gateway(On(db, true));
  const std::string secret = db.Json({"app", "rotate-secret", "1", "--overlap", "1h"})["secret"].get<std::string>();
  SignedClient with_new(gateway.port(), 1, secret);
  SignedClient with_old(gateway.port(), 1, support::SandboxSecret(1));
  CHECK(CallUntil(&with_new, kPing, 0).signature_ok);
  const support::Answer old_answer = with_old.Call(std::string_view(kPing));
  CHECK(old_answer.success());
  CHECK(old_answer.signature_ok);
  CHECK(Eventually([&] { return db.Json({"app", "show", "1"})["secret_in_use"] == true; }));
  db.Json({"app", "rotate-secret", "1", "--overlap", "0"});
  CallUntil(&with_new, kPing, 3000);
}

// The server answers nothing while this lives.
class Frozen {
 public:
  Frozen() { support::SharedMariadb().Freeze(); }
  ~Frozen() { support::SharedMariadb().Thaw(); }
};

TEST_CASE("the ops port answers while the gateway still waits for its database") {
  const CliDatabase db(TestEngine::kMysql);
  support::SpawnOptions spawn;
  spawn.argv = {MULTIHUB_BINARY, "serve", "--sandbox", "--database", db.url()};
  spawn.argv.insert(spawn.argv.end(), {"--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"});
  spawn.drop_env_prefix = "MULTIHUB_";
  spawn.env = {{"MULTIHUB_DATABASE_CONNECT_TIMEOUT_S", "60"}, {"MULTIHUB_DATABASE_STATEMENT_TIMEOUT_S", "60"}};
  spawn.cwd = db.dir().path();
  std::unique_ptr<support::ChildProcess> process;
  {
    const Frozen frozen;
    process = std::make_unique<support::ChildProcess>(spawn);
    const auto line = process->WaitForLine(support::Stream::kStderr, "ops http://", std::chrono::minutes(1));
    REQUIRE(line.has_value());
    const std::string ops = line->substr(line->find("http://"));
    CHECK(Get(ops + "healthz") == R"({"status":"ok"} 200)");
    CHECK(Get(ops + "readyz") == R"({"status":"not ready","reason":"starting"} 503)");
  }
  CHECK(process->WaitForLine(support::Stream::kStderr, "ready http://", std::chrono::minutes(2)));
}

TEST_CASE("SIGTERM lets a call be answered that was taken before, and says not ready meanwhile") {
  const CliDatabase db(TestEngine::kMysql);
  GatewayProcess gateway(On(db, true));
  SignedClient ping(gateway.port(), 1, support::SandboxSecret(1));
  REQUIRE(ping.Call(std::string_view(kPing)).success());
  support::Answer deposit;
  std::thread caller;
  {
    const Frozen frozen;
    caller = std::thread([&] {
      SignedClient client(gateway.port(), 1, support::SandboxSecret(1));
      deposit = client.Call(
          std::string_view(R"({"method":"payment.in","service_id":14702,"params":{"payment":{"payer":{},)"
                           R"("amount":{"value":5000,"currency":"INR"},"identifiers":{"c_id":"drained"}}}})"));
    });
    // Answered calls are logged; the deposit is taken when the front counts it, which a later ping's answer shows.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    CHECK(ping.Call(std::string_view(kPing)).success());
    gateway.process().Signal(SIGTERM);
    CHECK(Eventually([&] { return Contains(OpsAnswer(gateway, "/readyz"), "draining"); }));
    CHECK(gateway.running());
  }
  caller.join();
  INFO(deposit.raw);
  CHECK(deposit.success());
  const auto status = gateway.process().WaitExit(std::chrono::minutes(1));
  REQUIRE(status.has_value());
  CHECK(status->code == 0);
  CHECK(Contains(gateway.log(), R"("event":"drained")"));
}

TEST_CASE("a second SIGTERM ends a gateway that still drains at once") {
  const CliDatabase db(TestEngine::kMysql);
  GatewayProcess gateway(On(db, true));
  const Frozen frozen;
  std::thread caller([&] {
    SignedClient client(gateway.port(), 1, support::SandboxSecret(1));
    client.Call(std::string_view(R"({"method":"balance.get"})"));
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  gateway.process().Signal(SIGTERM);
  CHECK(Eventually([&] { return Contains(OpsAnswer(gateway, "/readyz"), "draining"); }));
  gateway.process().Signal(SIGTERM);
  const auto status = gateway.process().WaitExit(std::chrono::minutes(1));
  REQUIRE(status.has_value());
  CHECK(status->code == 1);
  caller.join();
}

TEST_CASE("SIGINT ends a gateway as SIGTERM does") {
  GatewayProcess gateway;
  gateway.process().Signal(SIGINT);
  const auto status = gateway.process().WaitExit(std::chrono::minutes(1));
  REQUIRE(status.has_value());
  CHECK(status->code == 0);
}

TEST_CASE("call signs, sends and verifies") {
  GatewayProcess gateway;
  const std::map<std::string, std::string> env = {{"MULTIHUB_SECRET", support::SandboxSecret(1)}};
  const std::string base = "http://127.0.0.1:" + std::to_string(gateway.port());
  for (const std::string& url : {base, base + "/", gateway.url()}) {
    const RunResult run = support::RunCli({"call", "gateway.ping", "--url", url, "--app", "1", "--json"}, env);
    INFO(run.err);
    CHECK(run.exit_code == 0);
    const nlohmann::json document = nlohmann::json::parse(run.out);
    CHECK(document["signature"] == "verified");
    CHECK(document["request"]["headers"]["X-Data-Application-Id"] == "1");
    CHECK_FALSE(Contains(run.out, support::SandboxSecret(1)));
  }
  const std::string params =
      R"({"payment":{"payer":{},"amount":{"value":5000,"currency":"INR"},"identifiers":{"c_id":"call-1"}}})";
  const std::vector<std::string> deposit = {"call",  "payment.in", params,      "--url", base,
                                            "--app", "1",          "--service", "14701"};
  CHECK(support::RunCli(deposit, env).exit_code == 0);
  const RunResult again = support::RunCli(deposit, env);
  CHECK(again.exit_code == 1);
  CHECK(Contains(again.err, "error 6009"));
  CHECK(Contains(again.out, "response signature: verified"));

  const RunResult wrong =
      support::RunCli({"call", "gateway.ping", "--url", base, "--app", "1"}, {{"MULTIHUB_SECRET", "another"}});
  CHECK(wrong.exit_code == 1);
  CHECK(Contains(wrong.err, "error 3000"));
  CheckRefusal(support::RunCli({"call", "x", "{", "--url", base, "--app", "1"}, env), "PARAMS_JSON");
  CheckRefusal(support::RunCli({"call", "x", "--url", "ftp://x", "--app", "1"}, env), "--url");
  CheckRefusal(support::RunCli({"call", "x", "--url", "http://127.0.0.1:1", "--app", "1"}, env), "No answer came");
}

TEST_CASE("healthcheck asks the ops port") {
  GatewayProcess gateway;
  const std::string ops = "127.0.0.1:" + std::to_string(gateway.ops_port());
  CHECK(support::RunCli({"healthcheck", "--ops", ops}).exit_code == 0);
  CHECK(support::RunCli({"healthcheck", "--ops", ops, "--live"}).exit_code == 0);
  gateway.Kill9();
  CheckRefusal(support::RunCli({"healthcheck", "--ops", ops}), "No answer came");
}

}  // namespace
}  // namespace multihub::functional
