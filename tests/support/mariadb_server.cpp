#include "support/mariadb_server.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include "support/free_port.h"

namespace multihub::support {
namespace {

// Far above what a loaded machine needs: these only end a hang.
constexpr std::chrono::seconds kStartTimeout{120};
constexpr std::chrono::seconds kStopTimeout{120};
constexpr int kStartTries = 5;

constexpr const char* kUser = "multihub";
constexpr const char* kPassword = "multihub-test";

// The server refuses to run with root's rights; as anybody else it runs as who we are.
std::string ServerUser() { return ::geteuid() == 0 ? "mysql" : ""; }

void RunOrThrow(std::vector<std::string> argv) {
  SpawnOptions options;
  options.argv = std::move(argv);
  const std::string name = options.argv[0];
  const RunResult result = Run(std::move(options), kStartTimeout);
  if (result.exit_code != 0) throw std::runtime_error(name + " failed: " + result.out + result.err);
}

std::vector<std::vector<std::string>> ParseRows(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> row;
    std::size_t begin = 0;
    for (std::size_t end; (end = line.find('\t', begin)) != std::string::npos; begin = end + 1) {
      row.push_back(line.substr(begin, end - begin));
    }
    row.push_back(line.substr(begin));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

MariadbServer::MariadbServer(std::vector<std::string> extra_args)
    : extra_args_(std::move(extra_args)), data_dir_(dir_.File("data")), socket_path_(dir_.File("s.sock")) {
  Initialise();
  for (int tries = 1;; ++tries) {
    port_ = FreePort();
    try {
      Start();
      return;
    } catch (const std::runtime_error&) {
      // Somebody may have taken the port in between.
      if (tries == kStartTries) throw;
    }
  }
}

MariadbServer::~MariadbServer() { Kill9(); }

void MariadbServer::Initialise() {
  const std::string user = ServerUser();
  if (!user.empty()) RunOrThrow({"chown", user, dir_.path()});
  const char* source = std::getenv("MULTIHUB_TEST_MARIADB_TEMPLATE");
  if (source != nullptr && *source != '\0') {
    RunOrThrow({"cp", "-a", "--reflink=auto", source, data_dir_});
  } else {
    RunOrThrow({"sh", std::string(MULTIHUB_SOURCE_DIR) + "/tests/support/make_mariadb_template.sh", data_dir_});
  }
}

void MariadbServer::Start() {
  SpawnOptions options;
  options.argv = {"mariadbd",
                  "--no-defaults",
                  "--datadir=" + data_dir_,
                  "--socket=" + socket_path_,
                  "--port=" + std::to_string(port_),
                  "--bind-address=127.0.0.1",
                  "--pid-file=" + dir_.File("p.pid"),
                  "--tmpdir=" + dir_.path(),
                  "--skip-name-resolve",
                  "--skip-log-bin",
                  "--performance-schema=OFF",
                  "--innodb-flush-log-at-trx-commit=1",
                  "--innodb-buffer-pool-size=64M",
                  "--innodb-log-file-size=48M",
                  "--max-connections=300"};
  options.argv.insert(options.argv.end(), extra_args_.begin(), extra_args_.end());
  // Not --user: the change of user inside the server would lose the signal that ends it with us.
  options.run_as = ServerUser();
  process_ = std::make_unique<ChildProcess>(std::move(options));
  if (!process_->WaitForLine(Stream::kStderr, "ready for connections", kStartTimeout).has_value()) {
    throw std::runtime_error("mariadbd did not start:\n" + log());
  }
}

void MariadbServer::Stop() {
  process_->Signal(SIGTERM);
  if (!process_->WaitExit(kStopTimeout).has_value()) throw std::runtime_error("mariadbd did not stop:\n" + log());
}

void MariadbServer::Kill9() {
  if (process_ == nullptr) return;
  process_->Signal(SIGKILL);
  process_->WaitExit(kStopTimeout);
}

void MariadbServer::Freeze() { process_->Signal(SIGSTOP); }

void MariadbServer::Thaw() { process_->Signal(SIGCONT); }

std::string MariadbServer::CreateDatabase(const std::string& name) {
  const std::string account = std::string("'") + kUser + "'@'127.0.0.1'";
  Query("CREATE OR REPLACE DATABASE `" + name + "` CHARACTER SET utf8mb4; CREATE USER IF NOT EXISTS " + account +
        " IDENTIFIED BY '" + kPassword + "'; GRANT ALL ON `" + name + "`.* TO " + account);
  return std::string("mysql://") + kUser + ":" + kPassword + "@127.0.0.1:" + std::to_string(port_) + "/" + name;
}

std::string MariadbServer::CreateDatabase() {
  static std::atomic<int> count{0};
  return CreateDatabase("test_" + std::to_string(++count));
}

std::vector<std::vector<std::string>> MariadbServer::Query(const std::string& sql, const std::string& database) {
  SpawnOptions options;
  options.argv = {"mariadb", "--no-defaults",       "--socket=" + socket_path_, "--user=root",
                  "--batch", "--skip-column-names", "--connect-timeout=10"};
  if (!database.empty()) options.argv.push_back("--database=" + database);
  options.stdin_text = sql;
  const RunResult result = Run(std::move(options));
  if (result.exit_code != 0) throw std::runtime_error("query failed: " + result.err + "\n" + sql);
  return ParseRows(result.out);
}

MariadbServer& SharedMariadb() {
  static MariadbServer server;
  return server;
}

}  // namespace multihub::support
