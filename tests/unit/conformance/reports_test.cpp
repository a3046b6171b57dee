#include "multihub/conformance/reports.h"

#include <catch2/catch.hpp>

#include "conformance/coverage.h"

namespace multihub::conformance {
namespace {

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

CaseResult One(const std::string& id, Contract contract, Verdict verdict, bool counted) {
  CaseResult one;
  one.id = id;
  one.title = "A <title> & \"more\" | # `x`";
  one.clause = "docs/errors.md#errors";
  one.contract = contract;
  one.verdict = verdict;
  one.counted = counted;
  one.codes = {1005};
  if (verdict != Verdict::kPassed) one.reasons = {"because of <this>", "and that"};
  if (verdict == Verdict::kFailed) one.exchanges = {{"step 1", "POST /\n```\n</pre><script>", "HTTP/1.1 200"}};
  return one;
}

SuiteResult ResultOf(std::vector<CaseResult> cases) {
  SuiteResult result;
  result.url = "http://127.0.0.1:1";
  result.started_at = "2026-05-01T10:00:00.000Z";
  result.cases = std::move(cases);
  result.coverage = CoverageOf(result.cases);
  return result;
}

const SuiteResult kMixed = ResultOf({One("a.pass", Contract::kPublished, Verdict::kPassed, true),
                                     One("a.skip", Contract::kPublished, Verdict::kSkipped, true),
                                     One("b.fail", Contract::kPublished, Verdict::kFailed, true),
                                     One("b.info", Contract::kHouse, Verdict::kFailed, false)});

TEST_CASE("a run passes when something that counts passed and nothing that counts failed") {
  CHECK_FALSE(ResultOf({}).Passed());
  CHECK_FALSE(kMixed.Passed());
  CHECK_FALSE(ResultOf({One("a", Contract::kHouse, Verdict::kSkipped, true)}).Passed());
  CHECK_FALSE(ResultOf({One("a", Contract::kHouse, Verdict::kPassed, false)}).Passed());
  CHECK(ResultOf({One("a", Contract::kPublished, Verdict::kPassed, true),
                  One("b", Contract::kHouse, Verdict::kFailed, false)})
            .Passed());
}

TEST_CASE("the summary ends with the verdict") {
  const std::string text = RenderSummary(kMixed);
  CHECK(Contains(text, "FAILED  b.fail"));
  CHECK(Contains(text, "differs b.info"));
  CHECK(Contains(text, "1005  failed   b.fail"));
  CHECK(text.ends_with("DOES NOT CONFORM: 1 of 3 cases that count passed, 1 failed, 1 was skipped.\n"));
}

TEST_CASE("every report escapes what came from outside") {
  const std::string html = RenderHtml(kMixed);
  CHECK(Contains(html, "&lt;/pre&gt;&lt;script&gt;"));
  CHECK_FALSE(Contains(html, "<script"));
  CHECK(Contains(html, "A &lt;title&gt; &amp; &quot;more&quot;"));
  const std::string junit = RenderJunit(kMixed);
  CHECK(Contains(junit, "<testsuite name=\"b\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"1\""));
  CHECK(Contains(junit, "because of &lt;this&gt;&#10;and that"));
  CHECK_FALSE(Contains(junit, "<script"));
  const std::string markdown = RenderMarkdown(kMixed);
  CHECK(Contains(markdown, "````text\nPOST /\n```\n"));
  CHECK(Contains(markdown, "\\| #"));
  const std::string tap = RenderTap(kMixed);
  CHECK(Contains(tap, "1..4\nok 1 - a.pass"));
  CHECK(Contains(tap, "ok 2 - a.skip: A <title> & \"more\" | \\# `x` # SKIP because of <this>\n"));
  CHECK(Contains(tap, "ok 4 - b.info: A <title> & \"more\" | \\# `x` # SKIP for information"));
  CHECK(Contains(RenderJson(kMixed), R"("id":"b.fail","verdict":"failed","counted":true)"));
}

TEST_CASE("coverage names every code once and says why one has no case") {
  for (const CoverageRow& row : kMixed.coverage) {
    INFO(row.code);
    if (row.code == 1005) CHECK(row.failed.size() == 2);
    if (row.code == 2000) CHECK(Contains(row.instead, "gateway_database_outage_test"));
    if (row.code == 9000) CHECK_FALSE(row.instead.empty());
  }
}

}  // namespace
}  // namespace multihub::conformance
