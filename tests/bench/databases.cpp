#include "bench/databases.h"

#include <chrono>
#include <sstream>
#include <stdexcept>

#include "support/process.h"

namespace multihub::bench {
namespace {

constexpr std::chrono::hours kSqlTimeout{2};  // filling takes long

TextRows SplitRows(const std::string& text) {
  TextRows rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> row;
    std::istringstream columns(line);
    for (std::string column; std::getline(columns, column, '\t');) row.push_back(column);
    rows.push_back(std::move(row));
  }
  return rows;
}

class SqliteShell final : public Database {
 public:
  explicit SqliteShell(std::string path) : path_(std::move(path)) {}
  explicit SqliteShell(std::unique_ptr<support::TempDir> dir) : dir_(std::move(dir)), path_(dir_->File("bench.db")) {}

  std::string url() const override { return "sqlite:///" + path_; }

  TextRows Query(const std::string& sql) const override {
    support::SpawnOptions options;
    options.argv = {"sqlite3", "-batch", "-bail", "-tabs", "-cmd", ".timeout 10000", path_};
    options.stdin_text = sql;
    const support::RunResult run = support::Run(std::move(options), kSqlTimeout);
    if (run.exit_code != 0) throw std::runtime_error("sqlite3 failed: " + run.err + "\n" + sql.substr(0, 1000));
    return SplitRows(run.out);
  }

 private:
  std::unique_ptr<support::TempDir> dir_;
  const std::string path_;
};

class MariadbDatabase final : public Database {
 public:
  MariadbDatabase(support::MariadbServer& server, std::string name)
      : server_(server), name_(std::move(name)), url_(server.CreateDatabase(name_)) {}

  std::string url() const override { return url_; }
  TextRows Query(const std::string& sql) const override { return server_.Query(sql, name_); }

 private:
  support::MariadbServer& server_;
  const std::string name_;
  const std::string url_;
};

}  // namespace

long long Database::QueryNumber(const std::string& sql) const {
  const TextRows rows = Query(sql);
  if (rows.empty() || rows.front().empty()) throw std::runtime_error("no row: " + sql);
  return std::stoll(rows.front().front());
}

std::unique_ptr<Database> NewSqliteDatabase() {
  return std::make_unique<SqliteShell>(std::make_unique<support::TempDir>());
}

std::unique_ptr<Database> SqliteDatabase(const std::string& path) { return std::make_unique<SqliteShell>(path); }

support::MariadbServer& MariadbDatabases::server() {
  if (server_ == nullptr) {
    server_ = std::make_unique<support::MariadbServer>(
        std::vector<std::string>{"--innodb-buffer-pool-size=256M", "--innodb-log-file-size=256M"});
  }
  return *server_;
}

std::unique_ptr<Database> MariadbDatabases::Named(const std::string& name) {
  return std::make_unique<MariadbDatabase>(server(), name);
}

std::unique_ptr<Database> MariadbDatabases::New() { return Named("bench"); }

std::unique_ptr<Database> MariadbDatabases::CopyOfPrepared() {
  std::unique_ptr<Database> copy = New();
  std::string sql;
  for (const auto& row : server().Query("SHOW TABLES", "bench_prepared")) {
    const std::string& table = row.at(0);
    sql += "CREATE TABLE " + table + " LIKE bench_prepared." + table + ";";
    sql += "INSERT INTO " + table + " SELECT * FROM bench_prepared." + table + ";";
  }
  copy->Query(sql);
  return copy;
}

}  // namespace multihub::bench
