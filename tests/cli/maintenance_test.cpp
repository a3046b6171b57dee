// `backup` and `prune` beside a running gateway.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>

#include "support/cli_runs.h"
#include "support/signed_client.h"

using namespace multihub;
using namespace multihub::functional;
using support::GatewayOptions;
using support::GatewayProcess;
using support::SignedClient;

namespace {

nlohmann::json Deposit(const std::string& c_id) {
  return {{"method", "payment.in"},
          {"service_id", 14702},
          {"params",
           {{"payment",
             {{"payer", nlohmann::json::object()},
              {"amount", {{"value", 5004}, {"currency", "INR"}}},  // stays processing
              {"identifiers", {{"c_id", c_id}}}}}}}};
}

nlohmann::json Status(const std::string& c_id) {
  return {{"method", "payment.status"}, {"params", {{"payment", {{"identifiers", {{"c_id", c_id}}}}}}}};
}

GatewayOptions On(const CliDatabase& db) {
  GatewayOptions options;
  options.database_url = db.url();
  options.cwd = db.dir().path();
  options.env["MULTIHUB_LIMITS_ENABLED"] = "false";
  return options;
}

// Keeps paying until it goes out of scope.
class Load {
 public:
  explicit Load(std::uint16_t port) : thread_([this, port] { Run(port); }) {}
  ~Load() {
    stop_ = true;
    thread_.join();
  }
  int acknowledged() const { return acknowledged_; }
  int refused() const { return refused_; }
  static std::string Name(int n) { return "load-" + std::to_string(n); }

 private:
  void Run(std::uint16_t port) {
    SignedClient client(port, 1, support::SandboxSecret(1));
    for (int n = 0; !stop_; ++n) {
      if (client.Call(Deposit(Name(n))).success()) {
        acknowledged_ = n + 1;
      } else {
        ++refused_;
      }
    }
  }

  std::atomic<bool> stop_{false};
  std::atomic<int> acknowledged_{0}, refused_{0};
  std::thread thread_;
};

}  // namespace

TEST_CASE("a backup made under load holds every payment acknowledged before it, and can be served") {
  const CliDatabase db(TestEngine::kSqlite);
  const std::string file = db.dir().File("copy.db");
  int before = 0;
  {
    GatewayProcess gateway(On(db));
    Load load(gateway.port());
    REQUIRE(Eventually([&] { return load.acknowledged() >= 50; }));
    before = load.acknowledged();
    const nlohmann::json made = db.Json({"backup", file});
    CHECK(made["file"] == file);
    struct stat info {};
    REQUIRE(::stat(file.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    CHECK(made["bytes"] == info.st_size);
    // The gateway has gone on meanwhile.
    const int after = load.acknowledged();
    CHECK(Eventually([&] { return load.acknowledged() > after; }));
    CHECK(load.refused() == 0);
  }
  db.Refuses({"backup", file}, "exists already");
  struct stat left {};
  CHECK(::stat((file + ".unfinished").c_str(), &left) != 0);

  GatewayOptions restored = On(db);
  restored.database_url = "sqlite:///" + file.substr(1);
  GatewayProcess gateway(restored);
  SignedClient client(gateway.port(), 1, support::SandboxSecret(1));
  for (int n = 0; n < before; ++n) {
    const support::Answer answer = client.Call(Status(Load::Name(n)));
    INFO(answer.raw);
    REQUIRE(answer.success());
  }
  support::CliCall verify;
  verify.args = {"ledger", "verify", "--database", restored.database_url};
  CHECK(support::RunCli(verify).exit_code == 0);
}

namespace {

void RunTool(std::vector<std::string> words) {
  support::SpawnOptions spawn;
  spawn.argv = std::move(words);
  const support::RunResult run = support::Run(std::move(spawn));
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
}

// New servers of this scope begin with a copy of that data directory.
class DataFrom {
 public:
  explicit DataFrom(const std::string& directory) {
    if (const char* before = std::getenv(kName)) before_ = before;
    ::setenv(kName, directory.c_str(), 1);
  }
  ~DataFrom() { before_.empty() ? ::unsetenv(kName) : ::setenv(kName, before_.c_str(), 1); }
  DataFrom(const DataFrom&) = delete;
  DataFrom& operator=(const DataFrom&) = delete;

 private:
  static constexpr const char* kName = "MULTIHUB_TEST_MARIADB_TEMPLATE";
  std::string before_;
};

}  // namespace

TEST_CASE("a server's backup made under load is restored with every payment acknowledged before it") {
  const support::TempDir dir;
  const std::string copy = dir.File("copy");
  int before = 0;
  {
    support::MariadbServer server;
    GatewayOptions options;
    options.database_url = server.CreateDatabase("hub");
    options.env["MULTIHUB_LIMITS_ENABLED"] = "false";
    GatewayProcess gateway(options);
    Load load(gateway.port());
    REQUIRE(Eventually([&] { return load.acknowledged() >= 50; }));
    before = load.acknowledged();
    RunTool({"mariadb-backup", "--no-defaults", "--backup", "--target-dir=" + copy, "--user=root",
             "--socket=" + server.socket_path()});
    CHECK(load.refused() == 0);
  }
  RunTool({"mariadb-backup", "--no-defaults", "--prepare", "--target-dir=" + copy});
  if (::geteuid() == 0) RunTool({"chown", "-R", "mysql", copy});
  const DataFrom backup(copy);
  support::MariadbServer restored;
  GatewayOptions options;
  options.database_url = "mysql://multihub:multihub-test@127.0.0.1:" + std::to_string(restored.port()) + "/hub";
  support::CliCall verify;
  verify.args = {"ledger", "verify", "--database", options.database_url};
  CHECK(support::RunCli(verify).exit_code == 0);
  GatewayProcess gateway(options);
  SignedClient client(gateway.port(), 1, support::SandboxSecret(1));
  for (int n = 0; n < before; ++n) {
    const support::Answer answer = client.Call(Status(Load::Name(n)));
    INFO(answer.raw);
    REQUIRE(answer.success());
  }
}

TEST_CASE("a backup that cannot be made is a sentence and leaves nothing") {
  const CliDatabase db(TestEngine::kSqlite);
  db.Json({"migrate"});
  db.Refuses({"backup", db.dir().File("no/such/directory/copy.db")}, "cannot be written");
  const CliDatabase server(TestEngine::kMysql);
  server.Json({"migrate"});
  server.Refuses({"backup", db.dir().File("copy.db")}, "mariadb-backup");
  struct stat left {};
  CHECK(::stat(db.dir().File("copy.db").c_str(), &left) != 0);
}

TEST_CASE("pruning beside a running gateway keeps what is young, and refuses to be hasty") {
  const CliDatabase db(EachEngine());
  GatewayProcess gateway(On(db));
  SignedClient client(gateway.port(), 1, support::SandboxSecret(1));
  REQUIRE(client.Call(Deposit("young")).success());
  db.Refuses({"prune", "--older-than", "6d"}, "at least 7d");
  db.Refuses({"prune", "--older-than", "old"}, "--older-than");
  const nlohmann::json dry = db.Json({"prune", "--dry-run"});
  CHECK(dry["dry_run"] == true);
  const nlohmann::json pruned = db.Json({"prune", "--older-than", "7d"});
  CHECK(pruned["events"] == 0);
  CHECK(pruned["deliveries"] == 0);
  CHECK(client.Call(Status("young")).success());
  CHECK(db.Json({"ledger", "verify"})["ok"] == true);
}
