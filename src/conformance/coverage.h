// Which cases show which code of the error catalogue.
#pragma once

#include <string>
#include <vector>

#include "multihub/conformance/suite.h"

namespace multihub::conformance {

// A code that nobody can bring about from outside, and the test of this project that shows it instead.
struct ProvedElsewhere {
  int code;
  const char* file;  // from the project's root
  const char* test;  // its name
};
const std::vector<ProvedElsewhere>& CodesProvedElsewhere();

// A row for each code of the catalogue, in its order.
std::vector<CoverageRow> CoverageOf(const std::vector<CaseResult>& results);

}  // namespace multihub::conformance
