// What keeps a gateway from starting: one sentence that names what is wrong and what to do, and exit code 1. The
// database's disk is in disk_test.cpp.
#include <sys/stat.h>

#include "failures/small_disk_fixture.h"
#include "support/cli_runs.h"
#include "support/free_port.h"

namespace multihub::failures {
namespace {

using functional::CheckRefusal;
using functional::CliDatabase;
using functional::Contains;
using functional::EachEngine;
using functional::TestEngine;
using support::RunResult;

using Environment = std::map<std::string, std::string>;

struct Start {
  std::string url;
  Environment env;
  bool master_key = true;
  std::string binary = MULTIHUB_BINARY;
  std::vector<std::string> more = {};

  RunResult Run() const {
    support::CliCall call;
    call.args = {"serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--database", url};
    call.args.insert(call.args.end(), more.begin(), more.end());
    call.env = env;
    call.master_key = master_key;
    call.binary = binary;
    return support::RunCli(std::move(call));
  }
};

void CheckSays(const Start& start, const std::vector<std::string>& words, const std::string& secret = "") {
  const RunResult run = start.Run();
  for (const std::string& word : words) CheckRefusal(run, word);
  if (!secret.empty()) CHECK_FALSE(Contains(run.out + run.err, secret));
}

TEST_CASE("failures: a secret's file that gives no secret keeps a gateway from starting") {
  const CliDatabase db(TestEngine::kSqlite);
  db.Json({"migrate"});
  const support::TempDir dir;
  const std::string file = dir.File("master.key");
  Start start{db.url(), {{"MULTIHUB_SECURITY_MASTER_KEY_FILE", file}}, false};
  const std::string names = "MULTIHUB_SECURITY_MASTER_KEY_FILE names";
  CheckSays(start, {names, file, "No such file or directory", "correct the path"});
  support::WriteFile(file, "");
  CheckSays(start, {names, file, "is empty; put the secret into it"});
  support::WriteFile(file, "\n");
  CheckSays(start, {names, file, "is empty"});
  // 31 bytes, and no base64.
  for (const std::string secret : {"c2hvcnRlci1ieS1vbmUtYnl0ZS0wMTIzNDU2Nzg5MA==", "very-secret-and-no-base64!"}) {
    support::WriteFile(file, secret + "\n");
    CheckSays(start, {names, file, "holds no master key; it must be 32 bytes in base64"}, secret);
  }
  support::WriteFile(file, std::string(70'000, 's'));
  CheckSays(start, {names, "too large for a secret"});
  support::WriteFile(file, support::kTestMasterKey);
  ::chmod(file.c_str(), 0000);
  start.binary = ProgramStoppedByModes(dir);
  CheckSays(start, {names, file, "Permission denied", "let this process read the file"}, support::kTestMasterKey);
  CheckSays({db.url(), {{"MULTIHUB_SECURITY_MASTER_KEY_FILE", dir.path()}}, false}, {names, dir.path()});
  CheckSays({db.url(), {}, false}, {"There is no master key; set MULTIHUB_SECURITY_MASTER_KEY"});
  CheckSays({db.url(), {{"MULTIHUB_SECURITY_MASTER_KEY", "very-secret"}}, false},
            {"MULTIHUB_SECURITY_MASTER_KEY holds no master key"}, "very-secret");
}

TEST_CASE("failures: a configuration with an unknown key keeps a gateway from starting") {
  const support::TempDir dir;
  const std::string file = dir.File("my.yaml");
  support::WriteFile(file, "http:\n  max_in_fligth: 2\n");
  Start start{"sqlite:///nowhere.db", {}, true, MULTIHUB_BINARY, {"--config", file}};
  CheckSays(start, {file + ", line 2: there is no key http.max_in_fligth; the nearest is http.max_in_flight"});
  start.more = {};
  start.env = {{"MULTIHUB_HTTP_MAX_IN_FLIGTH", "2"}};
  CheckSays(start, {"MULTIHUB_HTTP_MAX_IN_FLIGTH; the nearest is MULTIHUB_HTTP_MAX_IN_FLIGHT. Correct or unset it"});
}

TEST_CASE("failures: a server that refuses keeps a gateway from starting") {
  const CliDatabase db(TestEngine::kMysql);
  db.Json({"migrate"});
  const std::string url = db.url();  // mysql://user:password@host:port/name
  const std::string host = url.substr(url.find('@')), name = url.substr(url.rfind('/') + 1);
  const std::string wrong = "very-secret-and-wrong";
  const std::vector<std::string> words = {"The database mysql://multihub", host + " refused the user",
                                          "Access denied for user 'multihub'",
                                          "MULTIHUB_DATABASE_PASSWORD or MULTIHUB_DATABASE_PASSWORD_FILE"};
  CheckSays({"mysql://multihub:" + wrong + host, {}}, words, wrong);
  CheckSays({"mysql://multihub" + host, {{"MULTIHUB_DATABASE_PASSWORD", wrong}}}, words, wrong);
  CheckSays({"mysql://multihub" + host, {}}, words);
  const support::TempDir dir;
  support::WriteFile(dir.File("password"), wrong + "\n");
  CheckSays({"mysql://multihub" + host, {{"MULTIHUB_DATABASE_PASSWORD_FILE", dir.File("password")}}}, words, wrong);
  CheckSays({"mysql://multihub" + host, {{"MULTIHUB_DATABASE_PASSWORD_FILE", dir.File("none")}}},
            {"MULTIHUB_DATABASE_PASSWORD_FILE names the file " + dir.File("none"), "No such file or directory"});
  // One that the user has no rights on, and one that nobody has.
  CheckSays({url + "_of_others", {}}, {"refused the user", "give it all rights on the database"});
  support::SharedMariadb().Query("GRANT ALL ON `nowhere`.* TO 'multihub'@'127.0.0.1'");
  CheckSays({url.substr(0, url.rfind('/')) + "/nowhere", {}}, {"is not there", "make it on the server"});
  // Nobody listens.
  const std::string port = std::to_string(support::FreePort());
  CheckSays({"mysql://multihub:" + wrong + "@127.0.0.1:" + port + "/" + name, {}},
            {"The database mysql://multihub", "@127.0.0.1:" + port + "/" + name + " cannot be reached",
             "see that it runs, and that host and port of database.url lead to it"},
            wrong);
}

void Sql(const CliDatabase& db, const std::string& statement) {
  if (Contains(db.url(), "mysql://")) {
    support::SharedMariadb().Query(statement, db.url().substr(db.url().rfind('/') + 1));
    return;
  }
  support::SpawnOptions spawn;
  spawn.argv = {"sqlite3", "-batch", db.url().substr(std::string("sqlite://").size()), statement};
  REQUIRE(support::Run(std::move(spawn)).exit_code == 0);
}

TEST_CASE("failures: a schema that does not fit keeps a gateway from starting, one that serves it does not") {
  const CliDatabase db(EachEngine());
  const Start start{db.url(), {}};
  db.Json({"migrate"});
  const auto newest = std::to_string(db.Json({"migrate", "--dry-run"})["schema"].get<int>());
  Sql(db, "UPDATE schema_migrations SET version = -1 WHERE version = " + newest);
  CheckSays(start, {"and this program needs " + newest, "run `multihub migrate --database "});
  Sql(db, "UPDATE schema_migrations SET version = " + newest + " WHERE version = -1");

  Sql(db, "INSERT INTO schema_migrations (version, name, applied_ms, serves_from) VALUES (9001, 'later', 1, 9001)");
  const std::vector<std::string> words = {"has schema 9001, which no longer serves this program, of schema " + newest +
                                          "; use a newer multihub"};
  CheckSays(start, words);
  CheckRefusal(db.Run({"migrate"}), words[0]);
  CheckRefusal(db.Run({"merchant", "list"}), words[0]);
  // A program that is put back after an upgrade, as by its unit: `migrate`, then `serve`.
  Sql(db, "UPDATE schema_migrations SET serves_from = " + newest + " WHERE version = 9001");
  CHECK(db.Json({"migrate"})["applied"].empty());
  support::GatewayOptions options;
  options.sandbox = false;
  options.database_url = db.url();
  support::GatewayProcess gateway(options);
  CHECK(gateway.Terminate() == 0);
}

}  // namespace
}  // namespace multihub::failures
