// Sentences that several reports share.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "multihub/conformance/suite.h"

namespace multihub::conformance {

// "CONFORMS: 310 of 312 cases that count passed, 0 failed, 2 were skipped."
std::string VerdictSentence(const SuiteResult& result);
// What did not count, in a sentence; empty when everything counted.
std::string InformationSentence(const SuiteResult& result);
// "amounts": what stands before the first dot of an id.
std::string GroupOf(const CaseResult& result);

struct Tally {
  int passed = 0, failed = 0, skipped = 0;
};
// By group, in the order of the cases.
std::vector<std::pair<std::string, Tally>> Tallies(const SuiteResult& result);

// "passed", "failed", "skipped", or "-" for a code that no case shows.
std::string StateOf(const CoverageRow& row);
// Up to three ids, and how many more.
std::string CasesOf(const CoverageRow& row);
std::string Seconds(std::int64_t ms);  // "12.3"

}  // namespace multihub::conformance
