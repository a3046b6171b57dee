#include "support/gateway_process.h"

#include <signal.h>

#include <stdexcept>

namespace multihub::support {
namespace {

// "… http://ADDR:PORT/…" → "http://ADDR:PORT/…" up to the next blank.
std::string UrlIn(const std::string& line) {
  const std::size_t begin = line.find("http://");
  if (begin == std::string::npos) throw std::runtime_error("no URL in: " + line);
  return line.substr(begin, line.find(' ', begin) - begin);
}

std::uint16_t PortOf(const std::string& url) {
  const std::size_t path = url.find('/', std::string("http://").size());
  const std::size_t colon = url.rfind(':', path);
  return static_cast<std::uint16_t>(std::stoul(url.substr(colon + 1, path - colon - 1)));
}

void AddMasterKey(bool wanted, std::map<std::string, std::string>* env) {
  if (wanted) env->emplace("MULTIHUB_SECURITY_MASTER_KEY", kTestMasterKey);
}

}  // namespace

const char* const kTestMasterKey = "dGVzdC1vbmx5LW1hc3Rlci1rZXktMDEyMzQ1Njc4OWE=";

std::string SandboxSecret(std::int64_t application_id) {
  return "sandbox-secret-" + std::to_string(application_id) + "-do-not-use-in-production";
}

GatewayProcess::GatewayProcess(GatewayOptions options) : options_(std::move(options)) {
  if (options_.database_url.empty()) {
    dir_ = std::make_unique<TempDir>();
    options_.database_url = "sqlite:///" + dir_->File("gateway.db");
  }
  Start();
}

GatewayProcess::~GatewayProcess() = default;

void GatewayProcess::Start() {
  SpawnOptions spawn;
  spawn.argv = {options_.binary,     "serve",      "--listen",           options_.listen, "--ops-listen",
                options_.ops_listen, "--database", options_.database_url};
  if (options_.sandbox) spawn.argv.push_back("--sandbox");
  spawn.argv.insert(spawn.argv.end(), options_.args.begin(), options_.args.end());
  spawn.env = options_.env;
  AddMasterKey(options_.master_key, &spawn.env);
  spawn.drop_env_prefix = "MULTIHUB_";
  spawn.cwd = options_.cwd;
  spawn.discard_stdout = options_.discard_log;
  process_ = std::make_unique<ChildProcess>(std::move(spawn));

  const auto ready = process_->WaitForLine(Stream::kStderr, "ready http://", options_.ready_timeout);
  if (!ready.has_value()) throw std::runtime_error("the gateway did not get ready:\n" + notices() + log());
  url_ = UrlIn(*ready);
  port_ = PortOf(url_);
  const auto ops = process_->WaitForLine(Stream::kStderr, "ops http://", options_.ready_timeout);
  if (!ops.has_value()) throw std::runtime_error("the gateway did not name its ops port:\n" + notices());
  ops_port_ = PortOf(UrlIn(*ops));
}

int GatewayProcess::Terminate(std::chrono::milliseconds timeout) {
  process_->Signal(SIGTERM);
  const auto status = process_->WaitExit(timeout);
  if (!status.has_value()) throw std::runtime_error("the gateway did not end after SIGTERM:\n" + notices());
  return status->code;
}

void GatewayProcess::Kill9() {
  process_->Signal(SIGKILL);
  process_->WaitExit(std::chrono::minutes(1));
}

void GatewayProcess::Restart() {
  Kill9();
  Start();
}

RunResult RunCli(CliCall call) {
  SpawnOptions spawn;
  spawn.argv = std::move(call.args);
  spawn.argv.insert(spawn.argv.begin(), call.binary);
  spawn.env = std::move(call.env);
  AddMasterKey(call.master_key, &spawn.env);
  spawn.drop_env_prefix = "MULTIHUB_";
  spawn.stdin_text = std::move(call.stdin_text);
  spawn.cwd = std::move(call.cwd);
  return Run(std::move(spawn), call.timeout);
}

RunResult RunCli(std::vector<std::string> args, std::map<std::string, std::string> env, std::string stdin_text) {
  CliCall call;
  call.args = std::move(args);
  call.env = std::move(env);
  call.stdin_text = std::move(stdin_text);
  return RunCli(std::move(call));
}

}  // namespace multihub::support
