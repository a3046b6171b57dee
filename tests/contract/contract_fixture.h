// The tools of tests/contract/npm, and a gateway behind a validating proxy.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/gateway_process.h"
#include "support/json.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace multihub::contract {

// A path below the top of the tree.
std::string Source(const std::string& path);
std::string ReadFile(const std::string& path);  // below the top of the tree
// The pages whose examples are checked: README.md, and those of docs and examples.
std::vector<std::string> Pages();
std::vector<std::string> WordsOf(const std::string& text);

// A program of an npm package: "newman/bin/newman.js".
std::string Tool(const std::string& path);
support::SpawnOptions Node(std::vector<std::string> args);
support::RunResult RunNode(std::vector<std::string> args);

// Waits for a fact; false when it did not come about.
bool Eventually(const std::function<bool()>& fact);

// A sandbox gateway that is called through tests/contract/npm/traffic.mjs and the validating proxy.
class ValidatedGateway {
 public:
  ValidatedGateway();

  std::uint16_t front() const { return front_; }
  support::GatewayProcess& process() { return gateway_; }
  // Runs the cases of the conformance suite whose id fits. From any thread.
  support::RunResult Conformance(const std::string& pattern) const;
  // Runs functional tests, whose calls to their own gateways pass the front and the proxy too.
  support::RunResult Functional(const std::string& tests) const;
  // What traffic.mjs saw, with what the proxy logged of wrong answers among the violations. Once.
  nlohmann::json End();

 private:
  std::vector<std::string> LoggedViolations();

  support::TempDir dir_;
  support::GatewayProcess gateway_;
  std::uint16_t prism_port_;
  std::uint16_t front_ = 0;
  std::unique_ptr<support::ChildProcess> traffic_;
  std::unique_ptr<support::ChildProcess> prism_;
};

}  // namespace multihub::contract
