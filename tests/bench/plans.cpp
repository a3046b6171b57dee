#include "bench/plans.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "bench/databases.h"
#include "bench/generator.h"
#include "bench/requests.h"
#include "bench/servers.h"
#include "bench/statements.h"
#include "bench/stored_payments.h"
#include "support/mariadb_server.h"
#include "support/signed_client.h"
#include "support/webhook_receiver.h"

namespace multihub::bench {
namespace {

constexpr std::size_t kManyStored = 10'000'000;
// What MariaDB's tables hold before it is asked: with few rows it reads whole tables, and is right.
constexpr std::size_t kFillPayments = 20'000;
constexpr std::size_t kPayments = 500;
constexpr int kConnections = 64;
constexpr std::chrono::minutes kHangGuard{3};

// One statement of each shape, as it was issued.
using Statements = std::map<std::string, std::string>;

void Await(const char* what, const std::function<bool()>& holds) {
  const auto give_up = std::chrono::steady_clock::now() + kHangGuard;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > give_up) throw std::runtime_error(std::string("waited in vain for ") + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void Send(RequestPool pool, const Server& server) {
  LoadOptions load;
  load.port = server.port();
  load.connections = kConnections;
  load.seconds = 600;
  const LoadResult result = RunClosedLoop(pool, load);
  if (result.failures > 0) throw std::runtime_error("a call failed: " + result.first_failure);
}

// Deposits with other last digits of the amount: another outcome at the simulator.
RequestPool DepositsEnding(const char* digits, std::size_t requests) {
  RequestPool pool({SandboxCaller()}, false);
  for (std::size_t n = 0; n < requests; ++n) {
    const std::string c_id = std::string("ends-") + digits + "-" + std::to_string(n);
    std::string body = DepositBody(c_id);
    const std::string amount = "150000";
    body.replace(body.find(amount), amount.size(), std::string("1500") + digits);
    pool.Add(body, c_id);
  }
  return pool;
}

struct Gateway {
  Gateway(const std::string& binary, const Database& database, std::map<std::string, std::string> env) {
    env.insert({"MULTIHUB_SIMULATOR_DELAY_MS", "100"});
    server = StartGateway({binary, &database, std::move(env), {}});
    const std::string application = std::to_string(SandboxCaller().application_id);
    RunCommand(binary, database,
               {"webhook", "create", "--app", application, "--url", receiver.Url("/hook"), "--events",
                "payment.created", "payment.completed", "payout.created", "payout.completed"});
    RunCommand(binary, database,
               {"balance", "topup", application, "MXN", "9000000000000", "--reference", "plans", "--reason", "bench"});
  }
  support::WebhookReceiver receiver;
  std::unique_ptr<Server> server;
};

// Every kind of work that a busy gateway does.
void RunHotPaths(const Gateway& gateway, const Database& database) {
  Send(Deposits(kPayments, "hot-"), *gateway.server);
  Send(Payouts(kPayments, {SandboxCaller()}), *gateway.server);
  // Found out by asking; told twice; told with another amount.
  for (const char* digits : {"07", "08", "09"}) Send(DepositsEnding(digits, 10), *gateway.server);
  Await("webhooks", [&] { return gateway.receiver.count() >= 4 * kPayments; });
  Await("asking", [&] {
    return database.QueryNumber("SELECT COUNT(*) FROM payments WHERE c_id LIKE 'ends-07%' AND finished_ms > 0") == 10;
  });
  support::SignedClient client(gateway.server->port(), SandboxCaller().application_id, SandboxCaller().secret);
  const auto call = [&](const std::string& method, const std::string& params) {
    const std::string body = "{\"method\":\"" + method + "\",\"params\":" + params + "}";
    const support::Answer answer = client.Call(std::string_view(body));
    if (!answer.success()) throw std::runtime_error(method + " failed: " + answer.raw);
    return answer;
  };
  const std::string by_client_id = R"({"payment":{"identifiers":{"c_id":"hot-7"}}})";
  const std::string h_id = call("payment.status", by_client_id).at("/result/payment/identifiers/h_id");
  call("payment.status", R"({"payment":{"identifiers":{"h_id":")" + h_id + "\"}}}");
  call("payment.notification", by_client_id);
  call("balance.get", "{}");
}

Statements Collect(const std::vector<std::string>& issued) {
  Statements statements;
  for (const std::string& sql : issued) {
    if (FindsRows(sql)) statements.emplace(ShapeOf(sql), sql);
  }
  return statements;
}

// The table that an alias of a statement stands for.
std::string TableOf(const std::string& alias, const std::string& shape) {
  std::istringstream words(shape);
  std::string before;
  for (std::string word; words >> word; before = word) {
    if (word == alias && before != "FROM" && before != "JOIN" && before.find(',') == std::string::npos) return before;
  }
  return alias;
}

// Long lists of columns left out.
std::string Shortened(const std::string& shape) {
  constexpr std::size_t kMost = 60;
  const std::size_t from = shape.find(" FROM ");
  if (shape.rfind("SELECT ", 0) == 0 && from != std::string::npos && from > kMost) {
    return "SELECT ..." + shape.substr(from);
  }
  return shape;
}

// Prints one statement; false when it reads a table whole that grows.
bool PrintOne(const std::string& shape, const std::vector<std::string>& plan, const std::vector<std::string>& whole) {
  bool good = true;
  bool all_small = !whole.empty();
  for (const std::string& name : whole) {
    const bool small = StaysSmall(TableOf(name, shape));
    good = good && small;
    all_small = all_small && small;
  }
  // What the directory is read with.
  if (all_small && whole.size() == plan.size()) return true;
  std::printf("%s %s\n", good ? "index " : "WHOLE ", Shortened(shape).c_str());
  for (const std::string& line : plan) std::printf("         %s\n", line.c_str());
  return good;
}

std::string JoinedRow(const std::vector<std::string>& row) {
  std::string line;
  for (const std::string& column : row) line += (line.empty() ? "" : " ") + column;
  return line;
}

bool ExplainOnSqlite(const Statements& statements, const Database& database) {
  std::printf("SQLite, %lld payments\n", database.QueryNumber("SELECT COUNT(*) FROM payments"));
  bool good = true;
  for (const auto& [shape, sql] : statements) {
    std::vector<std::string> plan, whole;
    for (const auto& row : database.Query("EXPLAIN QUERY PLAN " + sql + ";\n")) {
      const std::string line = JoinedRow(row);
      if (line == "QUERY PLAN") continue;
      plan.push_back(line);
      if (auto name = WholeRead(line)) whole.push_back(std::move(*name));
    }
    good = PrintOne(shape, plan, whole) && good;
  }
  return good;
}

bool ExplainOnMariadb(const Statements& statements, support::MariadbServer& server, const std::string& name) {
  std::printf("MariaDB, %s payments\n", server.Query("SELECT COUNT(*) FROM payments", name).at(0).at(0).c_str());
  bool good = true;
  for (const auto& [shape, sql] : statements) {
    std::vector<std::string> plan, whole;
    for (const auto& row : server.Query("EXPLAIN " + sql, name)) {
      plan.push_back(JoinedRow(row));
      if (auto table = WholeRead(row)) whole.push_back(std::move(*table));
    }
    good = PrintOne(shape, plan, whole) && good;
  }
  return good;
}

bool ReportSqlite(const std::string& binary, bool big) {
  const support::TempDir dir;
  const std::string file = dir.File("statements");
  const std::unique_ptr<Database> database = NewSqliteDatabase();
  {
    const Gateway gateway(binary, *database, {{"LD_PRELOAD", STATEMENT_RECORDER}, {"BENCH_STATEMENTS", file}});
    RunHotPaths(gateway, *database);
    gateway.server->Stop();
  }
  std::vector<std::string> issued;
  std::istringstream lines(support::ReadFile(file));
  for (std::string line; std::getline(lines, line);) issued.push_back(line);
  const Statements statements = Collect(issued);
  if (statements.empty()) throw std::runtime_error("no statement was recorded");
  if (!big) return ExplainOnSqlite(statements, *database);
  const StoredPayments stored(binary, kManyStored);
  return ExplainOnSqlite(statements, stored.database());
}

// The server's texts escape what would break a line.
std::string Unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    out += next == 'n' ? '\n' : next == 't' ? '\t' : next == '0' ? '\0' : next;
  }
  return out;
}

