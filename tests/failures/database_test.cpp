// The database: slow, refusing, with another password, while the gateway runs. Stopped, killed and frozen it is in
// functional/gateway_database_outage_test.cpp.
#include <iostream>

#include "failures/steady_load_fixture.h"

namespace multihub::failures {
namespace {

using functional::CheckAnswer;
using functional::Deposit;
using functional::Eventually;
using functional::json;
using functional::kPing;
using functional::Sandbox;
using functional::StatusOf;
using functional::TestEngine;
using support::Answer;
using support::MariadbServer;
using support::SignedClient;

// Another process that keeps everybody from writing while it lives.
class Lock {
 public:
  // Of a server: nobody reads the table either.
  Lock(MariadbServer* server, const std::string& database)
      : Lock(Words{"mariadb", "--no-defaults", "--socket=" + server->socket_path(), "--user=root", "--batch",
                   "--skip-column-names", "--unbuffered", "--database=" + database, "--execute",
                   "LOCK TABLES payments WRITE; SELECT 'held'; SELECT SLEEP(600)"}) {}
  explicit Lock(const std::string& file)
      : Lock(Words{"python3", "-u", "-c",
                   "import sqlite3, sys, time\n"
                   "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
                   "connection.execute('BEGIN EXCLUSIVE')\n"
                   "print('held')\n"
                   "time.sleep(600)\n",
                   file}) {}

 private:
  using Words = std::vector<std::string>;

  // The program says "held" when it holds it.
  explicit Lock(Words argv)
      : process_(
            {.argv = std::move(argv), .env = {}, .drop_env_prefix = "", .cwd = "", .stdin_text = "", .run_as = ""}) {
    REQUIRE(process_.WaitForLine(support::Stream::kStdout, "held", functional::kPatience));
  }

  support::ChildProcess process_;
};

// While the database does not answer: 2000, at the end of what a call may take and not of what the database takes.
void CheckSlow(Sandbox* sandbox, const std::function<std::unique_ptr<Lock>()>& lock, bool reads) {
  SignedClient client = sandbox->Client();
  client.set_timeout(functional::kPatience);
  const std::string known = TakenDeposit(&client, "known");
  {
    const std::unique_ptr<Lock> held = lock();
    Answer during;
    std::thread waiting([&] { during = client.Call(Deposit(14702, 5000, "INR", "during")); });
    SignedClient other = sandbox->Client();
    other.set_timeout(functional::kPatience);
    const Answer ping = other.Call(std::string_view(kPing));
    const Answer status = other.Call(StatusOf(functional::ById(known)));
    waiting.join();
    CheckAnswer(ping, 0);
    CheckAnswer(status, reads ? 0 : 2000);
    CheckAnswer(during, 2000);
    std::cout << "a slow database: answered 2000 after " << during.at("/processing_time") << " ms" << std::endl;
  }
  // 2000 leaves open what became of it: the database may still do it. Repeating the call is safe whatever it does, and
  // then asking tells.
  Answer again;
  CHECK(Eventually([&] {
    again = client.Call(Deposit(14702, 5000, "INR", "during"));
    return again.code() != 2000;
  }));
  CheckAnswer(again, again.success() ? 0 : 6009);
  CheckAnswer(client.Call(StatusOf({{"c_id", "during"}})), 0);
  CHECK(sandbox->Count("payments WHERE c_id = 'during'") == 1);
  CHECK(BecomesReady(sandbox));
  functional::CheckAllBecomeFinal(*sandbox);
}

TEST_CASE("failures: while another process holds SQLite's write lock calls are answered 2000, and reads go on") {
  const support::TempDir dir;
  support::GatewayOptions options;
  options.env = functional::FastSandbox();
  options.database_url = "sqlite://" + dir.File("hub.db");
  Sandbox sandbox(std::move(options));
  CheckSlow(
      &sandbox, [&] { return std::make_unique<Lock>(dir.File("hub.db")); }, true);
}

TEST_CASE("failures: while a server holds up every statement on payments calls are answered 2000") {
  MariadbServer server;
  Sandbox sandbox(&server);
  const std::string url = sandbox.gateway().database_url();
  CheckSlow(
      &sandbox, [&] { return std::make_unique<Lock>(&server, url.substr(url.rfind('/') + 1)); }, false);
}

TEST_CASE("failures: a password that is changed under a running gateway stops it until it is right again") {
  MariadbServer server;
  Sandbox sandbox(&server);
  SignedClient client = sandbox.Client();
  SteadyLoad load(sandbox);
  CHECK(load.Pays());
  const auto set_password = [&](const std::string& password) {
    server.Query("ALTER USER 'multihub'@'127.0.0.1' IDENTIFIED BY '" + password + "'");
  };
  set_password("another-secret-word");
  server.Query("KILL CONNECTION USER 'multihub'@'127.0.0.1'");
  CHECK(load.IsRefused());
  CHECK(BecomesNotReady(&sandbox, "Access denied for user"));
  CheckAnswer(client.Call(std::string_view(kPing)), 0);
  CheckAnswer(client.Call(json{{"method", "balance.get"}}), 2000);
  set_password("multihub-test");
  CHECK(load.Pays());
  CHECK(BecomesReady(&sandbox));
  load.EndAndCheck();
  for (const char* secret : {"multihub-test", "another-secret-word"}) {
    CHECK_FALSE(functional::Contains(sandbox.gateway().log(), secret));
  }
}

TEST_CASE("failures: a schema that is replaced under a running gateway by one that no longer serves it is not ready") {
  Sandbox sandbox(functional::EachEngine());
  CHECK(BecomesReady(&sandbox));
  sandbox.Sql("INSERT INTO schema_migrations (version, name, applied_ms, serves_from) VALUES (9001, 'later', 1, 1)");
  SignedClient client = sandbox.Client();
  functional::AwaitFinal(&client, TakenDeposit(&client, "over a newer schema"));
  CHECK(BecomesReady(&sandbox));
  sandbox.gateway().Restart();
  sandbox.Sql("UPDATE schema_migrations SET serves_from = 9001 WHERE version = 9001");
  CHECK(BecomesNotReady(&sandbox, "schema 9001, which no longer serves this program"));
}

}  // namespace
}  // namespace multihub::failures
