// The suite against gateways that are each wrong in one place of their source: a sample in the ordinary run, all by
// `./dev mutants` and `./dev soak mutants`. And the release build, which has no such places.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/seeded_faults/mutant_fixture.h"
#include "support/gateway_process.h"
#include "support/temp_dir.h"

namespace multihub::conformance {
namespace {

using base::kSeededFaults;
using base::SeededFaultRow;
using Kind = MutantVerdict::Kind;

constexpr double kWantedScore = 0.95;
constexpr std::size_t kShownCases = 3;
const std::string kReleaseBinary = MULTIHUB_SOURCE_DIR "/build/release/multihub";

struct Tried {
  const SeededFaultRow* fault;
  MutantVerdict verdict;
};

const SeededFaultRow* Find(std::string_view name) {
  const auto* found = std::find_if(std::begin(kSeededFaults), std::end(kSeededFaults),
                                   [name](const SeededFaultRow& row) { return row.name == name; });
  return found == std::end(kSeededFaults) ? nullptr : found;
}

// Those that MULTIHUB_SEEDED_FAULTS names, separated by blanks; all without it.
std::vector<Tried> Chosen() {
  std::vector<Tried> chosen;
  const char* wanted = std::getenv("MULTIHUB_SEEDED_FAULTS");
  std::istringstream names(wanted == nullptr ? "" : wanted);
  for (std::string name; names >> name;) {
    INFO("there is no seeded fault " << name);
    REQUIRE(Find(name) != nullptr);
    chosen.push_back({Find(name), {}});
  }
  if (!chosen.empty()) return chosen;
  for (const SeededFaultRow& row : kSeededFaults) chosen.push_back({&row, {}});
  return chosen;
}

std::string Told(const MutantVerdict& verdict) {
  if (verdict.kind == Kind::kBroken) return "BROKEN: " + verdict.trouble;
  if (verdict.kind == Kind::kSurvived) return "SURVIVED";
  std::string text;
  for (std::size_t i = 0; i < std::min(kShownCases, verdict.cases.size()); ++i) {
    text += (text.empty() ? "`" : ", `") + verdict.cases[i] + "`";
  }
  const std::size_t more = verdict.cases.size() - std::min(kShownCases, verdict.cases.size());
  return more == 0 ? text : text + " and " + std::to_string(more) + " more";
}

// As docs/conformance.md has it.
void PrintTable(const std::vector<Tried>& tried) {
  std::cout << "\n| area | fault | what is wrong then | killed by |\n|---|---|---|---|\n";
  for (const Tried& one : tried) {
    std::cout << "| " << one.fault->area << " | `" << one.fault->name << "` | " << one.fault->what << " | "
              << Told(one.verdict) << " |\n";
  }
}

TEST_CASE("the suite kills 95 of 100 seeded faults, and of the others it is written why nobody can see them",
          "[.all]") {
  const MutantRuns runs;
  std::vector<Tried> tried = Chosen();
  MutantVerdict baseline;
  std::mutex mutex;
  std::size_t done = 0;
  std::vector<std::function<void()>> tasks = {[&] { baseline = runs.Run("", ""); }};
  for (Tried& one : tried) {
    tasks.push_back([&] {
      one.verdict = runs.Try(*one.fault);
      const std::lock_guard lock(mutex);
      std::cerr << ++done << "/" << tried.size() << " " << one.fault->name << ": " << Told(one.verdict)
                << (one.verdict.whole_suite && one.verdict.kind == Kind::kKilled ? " (by the whole suite only)" : "")
                << std::endl;
    });
  }
  SideBySide(std::move(tasks));
  INFO(Told(baseline));
  REQUIRE(baseline.kind == Kind::kSurvived);  // else nothing that follows means anything

  PrintTable(tried);
  const auto killed =
      std::count_if(tried.begin(), tried.end(), [](const Tried& one) { return one.verdict.kind == Kind::kKilled; });
  const double score = static_cast<double>(killed) / static_cast<double>(tried.size());
  std::cout << "\nkilled " << killed << " of " << tried.size() << ": " << static_cast<int>(score * 1000) / 10.0
            << " %\n";
  for (const Tried& one : tried) {
    if (one.verdict.kind == Kind::kKilled) continue;
    std::cout << "not killed: " << one.fault->name << ": "
              << (one.fault->unseen.empty() ? "nothing explains it; a case is missing" : one.fault->unseen) << "\n";
  }
  for (const Tried& one : tried) {
    INFO(one.fault->name << ": " << Told(one.verdict));
    CHECK(one.verdict.kind == (one.fault->unseen.empty() ? Kind::kKilled : Kind::kSurvived));
  }
  if (tried.size() == std::size(kSeededFaults)) CHECK(score >= kWantedScore);
}

TEST_CASE("a seeded fault is found by the cases about it, and nothing is found without one") {
  const MutantRuns runs;
  std::vector<Tried> tried;
  for (const char* name : {"verb-before-path", "context-missing", "hash-last-byte-skipped", "failed-c-id-usable-again",
                           "fee-half-rounded-down"}) {
    REQUIRE(Find(name) != nullptr);
    tried.push_back({Find(name), {}});
  }
  std::vector<MutantVerdict> baselines(tried.size());
  std::vector<std::function<void()>> tasks;
  for (std::size_t i = 0; i < tried.size(); ++i) {
    tasks.push_back([&, i] { tried[i].verdict = runs.Run(tried[i].fault->name, tried[i].fault->first); });
    tasks.push_back([&, i] { baselines[i] = runs.Run("", tried[i].fault->first); });
  }
  SideBySide(std::move(tasks));
  for (std::size_t i = 0; i < tried.size(); ++i) {
    INFO(tried[i].fault->name << ": " << Told(tried[i].verdict) << "; without it: " << Told(baselines[i]));
    CHECK(tried[i].verdict.kind == Kind::kKilled);
    CHECK(baselines[i].kind == Kind::kSurvived);
  }
}

TEST_CASE("a build with seeded faults refuses to run with one it does not have") {
  for (const char* name : {"no-such-fault", "verb-before-pat", "verb-before-path "}) {
    const support::RunResult run = support::RunCli({"gateway.ping"}, {{"MULTIHUB_FAULT", name}});
    INFO(run.err);
    CHECK(run.exit_code == 1);
    CHECK(run.err.find(std::string("MULTIHUB_FAULT=") + name + " is none of the seeded faults") != std::string::npos);
  }
  CHECK(support::RunCli({"--version"}, {{"MULTIHUB_FAULT", ""}}).exit_code == 0);
}

TEST_CASE("the release build has no seeded fault: no name of one is in it, and the variable does nothing") {
  INFO("./dev build makes " << kReleaseBinary);
  const std::string ours = support::ReadFile(MULTIHUB_BINARY);
  const std::string release = support::ReadFile(kReleaseBinary);
  REQUIRE(release.size() > 1'000'000);
  std::vector<std::string_view> names = {"MULTIHUB_FAULT"};
  for (const SeededFaultRow& row : kSeededFaults) names.push_back(row.name);
  for (const std::string_view name : names) {
    INFO(name);
    CHECK(ours.find(name) != std::string::npos);  // so it would be found
    CHECK(release.find(name) == std::string::npos);
  }

  support::GatewayOptions options;
  options.binary = kReleaseBinary;
  options.discard_log = true;
  options.env["MULTIHUB_FAULT"] = "refusals-http-200";
  const support::GatewayProcess gateway(options);
  const support::TempDir dir;
  support::WriteFile(dir.File("1"), support::SandboxSecret(1));
  const support::RunResult run = support::RunCli({"conformance", "--url", gateway.url(), "--app", "1", "--secret-file",
                                                  dir.File("1"), "--only", "envelope.*", "--direct"});
  INFO(run.out);
  CHECK(run.exit_code == 0);
}

}  // namespace
}  // namespace multihub::conformance
