// Commands that change much, killed in the middle: `migrate` and `key rotate` are simply run again.
#include <signal.h>

#include <chrono>

#include "support/cli_runs.h"
#include "support/signed_client.h"

namespace multihub::functional {
namespace {

using support::ChildProcess;
using support::GatewayOptions;
using support::GatewayProcess;
using support::SignedClient;
using Words = std::vector<std::string>;
using Microseconds = std::chrono::microseconds;
using Environment = std::map<std::string, std::string>;

const char* const kSecondKey = "c2Vjb25kLW1hc3Rlci1rZXktMDEyMzQ1Njc4OTAxMjM=";
const char* const kThirdKey = "dGhpcmQtbWFzdGVyLWtleS0wMTIzNDU2Nzg5MDEyMzQ=";

support::SpawnOptions Command(const CliDatabase& db, const Words& words, const Environment& env = {}) {
  support::SpawnOptions spawn;
  spawn.argv = {MULTIHUB_BINARY};
  spawn.argv.insert(spawn.argv.end(), words.begin(), words.end());
  spawn.argv.insert(spawn.argv.end(), {"--database", db.url()});
  spawn.drop_env_prefix = "MULTIHUB_";
  spawn.env = env;
  spawn.env.emplace("MULTIHUB_SECURITY_MASTER_KEY", support::kTestMasterKey);
  spawn.cwd = db.dir().path();
  return spawn;
}

// Runs it to its end, which must be a good one; how long that took.
Microseconds Complete(const CliDatabase& db, const Words& words) {
  const auto begin = std::chrono::steady_clock::now();
  const support::RunResult run = support::Run(Command(db, words));
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  return std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - begin);
}

// Runs it and kills it after so long, unless it has ended by then.
void Interrupt(const CliDatabase& db, const Words& words, Microseconds after) {
  ChildProcess process(Command(db, words));
  if (!process.WaitExit(std::chrono::duration_cast<std::chrono::milliseconds>(after))) process.Signal(SIGKILL);
  REQUIRE(process.WaitExit(std::chrono::minutes(1)));
}

bool OnSqlite(const CliDatabase& db) { return db.url().rfind("sqlite", 0) == 0; }

std::string Sql(const CliDatabase& db, const std::string& statement) {
  if (!OnSqlite(db)) {
    std::string text;
    for (const auto& row : support::SharedMariadb().Query(statement, db.url().substr(db.url().rfind('/') + 1))) {
      for (const std::string& field : row) text += field + "\t";
      text += "\n";
    }
    return text;
  }
  support::SpawnOptions spawn;
  spawn.argv = {"sqlite3", "-batch", db.url().substr(std::string("sqlite://").size()), statement};
  return support::Run(std::move(spawn)).out;
}

// Every table, column and index.
std::string TablesOf(const CliDatabase& db) {
  if (OnSqlite(db)) return Sql(db, "SELECT type, name, sql FROM sqlite_master ORDER BY type, name");
  return Sql(db,
             "SELECT table_name, column_name, column_type, is_nullable, column_default FROM "
             "information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position") +
         Sql(db,
             "SELECT table_name, index_name, seq_in_index, column_name, non_unique FROM "
             "information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1, 2, 3");
}

// And the steps that made them.
std::string SchemaOf(const CliDatabase& db) {
  const std::string tables = TablesOf(db);
  if (!Contains(tables, "schema_migrations")) return tables;
  return tables + Sql(db, "SELECT version, name, serves_from FROM schema_migrations ORDER BY version");
}

TEST_CASE("a migration that was killed anywhere is run again, and the schema is the same") {
  const TestEngine engine = EachEngine();
  const CliDatabase whole(engine);
  const Microseconds takes = Complete(whole, {"migrate"});
  const std::string schema = SchemaOf(whole);
  REQUIRE(Contains(schema, "webhook_attempts"));
  int unfinished = 0;
  for (int tenth = 3; tenth <= 9; ++tenth) {
    INFO(tenth);
    const CliDatabase db(engine);
    Interrupt(db, {"migrate"}, takes * tenth / 10);
    if (SchemaOf(db) != schema) ++unfinished;
    // The killed one's lease runs out within a minute, for which the next one waits.
    if (Contains(SchemaOf(db), "schema_lease")) Sql(db, "UPDATE schema_lease SET until_ms = 0");
    Complete(db, {"migrate"});
    CHECK(SchemaOf(db) == schema);
  }
  CHECK(unfinished > 0);
}

// All secrets open under this key, and the ledger holds.
void CheckSealedUnder(const CliDatabase& db, const std::string& key) {
  GatewayOptions options;
  options.database_url = db.url();
  options.env = {{"MULTIHUB_SECURITY_MASTER_KEY", key}};
  GatewayProcess gateway(options);
  for (const std::int64_t application : {1, 2, 5}) {
    SignedClient client(gateway.port(), application, support::SandboxSecret(application));
    CHECK(client.Call(std::string_view(R"({"method":"gateway.ping"})")).success());
  }
  CHECK(gateway.Terminate() == 0);
  const support::RunResult verify =
      support::Run(Command(db, {"ledger", "verify"}, {{"MULTIHUB_SECURITY_MASTER_KEY", key}}));
  INFO(verify.err);
  CHECK(verify.exit_code == 0);
}

void LoadSandbox(const CliDatabase& db) {
  GatewayOptions options;
  options.database_url = db.url();
  GatewayProcess gateway(options);
  REQUIRE(gateway.Terminate() == 0);
}

TEST_CASE("a rotation of the master key that was killed anywhere has changed all or nothing, and is run again") {
  const TestEngine engine = EachEngine();
  const support::TempDir dir;
  support::WriteFile(dir.File("second"), kSecondKey);
  const Words rotate = {"key", "rotate", "--new-key-file", dir.File("second")};
  const CliDatabase whole(engine);
  LoadSandbox(whole);
  const Microseconds takes = Complete(whole, rotate);
  CheckSealedUnder(whole, kSecondKey);
  for (int tenth = 5; tenth <= 9; tenth += 2) {
    INFO(tenth);
    const CliDatabase db(engine);
    LoadSandbox(db);
    const std::string before = Sql(db, "SELECT value FROM settings WHERE name = 'master_key_id'");
    Interrupt(db, rotate, takes * tenth / 10);
    const bool changed = Sql(db, "SELECT value FROM settings WHERE name = 'master_key_id'") != before;
    CheckSealedUnder(db, changed ? kSecondKey : support::kTestMasterKey);
    if (!changed) Complete(db, rotate);
    CheckSealedUnder(db, kSecondKey);
  }
}

TEST_CASE("a rotation of the master key that was killed before its last word has changed nothing") {
  const CliDatabase db(TestEngine::kMysql);
  LoadSandbox(db);
  const support::TempDir dir;
  support::WriteFile(dir.File("third"), kThirdKey);
  const Words rotate = {"key", "rotate", "--new-key-file", dir.File("third")};
  const std::string name = db.url().substr(db.url().rfind('/') + 1);
  {
    // Somebody has the row that it writes last: all others are written, and none is committed.
    support::SpawnOptions hold;
    hold.argv = {"mariadb",
                 "--no-defaults",
                 "--socket=" + support::SharedMariadb().socket_path(),
                 "--user=root",
                 "--batch",
                 "--skip-column-names",
                 "--unbuffered",
                 "--database=" + name,
                 "--execute",
                 "BEGIN; UPDATE settings SET value = value WHERE name = 'master_key_id'; SELECT name FROM "
                 "settings WHERE name = 'master_key_id' FOR UPDATE; SELECT SLEEP(600)"};
    ChildProcess holder(hold);
    REQUIRE(holder.WaitForLine(support::Stream::kStdout, "master_key_id", std::chrono::minutes(1)));
    ChildProcess process(Command(db, rotate));
    CHECK(Eventually([&] {
      return Sql(db,
                 "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND INFO LIKE "
                 "'UPDATE settings%' AND TIME_MS > 200")
          .starts_with("1");
    }));
    // Asked once: whoever asks often is shown the same again and again.
    CHECK(Contains(Sql(db, "SELECT trx_state, trx_rows_modified > 4 FROM information_schema.innodb_trx"),
                   "LOCK WAIT\t1"));
    process.Signal(SIGKILL);
    REQUIRE(process.WaitExit(std::chrono::minutes(1)));
  }
  CheckSealedUnder(db, support::kTestMasterKey);
  Complete(db, rotate);
  CheckSealedUnder(db, kThirdKey);
}

}  // namespace
}  // namespace multihub::functional
