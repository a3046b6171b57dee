#include <thread>

#include "support/cli_runs.h"
#include "support/fixtures.h"
#include "support/signed_client.h"

namespace multihub::functional {
namespace {

using support::RunCli;
using support::RunResult;
using Words = std::vector<std::string>;

const std::vector<Words>& Commands() {
  static const std::vector<Words> all = {
      {"serve"},
      {"migrate"},
      {"merchant", "create"},
      {"merchant", "list"},
      {"merchant", "enable"},
      {"merchant", "disable"},
      {"app", "create"},
      {"app", "list"},
      {"app", "show"},
      {"app", "enable"},
      {"app", "disable"},
      {"app", "rotate-secret"},
      {"app", "rotate-webhook-secret"},
      {"app", "allow-ip"},
      {"app", "set"},
      {"service", "create"},
      {"service", "list"},
      {"service", "assign"},
      {"service", "unassign"},
      {"service", "enable"},
      {"service", "disable"},
      {"currency", "enable"},
      {"currency", "disable"},
      {"provider", "list"},
      {"provider", "enable"},
      {"provider", "disable"},
      {"balance", "show"},
      {"balance", "create"},
      {"balance", "topup"},
      {"balance", "withdraw"},
      {"balance", "hold"},
      {"balance", "release"},
      {"balance", "enable"},
      {"balance", "disable"},
      {"payment", "show"},
      {"payment", "list"},
      {"payment", "settle"},
      {"webhook", "list"},
      {"webhook", "show"},
      {"webhook", "create"},
      {"webhook", "update"},
      {"webhook", "test"},
      {"webhook", "enable"},
      {"webhook", "disable"},
      {"webhook", "delete"},
      {"webhook", "rotate-secret"},
      {"event", "list"},
      {"event", "show"},
      {"event", "replay"},
      {"delivery", "list"},
      {"delivery", "show"},
      {"delivery", "replay"},
      {"ledger", "verify"},
      {"call"},
      {"sign"},
      {"errors"},
      {"config", "check"},
      {"config", "print"},
      {"healthcheck"},
      {"key", "rotate"},
      {"backup"},
      {"prune"},
  };
  return all;
}

TEST_CASE("every command explains itself with one example of itself") {
  CHECK(RunCli({"--help"}).exit_code == 0);
  for (Words words : Commands()) {
    const std::string command = words.size() == 1 ? words[0] : words[0] + " " + words[1];
    INFO(command);
    words.push_back("--help");
    const RunResult run = RunCli(words);
    CHECK(run.exit_code == 0);
    CHECK(run.err.empty());
    CHECK(Contains(run.out, "Example:\n"));
    CHECK(Contains(run.out, "multihub " + command));
  }
}

TEST_CASE("a word that is no command is named, and a group's help shows no other command's example") {
  CHECK(Contains(RunCli({"frobnicate"}).err, "no command or option 'frobnicate'"));
  CHECK(Contains(RunCli({"merchant", "frobnicate"}).err, "no command or option 'frobnicate'"));
  const RunResult help = RunCli({"merchant", "--help"});
  CHECK(help.exit_code == 0);
  CHECK(Contains(help.out, "multihub merchant COMMAND --help"));
  CHECK_FALSE(Contains(help.out, "serve"));
}

TEST_CASE("wrong usage is exit code 2 with nothing on stdout") {
  const Words rows[] = {
      {},
      {"frobnicate"},
      {"merchant"},
      {"merchant", "create"},
      {"merchant", "create", "--name"},
      {"merchant", "enable"},
      {"merchant", "enable", "one"},
      {"app", "set", "1", "--strict-identifiers", "maybe"},
      {"service", "create", "--id", "1", "--direction", "sideways"},
      {"balance", "topup", "1", "INR", "-5", "--reference", "r", "--reason", "t"},
      {"balance", "topup", "1", "INR", "010", "--reference", "r", "--reason", "t"},
      {"balance", "topup", "1", "INR", "5.5", "--reference", "r", "--reason", "t"},
      {"payment", "settle", "pay_x", "--status", "refunded", "--reason", "t"},
      {"serve", "--unknown"},
      {"errors", "surplus"},
  };
  for (const Words& words : rows) {
    const RunResult run = RunCli(words);
    INFO(run.err);
    CHECK(run.exit_code == 2);
    CHECK(run.out.empty());
    CHECK_FALSE(run.err.empty());
  }
}

TEST_CASE("--json puts one document on stdout and nothing else there") {
  const CliDatabase db(TestEngine::kSqlite);
  for (const Words& words :
       {Words{"errors"}, Words{"config", "print"}, Words{"migrate", "--dry-run"}, Words{"migrate"},
        Words{"merchant", "list"}, Words{"app", "list"}, Words{"service", "list"}, Words{"provider", "list"},
        Words{"payment", "list"}, Words{"webhook", "list"}, Words{"delivery", "list"},
        Words{"balance", "show", "--house"}, Words{"ledger", "verify"}}) {
    CHECK(db.Json(words).is_object());
  }
}

TEST_CASE("a dry run of a migration makes nothing") {
  const CliDatabase db(TestEngine::kSqlite);
  const nlohmann::json plan = db.Json({"migrate", "--dry-run"});
  CHECK(plan["pending"].size() == plan["schema"].get<std::size_t>());
  db.Refuses({"merchant", "list"}, "There is no database");
}

TEST_CASE("migrating is done once, and by all who ask at once") {
  const CliDatabase db(EachEngine());
  CHECK_FALSE(db.Json({"migrate", "--dry-run"})["pending"].empty());
  std::vector<std::thread> threads;
  std::vector<support::RunResult> runs(4);
  for (support::RunResult& run : runs) {
    threads.emplace_back([&db, &run] { run = db.Run({"migrate"}); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const support::RunResult& run : runs) {
    INFO(run.err);
    CHECK(run.exit_code == 0);
  }
  CHECK(db.Json({"migrate"})["applied"].empty());
}

TEST_CASE("a database that cannot be used is a sentence") {
  CheckRefusal(RunCli({"merchant", "list", "--database", "sqlite:///nonexistent-directory/x.db"}),
               "There is no database");
  CheckRefusal(RunCli({"merchant", "list", "--database", "nonsense"}), "database URL");
  CheckRefusal(RunCli({"migrate", "--database", "sqlite:///proc/nothing/x.db"}), "cannot be created");
  const support::TempDir dir;
  support::WriteFile(dir.File("text.db"), std::string(4096, 'x'));
  const std::string url = "sqlite:///" + dir.File("text.db").substr(1);
  CHECK(RunCli({"merchant", "list", "--database", url}).exit_code == 1);
  CHECK(RunCli({"merchant", "list", "--database", "mysql://u:very-secret@127.0.0.1:1/x"}).exit_code == 1);
  CHECK_FALSE(
      Contains(RunCli({"merchant", "list", "--database", "mysql://u:very-secret@127.0.0.1:1/x"}).err, "very-secret"));
}

TEST_CASE("a wrong configuration stops a command with the key and what to change") {
  const support::TempDir dir;
  const std::string file = dir.File("my.yaml");
  support::WriteFile(file, "http:\n  threds: 2\n");
  CheckRefusal(RunCli({"config", "check", file}), "nearest is http.threads");
  CheckRefusal(RunCli({"serve", "--config", file}), "nearest is http.threads");
  CheckRefusal(RunCli({"config", "print"}, {{"MULTIHUB_LIMITS_ENABLE", "no"}}), "MULTIHUB_LIMITS_ENABLED");
  support::WriteFile(file, "http:\n  trusted_proxies: [10.0.0.5, 10.0.0.256]\n");
  CheckRefusal(RunCli({"config", "check", file}), "line 2: http.trusted_proxies must be addresses or networks");
  CheckRefusal(RunCli({"serve", "--config", file}), "10.0.0.256 is neither");
  support::WriteFile(file, "http:\n  threads: 2\n  trusted_proxies: [10.0.0.5, \"2001:db8::/64\"]\n");
  CHECK(RunCli({"config", "check", file}).exit_code == 0);
  CHECK(Contains(RunCli({"config", "print", "--config", file}).out, "threads: 2\n"));
  CHECK(Contains(RunCli({"config", "print", "--config", file}, {{"MULTIHUB_HTTP_THREADS", "3"}}).out, "threads: 3\n"));
}

TEST_CASE("sign prints the hash of exactly the bytes it is given") {
  const nlohmann::json vectors = nlohmann::json::parse(support::Fixture("vectors.json"));
  for (const auto& vector : vectors["x_data_hash"]) {
    const std::string body = vector["body"].get<std::string>();
    if (vector["secret"].get<std::string>().empty()) continue;  // no application has an empty secret
    INFO(vector["name"].get<std::string>());
    const RunResult run = RunCli({"sign"}, {{"MULTIHUB_SECRET", vector["secret"].get<std::string>()}}, body);
    CHECK(run.exit_code == 0);
    CHECK(run.out == vector["x_data_hash"].get<std::string>() + "\n");
  }
  const support::TempDir dir;
  support::WriteFile(dir.File("body"), "{} \n");
  support::WriteFile(dir.File("secret"), "unit-test-secret\n");
  const RunResult run = RunCli({"sign", dir.File("body"), "--secret-file", dir.File("secret")});
  CHECK(run.out == support::Sign("{} \n", "unit-test-secret") + "\n");
  CheckRefusal(RunCli({"sign"}), "MULTIHUB_SECRET");
  CheckRefusal(RunCli({"sign", dir.File("none")}, {{"MULTIHUB_SECRET", "x"}}), "cannot be read");
}

TEST_CASE("a result that cannot be written is a failure") {
  support::SpawnOptions spawn;
  spawn.argv = {"/bin/sh", "-c", std::string(MULTIHUB_BINARY) + " errors > /dev/full"};
  CHECK(support::Run(spawn).exit_code == 1);
}

}  // namespace
}  // namespace multihub::functional
