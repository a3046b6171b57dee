// The real gateway binary, started and stopped by tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/process.h"
#include "support/temp_dir.h"

namespace multihub::support {

// The master key tests hand to the gateway: 32 bytes in base64, used nowhere else.
extern const char* const kTestMasterKey;

inline constexpr const char* kApiPath = "/public/api/multihub/v1";

// What `serve --sandbox` gives application `application_id`.
std::string SandboxSecret(std::int64_t application_id);

struct GatewayOptions {
  bool sandbox = true;
  // Empty: a SQLite file in a directory of the GatewayProcess.
  std::string database_url;
  std::vector<std::string> args;           // after `serve …`
  std::map<std::string, std::string> env;  // MULTIHUB_… variables of our own environment are not handed on
  std::string listen = "127.0.0.1:0";
  std::string ops_listen = "127.0.0.1:0";
  std::string cwd;           // empty: ours
  bool master_key = true;    // MULTIHUB_SECURITY_MASTER_KEY=kTestMasterKey
  bool discard_log = false;  // stdout to /dev/null: for benchmarks
  std::string binary = MULTIHUB_BINARY;
  std::chrono::milliseconds ready_timeout = std::chrono::minutes(2);
};

// Used by one thread; pid() and log() by any. Start-up failures throw std::runtime_error with the binary's words.
class GatewayProcess {
 public:
  // Starts and returns when the ready line was printed.
  explicit GatewayProcess(GatewayOptions options = {});
  ~GatewayProcess();  // SIGKILL

  std::uint16_t port() const { return port_; }
  std::uint16_t ops_port() const { return ops_port_; }
  // "http://127.0.0.1:PORT/public/api/multihub/v1"
  const std::string& url() const { return url_; }
  const std::string& database_url() const { return options_.database_url; }
  pid_t pid() const { return process_->pid(); }
  bool running() const { return process_->running(); }
  ChildProcess& process() { return *process_; }

  // SIGTERM; returns the exit code, -1 when a signal ended it. Throws when it does not end within `timeout`.
  int Terminate(std::chrono::milliseconds timeout = std::chrono::minutes(1));
  // Returns when the process is gone.
  void Kill9();
  // Starts again with the same options and database, after Terminate or Kill9 (a running one is killed). Port 0 in
  // the options means another port.
  void Restart();

  // The log (stdout) and the notices for people (stderr) of the running process.
  std::string log() const { return process_->Output(Stream::kStdout); }
  std::string notices() const { return process_->Output(Stream::kStderr); }

 private:
  void Start();

  GatewayOptions options_;
  std::unique_ptr<TempDir> dir_;
  std::unique_ptr<ChildProcess> process_;
  std::uint16_t port_ = 0;
  std::uint16_t ops_port_ = 0;
  std::string url_;
};

struct CliCall {
  std::vector<std::string> args;           // after the program's name
  std::map<std::string, std::string> env;  // as in GatewayOptions
  std::string stdin_text;
  std::string cwd;
  bool master_key = true;
  std::chrono::milliseconds timeout = std::chrono::minutes(2);
  std::string binary = MULTIHUB_BINARY;
};

RunResult RunCli(CliCall call);
RunResult RunCli(std::vector<std::string> args, std::map<std::string, std::string> env = {},
                 std::string stdin_text = "");

}  // namespace multihub::support
