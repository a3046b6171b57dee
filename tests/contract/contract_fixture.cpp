#include "contract/contract_fixture.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "support/free_port.h"
#include "support/signed_client.h"
#include "support/tcp_client.h"

namespace multihub::contract {
namespace {

using nlohmann::json;
using support::Stream;

// Against hangs only.
constexpr std::chrono::minutes kPatience{3};

support::GatewayOptions SandboxOptions() {
  support::GatewayOptions options;
  options.discard_log = true;
  // Sooner than usual, and yet later than calls made at once through a proxy are all answered.
  options.env["MULTIHUB_SIMULATOR_DELAY_MS"] = "1000";
  return options;
}

}  // namespace

std::string Source(const std::string& path) { return std::string(MULTIHUB_SOURCE_DIR) + "/" + path; }

std::string ReadFile(const std::string& path) {
  std::ifstream stream(Source(path), std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  INFO(path);
  REQUIRE(stream);
  return text.str();
}

std::vector<std::string> Pages() {
  std::vector<std::string> pages = {"README.md"};
  for (const char* folder : {"docs", "examples"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Source(folder))) {
      if (entry.path().extension() != ".md") continue;
      pages.push_back(std::filesystem::relative(entry, Source("")).string());
    }
  }
  return pages;
}

std::vector<std::string> WordsOf(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string Tool(const std::string& path) { return Source("tests/contract/npm/node_modules/" + path); }

support::SpawnOptions Node(std::vector<std::string> args) {
  support::SpawnOptions options;
  options.argv = {"node"};
  options.argv.insert(options.argv.end(), args.begin(), args.end());
  options.cwd = Source("tests/contract/npm");
  // Nothing is asked of the makers of the tools, and nothing is coloured.
  options.env = {{"REDOCLY_TELEMETRY", "off"}, {"REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"}, {"NO_COLOR", "1"}};
  return options;
}

support::RunResult RunNode(std::vector<std::string> args) { return support::Run(Node(std::move(args)), kPatience); }

bool Eventually(const std::function<bool()>& fact) {
  constexpr std::chrono::milliseconds kPollEvery{50};
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!fact()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kPollEvery);
  }
  return true;
}

ValidatedGateway::ValidatedGateway() : gateway_(SandboxOptions()), prism_port_(support::FreePort()) {
  support::WriteFile(dir_.File("secret-1"), support::SandboxSecret(1));
  support::WriteFile(dir_.File("secret-2"), support::SandboxSecret(2));
  traffic_ = std::make_unique<support::ChildProcess>(
      Node({"traffic.mjs", std::to_string(gateway_.port()), std::to_string(prism_port_)}));
  const auto ready = traffic_->WaitForLine(Stream::kStdout, "ready ", kPatience);
  INFO(traffic_->Output(Stream::kStderr));
  REQUIRE(ready);
  const std::vector<std::string> words = WordsOf(*ready);
  front_ = static_cast<std::uint16_t>(std::stoi(words.at(1)));
  prism_ = std::make_unique<support::ChildProcess>(
      Node({Tool("@stoplight/prism-cli/dist/index.js"), "proxy", Source("docs/contract/openapi.json"),
            "http://127.0.0.1:" + words.at(2), "--host", "127.0.0.1", "--port", std::to_string(prism_port_),
            "--cors=false"}));
  const auto listening = prism_->WaitForLine(Stream::kStdout, "Prism is listening", kPatience);
  INFO(prism_->Output(Stream::kStdout) << prism_->Output(Stream::kStderr));
  REQUIRE(listening);
}

support::RunResult ValidatedGateway::Conformance(const std::string& pattern) const {
  support::CliCall call;
  call.args = {"conformance",
               "--url",
               "http://127.0.0.1:" + std::to_string(front_),
               "--app",
               "1",
               "--secret-file",
               dir_.File("secret-1"),
               "--app2",
               "2",
               "--secret2-file",
               dir_.File("secret-2"),
               "--only",
               pattern};
  call.timeout = kPatience;
  return support::RunCli(std::move(call));
}

support::RunResult ValidatedGateway::Functional(const std::string& tests) const {
  support::SpawnOptions options;
  options.argv = {FUNCTIONAL_TESTS, "--use-colour", "no", "--filenames-as-tags", tests};
  options.env = {{"MULTIHUB_TEST_FRONT", std::to_string(front_)}};
  return support::Run(std::move(options), kPatience);
}

// Each violation of an answer is a line of the log, also when the header that tells of a call's was cut off. The log is
// complete when it tells of a call that was made last.
std::vector<std::string> ValidatedGateway::LoggedViolations() {
  support::TcpClient client;
  REQUIRE(client.Connect("127.0.0.1", prism_port_));
  REQUIRE(client.SendAll(support::HttpRequest("POST", "/last-call", {}, "")));
  REQUIRE(prism_->WaitForLine(Stream::kStdout, "/last-call", kPatience));
  std::istringstream log(prism_->Output(Stream::kStdout));
  std::vector<std::string> found;
  for (std::string line; std::getline(log, line) && line.find("/last-call") == std::string::npos;) {
    if (line.find("Violation: response") != std::string::npos) found.push_back(line);
  }
  return found;
}

json ValidatedGateway::End() {
  const std::vector<std::string> logged = LoggedViolations();
  REQUIRE(traffic_->Signal(SIGTERM));
  const auto status = traffic_->WaitExit(kPatience);
  INFO(traffic_->Output(Stream::kStderr));
  REQUIRE(status);
  REQUIRE(status->code == 0);
  const std::string out = traffic_->Output(Stream::kStdout);
  json seen = json::parse(out.substr(out.find('\n') + 1));
  for (const std::string& line : logged) seen["violations"].push_back(line);
  return seen;
}

}  // namespace multihub::contract
