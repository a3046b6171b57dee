// The result of a run in the forms people and tools read. Each ends with a line break. All that came from outside is
// escaped for its form.
#pragma once

#include <string>

#include "multihub/conformance/suite.h"

namespace multihub::conformance {

std::string RenderSummary(const SuiteResult& result);  // for a terminal: verdict, failures, coverage
std::string RenderJson(const SuiteResult& result);     // one document, without the final line break
std::string RenderTap(const SuiteResult& result);      // TAP version 13
std::string RenderJunit(const SuiteResult& result);    // JUnit XML, a test suite per group of ids
std::string RenderMarkdown(const SuiteResult& result);
// One file that needs nothing else: each failure with its request, the answer and the clause.
std::string RenderHtml(const SuiteResult& result);

}  // namespace multihub::conformance
