// /readyz: the database within a deadline, its schema, the room on its disk. Draining is in gateway_drain_test.cpp, the
// clock in the unit tests of cli.
#include "support/gateway_fixture.h"
#include "support/metrics_page.h"

namespace multihub::functional {
namespace {

using support::AskOps;
using support::MariadbServer;
using support::ScrapeMetrics;

constexpr const char* kReady = "200 {\"status\":\"ready\"}";
constexpr const char* kAlive = "200 {\"status\":\"ok\"}";

bool BecomesReady(Sandbox* sandbox) {
  return Eventually([&] { return AskOps(sandbox->gateway().ops_port(), "/readyz") == kReady; });
}

// Waits until /readyz says 503 with these words; the process is alive all the while.
void CheckBecomesNotReady(Sandbox* sandbox, const std::string& words) {
  const std::uint16_t port = sandbox->gateway().ops_port();
  std::string said;
  const bool came = Eventually([&] {
    said = AskOps(port, "/readyz");
    return said != kReady;
  });
  INFO(said);
  CHECK(came);
  CHECK(said.substr(0, 4) == "503 ");
  CHECK(Contains(said, words));
  CHECK(AskOps(port, "/healthz") == kAlive);
  CHECK(ScrapeMetrics(port).Of("multihub_ready") == 0);
}

TEST_CASE("readiness: a disk with less room than ops.min_free_mb") {
  auto env = FastSandbox();
  env["MULTIHUB_OPS_MIN_FREE_MB"] = "1000000000";  // a petabyte
  Sandbox sandbox(TestEngine::kSqlite, env);
  CheckBecomesNotReady(&sandbox, "ops.min_free_mb is 1000000000");
  CHECK(ScrapeMetrics(sandbox.gateway().ops_port()).Of("multihub_database_free_bytes") > 0);
  // The disk of a server is its own.
  Sandbox server(TestEngine::kMysql, env);
  CHECK(AskOps(server.gateway().ops_port(), "/readyz") == kReady);
}

TEST_CASE("readiness: a database whose schema is older than what the program needs") {
  Sandbox sandbox(EachEngine());
  REQUIRE(BecomesReady(&sandbox));
  const Rows newest = sandbox.Sql("SELECT MAX(version) FROM schema_migrations");
  const std::string version = newest.at(0).at(0);
  sandbox.Sql("UPDATE schema_migrations SET version = -1 WHERE version = " + version);
  CheckBecomesNotReady(&sandbox, "this program needs " + version);
  sandbox.Sql("UPDATE schema_migrations SET version = " + version + " WHERE version = -1");
  CHECK(BecomesReady(&sandbox));
}

TEST_CASE("readiness: a database that keeps its callers waiting does not answer") {
  MariadbServer server;
  // Statements may take longer than readiness has time: it must not wait for them.
  auto env = FastSandbox();
  env["MULTIHUB_DATABASE_STATEMENT_TIMEOUT_S"] = "300";
  Sandbox sandbox(&server, env);
  REQUIRE(BecomesReady(&sandbox));
  server.Freeze();
  CheckBecomesNotReady(&sandbox, "the database does not answer");
  server.Thaw();
  CHECK(BecomesReady(&sandbox));
}

TEST_CASE("readiness: a gateway that migrates at its start waits for its database no longer than others") {
  MariadbServer server;
  auto env = FastSandbox();
  env["MULTIHUB_DATABASE_STATEMENT_TIMEOUT_S"] = "1";
  Sandbox sandbox(&server, env);
  REQUIRE(BecomesReady(&sandbox));
  server.Freeze();
  // Behind the colon stands what the statement was given up with.
  CHECK(Eventually(
      [&] { return Contains(AskOps(sandbox.gateway().ops_port(), "/readyz"), "the database does not answer: "); }));
  server.Thaw();
  CHECK(BecomesReady(&sandbox));
}

}  // namespace
}  // namespace multihub::functional
