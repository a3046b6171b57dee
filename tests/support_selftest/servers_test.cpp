#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <stdexcept>

#include "support/fixtures.h"
#include "support/mariadb_server.h"
#include "support/proxies.h"
#include "support/signed_client.h"
#include "support_selftest/stand_in_server.h"

using namespace multihub::support;
using namespace std::chrono_literals;

namespace {

using Rows = std::vector<std::vector<std::string>>;

// What a client program sees that connects by the URL's user, password and port.
RunResult QueryAsUser(const MariadbServer& server, const std::string& database, const std::string& sql) {
  SpawnOptions options;
  options.argv = {"mariadb",
                  "--no-defaults",
                  "--protocol=TCP",
                  "--host=127.0.0.1",
                  "--user=multihub",
                  "--password=multihub-test",
                  "--batch",
                  "--skip-column-names",
                  "--port=" + std::to_string(server.port()),
                  "--database=" + database};
  options.stdin_text = sql;
  return Run(options);
}

}  // namespace

TEST_CASE("a database of the private server is reached by its URL's account, and by nobody over another") {
  MariadbServer& server = SharedMariadb();
  CHECK(server.CreateDatabase("first") ==
        "mysql://multihub:multihub-test@127.0.0.1:" + std::to_string(server.port()) + "/first");
  const RunResult result = QueryAsUser(server, "first",
                                       "CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (5);"
                                       "SELECT a, NULL, 'x\ty' FROM t");
  INFO(result.err);
  CHECK(result.exit_code == 0);
  CHECK(server.Query("SELECT a, NULL, 'x\ty' FROM t", "first") == Rows{{"5", "NULL", "x\\ty"}});
  CHECK(QueryAsUser(server, "mysql", "SELECT 1").exit_code != 0);
  CHECK(server.CreateDatabase() != server.CreateDatabase());
  CHECK_THROWS_AS(server.Query("SELECT nonsense"), std::runtime_error);
}

TEST_CASE("commits of the private server survive a kill, on the same port") {
  MariadbServer& server = SharedMariadb();
  server.CreateDatabase("durable");
  server.Query("CREATE TABLE t (a INT PRIMARY KEY) ENGINE=InnoDB; INSERT INTO t VALUES (1)", "durable");
  const std::uint16_t port = server.port();
  server.Kill9();
  CHECK_FALSE(server.running());
  server.Start();
  CHECK(server.port() == port);
  CHECK(server.Query("SELECT a FROM t", "durable") == Rows{{"1"}});
  server.Stop();
  CHECK_FALSE(server.running());
  server.Start();
  CHECK(server.Query("SELECT @@innodb_flush_log_at_trx_commit, a FROM t", "durable") == Rows{{"1", "1"}});
}

TEST_CASE("a frozen server answers after it is thawed") {
  MariadbServer& server = SharedMariadb();
  server.Freeze();
  SpawnOptions options;
  options.argv = {"mariadb", "--no-defaults", "--user=root", "--socket=" + server.socket_path(), "-e", "SELECT 1"};
  ChildProcess query(options);
  CHECK_FALSE(query.WaitExit(200ms).has_value());
  server.Thaw();
  const auto status = query.WaitExit(60s);
  REQUIRE(status.has_value());
  CHECK(status->code == 0);
}

TEST_CASE("a prepared data directory is copied instead of initialised anew") {
  TempDir dir;
  SpawnOptions options;
  options.argv = {std::string(MULTIHUB_SOURCE_DIR) + "/tests/support/make_mariadb_template.sh", dir.File("template")};
  REQUIRE(Run(options).exit_code == 0);
  REQUIRE(Run(options).exit_code == 0);  // a finished one is left alone
  const char* before = std::getenv("MULTIHUB_TEST_MARIADB_TEMPLATE");
  const std::string restored = before == nullptr ? "" : before;
  ::setenv("MULTIHUB_TEST_MARIADB_TEMPLATE", dir.File("template").c_str(), 1);
  {
    MariadbServer server;
    CHECK(server.Query("SELECT 1") == Rows{{"1"}});
  }
  ::setenv("MULTIHUB_TEST_MARIADB_TEMPLATE", restored.c_str(), 1);
}

TEST_CASE("the proxies hand requests and answers through over kept connections") {
  StandInServer backend([](const std::string&, const std::string& body) {
    const std::string answer = "{\"echo\":\"" + body + "\"}";
    return StandInAnswer{"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(answer.size()) + "\r\n\r\n" + answer,
                         false, false};
  });
  const auto check = [&](std::uint16_t port) {
    for (int i = 0; i < 20; ++i) {
      SignedClient client(port, 1, "s");
      const Answer answer = client.Call(std::string_view("b" + std::to_string(i)));
      REQUIRE(answer.ok());
      CHECK(answer.at("/echo") == "b" + std::to_string(i));
    }
  };
  SECTION("nginx") {
    NginxProxy proxy(backend.port());
    check(proxy.port());
    CHECK(backend.connections() < 5);
  }
  SECTION("HAProxy") {
    HaproxyProxy proxy(backend.port());
    check(proxy.port());
    CHECK(backend.connections() < 5);
  }
}

TEST_CASE("every signature vector of the fixtures verifies") {
  const nlohmann::json vectors = nlohmann::json::parse(Fixture("vectors.json"));
  CHECK(vectors.at("x_data_hash").size() >= 12);
  for (const auto& vector : vectors.at("x_data_hash")) {
    INFO(vector.at("name"));
    CHECK(Sign(vector.at("body").get<std::string>(), vector.at("secret").get<std::string>()) ==
          vector.at("x_data_hash"));
  }
}

TEST_CASE("every request fixture is a JSON object with a method") {
  const auto names = RequestFixtures();
  CHECK(names.size() >= 6);
  for (const std::string& name : names) {
    INFO(name);
    const auto request = nlohmann::json::parse(Fixture("requests/" + name), nullptr, false);
    REQUIRE(request.is_object());
    CHECK(request.contains("method"));
  }
}
