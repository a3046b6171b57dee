#include "conformance/coverage.h"

#include <algorithm>

#include "multihub/errors/code.h"

namespace multihub::conformance {
namespace {

std::string InsteadOf(const errors::CatalogueRow& row) {
  for (const ProvedElsewhere& proof : CodesProvedElsewhere()) {
    if (proof.code != static_cast<int>(row.code)) continue;
    return std::string("cannot be brought about from outside; shown by \"") + proof.test + "\" in " + proof.file;
  }
  return std::string(row.reserved);
}

}  // namespace

const std::vector<ProvedElsewhere>& CodesProvedElsewhere() {
  static const std::vector<ProvedElsewhere> proofs = {
      {2000, "tests/functional/gateway_database_outage_test.cpp",
       "gateway: without its database it answers 2000, keeps answering pings, and resumes by itself"},
      {2001, "tests/functional/gateway_unexpected_test.cpp",
       "gateway: a call for which memory runs out is 2001, nothing comes of it, and the gateway serves on"}};
  return proofs;
}

std::vector<CoverageRow> CoverageOf(const std::vector<CaseResult>& results) {
  std::vector<CoverageRow> rows;
  for (const errors::CatalogueRow& row : errors::Catalogue()) {
    CoverageRow coverage;
    coverage.code = static_cast<int>(row.code);
    coverage.message = std::string(row.message);
    for (const CaseResult& result : results) {
      if (std::find(result.codes.begin(), result.codes.end(), coverage.code) == result.codes.end()) continue;
      auto& ids = result.verdict == Verdict::kPassed   ? coverage.passed
                  : result.verdict == Verdict::kFailed ? coverage.failed
                                                       : coverage.skipped;
      ids.push_back(result.id);
    }
    if (coverage.passed.empty() && coverage.failed.empty() && coverage.skipped.empty()) {
      coverage.instead = InsteadOf(row);
    }
    rows.push_back(std::move(coverage));
  }
  return rows;
}

}  // namespace multihub::conformance
