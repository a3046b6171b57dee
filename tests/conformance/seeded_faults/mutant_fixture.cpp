#include "conformance/seeded_faults/mutant_fixture.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <thread>

#include "support/gateway_process.h"
#include "support/json.h"

namespace multihub::conformance {
namespace {

using Kind = MutantVerdict::Kind;
using nlohmann::json;

// Against hangs only.
constexpr std::chrono::minutes kPatience{8};

MutantVerdict Broken(const std::string& trouble) {
  MutantVerdict verdict;
  verdict.trouble = trouble;
  return verdict;
}

MutantVerdict VerdictOf(const support::RunResult& run) {
  const json document = json::parse(run.out, nullptr, false);
  if (!document.is_object()) return Broken("the suite printed no document: " + run.err);
  MutantVerdict verdict;
  for (const json& one : document["cases"]) {
    if (one["verdict"] == "failed" && one["counted"] == true) verdict.cases.push_back(one["id"].get<std::string>());
  }
  verdict.kind = verdict.cases.empty() ? Kind::kSurvived : Kind::kKilled;
  if ((run.exit_code == 0) == verdict.cases.empty()) return verdict;
  return Broken("the exit code " + std::to_string(run.exit_code) + " does not agree with the document: " + run.err);
}

}  // namespace

MutantRuns::MutantRuns() {
  for (const int application : {1, 2}) {
    support::WriteFile(dir_.File(std::to_string(application)), support::SandboxSecret(application));
  }
}

MutantVerdict MutantRuns::Run(std::string_view fault, std::string_view only) const {
  support::GatewayOptions options;
  options.discard_log = true;
  if (!fault.empty()) options.env["MULTIHUB_FAULT"] = fault;
  try {
    support::GatewayProcess gateway(options);
    support::CliCall call;
    call.args = {"conformance", "--url", gateway.url(),    "--app",        "1",        "--secret-file", dir_.File("1"),
                 "--app2",      "2",     "--secret2-file", dir_.File("2"), "--direct", "--json"};
    if (!only.empty()) call.args.insert(call.args.end(), {"--only", std::string(only)});
    call.timeout = kPatience;
    MutantVerdict verdict = VerdictOf(support::RunCli(std::move(call)));
    // One that died is told by its silence; any suite would do.
    if (!gateway.running()) return Broken("the gateway ended: " + gateway.notices());
    return verdict;
  } catch (const std::exception& error) {
    return Broken(error.what());
  }
}

MutantVerdict MutantRuns::Try(const base::SeededFaultRow& fault) const {
  MutantVerdict verdict = Run(fault.name, fault.first);
  if (verdict.kind != Kind::kSurvived) return verdict;
  verdict = Run(fault.name, "");
  verdict.whole_suite = true;
  return verdict;
}

void SideBySide(std::vector<std::function<void()>> tasks) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::thread::hardware_concurrency() + 1; ++i) {
    threads.emplace_back([&] {
      for (std::size_t task = next++; task < tasks.size(); task = next++) tasks[task]();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace multihub::conformance
