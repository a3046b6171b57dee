#include "conformance/verdict_words.h"

#include <algorithm>

namespace multihub::conformance {
namespace {

std::string Were(int count, const std::string& what) {
  return std::to_string(count) + (count == 1 ? " was " : " were ") + what;
}

}  // namespace

std::string VerdictSentence(const SuiteResult& result) {
  const int passed = result.Count(Verdict::kPassed, true);
  const int failed = result.Count(Verdict::kFailed, true);
  const int skipped = result.Count(Verdict::kSkipped, true);
  return std::string(result.Passed() ? "CONFORMS" : "DOES NOT CONFORM") + ": " + std::to_string(passed) + " of " +
         std::to_string(passed + failed + skipped) + " cases that count passed, " + std::to_string(failed) +
         " failed, " + Were(skipped, "skipped.");
}

std::string InformationSentence(const SuiteResult& result) {
  const int passed = result.Count(Verdict::kPassed, false);
  const int failed = result.Count(Verdict::kFailed, false);
  const int skipped = result.Count(Verdict::kSkipped, false);
  if (passed + failed + skipped == 0) return "";
  return "For information, rules of multihub that the published contract does not have: " + std::to_string(passed) +
         " hold, " + std::to_string(failed) + " do not, " + Were(skipped, "skipped.");
}

std::string GroupOf(const CaseResult& result) { return result.id.substr(0, result.id.find('.')); }

std::vector<std::pair<std::string, Tally>> Tallies(const SuiteResult& result) {
  std::vector<std::pair<std::string, Tally>> tallies;
  for (const CaseResult& one : result.cases) {
    const std::string group = GroupOf(one);
    auto found = std::find_if(tallies.begin(), tallies.end(), [&group](const auto& t) { return t.first == group; });
    if (found == tallies.end()) found = tallies.insert(tallies.end(), {group, Tally{}});
    Tally& tally = found->second;
    ++(one.verdict == Verdict::kPassed ? tally.passed : one.verdict == Verdict::kFailed ? tally.failed : tally.skipped);
  }
  return tallies;
}

std::string StateOf(const CoverageRow& row) {
  if (!row.failed.empty()) return "failed";
  if (!row.passed.empty()) return "passed";
  return row.skipped.empty() ? "-" : "skipped";
}

std::string CasesOf(const CoverageRow& row) {
  constexpr std::size_t kShown = 3;
  std::vector<std::string> ids = row.failed;
  ids.insert(ids.end(), row.passed.begin(), row.passed.end());
  ids.insert(ids.end(), row.skipped.begin(), row.skipped.end());
  std::string text;
  for (std::size_t i = 0; i < std::min(ids.size(), kShown); ++i) text += (i == 0 ? "" : ", ") + ids[i];
  if (ids.size() > kShown) text += " and " + std::to_string(ids.size() - kShown) + " more";
  return text.empty() ? row.instead : text;
}

std::string Seconds(std::int64_t ms) { return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100); }

}  // namespace multihub::conformance
