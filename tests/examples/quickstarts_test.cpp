// The quickstarts of examples/, as a reader runs them.
#include <regex>

#include "examples_fixture.h"

namespace multihub::examples {
namespace {

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// What each prints, line by line.
const char* const kExpected[] = {
    R"(ping: pong)",
    R"(balance: \d+ ARS, frozen \d+)",
    R"(balance: \d+ AUD, frozen \d+)",
    R"(balance: \d+ INR, frozen \d+)",
    R"(balance: \d+ MXN, frozen \d+)",
    R"(deposit order-(\w+): created, (pay_\w{26}))",
    R"(the payer's link: upi://pay\?.*am=250\.00&cu=INR&tr=pay_\w{26})",
    R"(deposit order-\w+: success)",
    R"(payout payout-\w+: created, pay_\w{26})",
    R"(payout payout-\w+: success)",
    R"(status of order-\w+: success, version 3)",
    R"(the same c_id again: refused, it is pay_\w{26} \(success\))",
    R"(an amount below the minimum: refused, 5000 Limit exceeded \(from 100 to 10000000\))",
};

TEST_CASE("examples: each quickstart walks from ping to a refused duplicate") {
  const Env env = SandboxEnv(SharedSandbox().gateway().url());
  const std::int64_t before = Payments();
  const auto runs = AtOnce([&](const Language& language) { return RunProgram(language.quickstart, env); });
  CHECK(Payments() == before + static_cast<std::int64_t>(2 * runs.size()));
  for (std::size_t at = 0; at < runs.size(); ++at) {
    INFO(Languages()[at].name << "\n" << runs[at].out << runs[at].err);
    CHECK(runs[at].exit_code == 0);
    const std::vector<std::string> lines = LinesOf(runs[at].out);
    REQUIRE(lines.size() == std::size(kExpected));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      INFO(lines[i]);
      CHECK(std::regex_match(lines[i], std::regex(kExpected[i])));
    }
    std::smatch created;
    REQUIRE(std::regex_match(lines[5], created, std::regex(kExpected[5])));
    CHECK(PaymentsWith("order-" + created[1].str()) == 1);
    CHECK(PaymentsWith("payout-" + created[1].str()) == 1);
    CHECK(lines[11].find(created[2].str()) != std::string::npos);
  }
}

TEST_CASE("examples: each quickstart ends with one sentence when it gets no answer or is refused") {
  for (const Language& language : Languages()) {
    INFO(language.name);
    Env env = SandboxEnv(SharedSandbox().gateway().url());
    env["MULTIHUB_SECRET"] = "another secret";
    const support::RunResult run = RunProgram(language.quickstart, env);
    INFO(run.out << run.err);
    CHECK(run.exit_code == 1);
    CHECK(run.err.find("3000") != std::string::npos);
  }
}

TEST_CASE("examples: the Go sources are formatted as Go sources are") {
  support::SpawnOptions options;
  options.argv = {"gofmt", "-l", "examples/go", "tests/examples/drivers"};
  options.cwd = MULTIHUB_SOURCE_DIR;
  const support::RunResult run = support::Run(std::move(options));
  CHECK(run.exit_code == 0);
  CHECK(run.out.empty());
}

}  // namespace
}  // namespace multihub::examples
