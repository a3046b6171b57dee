#include "bench/servers.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

#include "bench/requests.h"
#include "support/gateway_process.h"
#include "support/process.h"

namespace multihub::bench {
namespace {

// Far above what is ever needed: under an instrumenting wrapper a start takes minutes.
constexpr std::chrono::minutes kStartTimeout{10};
constexpr std::chrono::minutes kStopTimeout{10};
constexpr std::chrono::hours kCommandTimeout{1};  // `ledger verify` of millions

// A server that prints "ready http://127.0.0.1:PORT/…" on stderr and ends at SIGTERM.
class ProcessServer final : public Server {
 public:
  ProcessServer(const std::string& name, support::SpawnOptions options) : name_(name), process_(std::move(options)) {
    const auto line = process_.WaitForLine(support::Stream::kStderr, kReady, kStartTimeout);
    if (!line.has_value()) {
      throw std::runtime_error(name_ + " did not start: " + process_.Output(support::Stream::kStderr));
    }
    port_ = static_cast<std::uint16_t>(std::stoul(line->substr(line->find(kReady) + std::string(kReady).size())));
  }

  std::uint16_t port() const override { return port_; }

  void Stop() override {
    process_.Signal(SIGTERM);
    const auto status = process_.WaitExit(kStopTimeout);
    if (!status.has_value() || status->code != 0) {
      throw std::runtime_error(name_ + " did not end well: " + process_.Output(support::Stream::kStderr));
    }
  }

 private:
  static constexpr const char* kReady = "ready http://127.0.0.1:";

  const std::string name_;
  support::ChildProcess process_;
  std::uint16_t port_ = 0;
};

}  // namespace

std::unique_ptr<Server> StartBareFront() {
  support::SpawnOptions options;
  options.argv = {"/proc/" + std::to_string(::getpid()) + "/exe", "serve-bare"};
  return std::make_unique<ProcessServer>("the bare front", std::move(options));
}

std::unique_ptr<Server> StartGateway(const GatewayStart& start) {
  support::SpawnOptions options;
  options.argv = start.wrapper;
  options.argv.insert(options.argv.end(), {start.binary, "serve", "--sandbox", "--listen", "127.0.0.1:0",
                                           "--ops-listen", "127.0.0.1:0", "--database", start.database->url()});
  options.env = start.env;
  options.env.insert({{"MULTIHUB_LIMITS_ENABLED", "false"},
                      {"MULTIHUB_SIMULATOR_DELAY_MS", "3600000"},
                      {"MULTIHUB_SECURITY_MASTER_KEY", support::kTestMasterKey}});
  options.drop_env_prefix = "MULTIHUB_";
  options.discard_stdout = true;
  return std::make_unique<ProcessServer>("the gateway", std::move(options));
}

std::unique_ptr<Server> StartTwin(const Database& database) {
  support::SpawnOptions options;
  options.argv = {"node", "server.mjs"};
  options.cwd = std::string(MULTIHUB_SOURCE_DIR) + "/tests/bench/twin";
  options.env = {{"NODE_ENV", "production"},
                 {"TWIN_CREATE", "1"},
                 {"TWIN_DATABASE_URL", database.url()},
                 {"TWIN_SECRET", SandboxCaller().secret}};
  return std::make_unique<ProcessServer>("the twin", std::move(options));
}

void RunCommand(const std::string& binary, const Database& database, std::vector<std::string> words) {
  support::CliCall call;
  call.binary = binary;
  call.timeout = kCommandTimeout;
  call.args = std::move(words);
  call.args.insert(call.args.end(), {"--database", database.url()});
  const std::string name = call.args[0];
  const support::RunResult result = support::RunCli(std::move(call));
  if (result.exit_code != 0) throw std::runtime_error(name + " failed: " + result.out + result.err);
}

}  // namespace multihub::bench