class LoggedDatabase final : public Database {
 public:
  explicit LoggedDatabase(support::MariadbServer& server) : server_(server), url_(server.CreateDatabase(kName)) {}
  std::string url() const override { return url_; }
  TextRows Query(const std::string& sql) const override { return server_.Query(sql, kName); }

  static constexpr const char* kName = "plans";

 private:
  support::MariadbServer& server_;
  const std::string url_;
};

bool ReportMariadb(const std::string& binary) {
  support::MariadbServer server(
      {"--innodb-buffer-pool-size=256M", "--innodb-log-file-size=256M", "--log-output=TABLE"});
  const LoggedDatabase database(server);
  Gateway gateway(binary, database, {});
  // They stay under way: their tasks and events are what statements have to find theirs among.
  Send(DepositsEnding("04", kFillPayments), *gateway.server);
  Await("webhooks", [&] { return gateway.receiver.count() >= kFillPayments; });
  gateway.receiver.Clear();
  for (const auto& row : server.Query("SHOW TABLES", LoggedDatabase::kName))
    database.Query("ANALYZE TABLE " + row.at(0));
  server.Query("SET GLOBAL general_log = 1");
  RunHotPaths(gateway, database);
  server.Query("SET GLOBAL general_log = 0");
  std::vector<std::string> issued;
  for (const auto& row : server.Query("SELECT argument FROM mysql.general_log WHERE command_type = 'Query' AND "
                                      "user_host LIKE 'multihub%' AND argument REGEXP '^(SELECT|UPDATE|DELETE)'")) {
    issued.push_back(Unescaped(row.at(0)));
  }
  const Statements statements = Collect(issued);
  if (statements.empty()) throw std::runtime_error("no statement was recorded");
  return ExplainOnMariadb(statements, server, LoggedDatabase::kName);
}

}  // namespace

bool ReportPlans(const std::string& binary, bool big) {
  const bool sqlite = ReportSqlite(binary, big);
  return ReportMariadb(binary) && sqlite;
}

}  // namespace multihub::bench
