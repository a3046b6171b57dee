// A private MariaDB server for tests: its own data directory, port and socket, gone with its owner.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/process.h"
#include "support/temp_dir.h"

namespace multihub::support {

// Commits are durable (the log is flushed at each); everything else is set for a quick start and little memory. When
// the environment names a directory in MULTIHUB_TEST_MARIADB_TEMPLATE (made by make_mariadb_template.sh) it is
// copied; otherwise the data directory is initialised, which takes about three seconds.
//
// Not thread safe, but for Query and CreateDatabase. Every failure throws std::runtime_error with the server's words.
class MariadbServer {
 public:
  // Initialises and starts. `extra_args` go to mariadbd as they are.
  explicit MariadbServer(std::vector<std::string> extra_args = {});
  ~MariadbServer();  // Kill9(); the data directory is removed

  std::uint16_t port() const { return port_; }
  const std::string& socket_path() const { return socket_path_; }
  bool running() const { return process_ != nullptr && process_->running(); }
  pid_t pid() const { return process_->pid(); }

  // Starts again after Stop or Kill9, on the same data directory and port; returns when it takes connections.
  void Start();
  // Orderly: returns when the server has ended.
  void Stop();
  // As a power cut: returns when the process is gone.
  void Kill9();
  // Stops the process where it is: connections stay open and nothing answers. Thaw lets it go on.
  void Freeze();
  void Thaw();

  // Drops and creates the database, with an account that may do everything in it.
  // Returns "mysql://user:password@127.0.0.1:port/name".
  std::string CreateDatabase(const std::string& name);
  // The same with a name that was not used before in this server.
  std::string CreateDatabase();

  // Runs SQL as root and returns the rows as text (SQL NULL is "NULL"; tabs, newlines, backslashes and NUL bytes are
  // escaped with a backslash).
  std::vector<std::vector<std::string>> Query(const std::string& sql, const std::string& database = "");

  std::string log() const { return process_->Output(Stream::kStderr); }

 private:
  void Initialise();

  std::vector<std::string> extra_args_;
  TempDir dir_;
  std::string data_dir_;
  std::string socket_path_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

// The server of this test program: started at the first call, ended with the program, however that ends.
MariadbServer& SharedMariadb();

}  // namespace multihub::support
