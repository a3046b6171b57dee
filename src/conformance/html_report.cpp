// The report for a browser: one file, no script, nothing loaded from elsewhere.
#include "conformance/verdict_words.h"
#include "multihub/conformance/reports.h"

namespace multihub::conformance {
namespace {

constexpr const char* kStyle =
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;"
    "padding:0 1rem}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.5rem}table{border-collapse:collapse;"
    "width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8884;vertical-align:top}"
    "td.number{text-align:right;font-variant-numeric:tabular-nums}pre{background:#8881;padding:.6rem;overflow-x:auto;"
    "white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem}.verdict{padding:1rem;border-left:.5rem solid;"
    "font-size:1.15rem;font-weight:600}.conforms{border-color:#2a7d3f;background:#2a7d3f22}.differs{"
    "border-color:#b3261e;background:#b3261e22}.passed{color:#2a7d3f}.failed{color:#b3261e;font-weight:600}"
    ".skipped{color:#777}details{margin:.6rem 0;border:1px solid #8884;padding:.4rem .8rem}summary{cursor:pointer}"
    "code{font-size:.9em}";

std::string Html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Row(const std::vector<std::string>& cells, const std::string& tag = "td") {
  std::string row = "<tr>";
  for (const std::string& cell : cells) row += "<" + tag + ">" + cell + "</" + tag + ">";
  return row + "</tr>\n";
}

std::string Coloured(const std::string& word) { return "<span class=\"" + word + "\">" + word + "</span>"; }

std::string Reasons(const CaseResult& one) {
  std::string text;
  for (const std::string& reason : one.reasons) text += (text.empty() ? "" : "<br>") + Html(reason);
  return text;
}

std::string Failure(const CaseResult& one) {
  std::string html = "<details open id=\"" + Html(one.id) + "\"><summary><b>" + Html(one.id) +
                     "</b>: " + Html(one.title) + (one.counted ? "" : " <i>(for information)</i>") +
                     "</summary>\n<p>Clause: <code>" + Html(one.clause) + "</code> (" + NameOf(one.contract) +
                     ")</p>\n<p class=\"failed\">" + Reasons(one) + "</p>\n";
  for (const Exchange& exchange : one.exchanges) {
    html += "<p>" + Html(exchange.step) + "</p>\n<pre>" + Html(exchange.request) + "</pre>\n<pre>" +
            Html(exchange.response) + "</pre>\n";
  }
  return html + "</details>\n";
}

std::string Overview(const SuiteResult& result) {
  std::string html = "<table>\n" + Row({"group", "passed", "failed", "skipped"}, "th");
  for (const auto& [group, tally] : Tallies(result)) {
    html +=
        Row({Html(group), std::to_string(tally.passed), std::to_string(tally.failed), std::to_string(tally.skipped)});
  }
  return html + "</table>\n";
}

std::string Coverage(const SuiteResult& result) {
  std::string html = "<h2>Error codes</h2>\n<table>\n" + Row({"code", "message", "state", "cases"}, "th");
  for (const CoverageRow& row : result.coverage) {
    const std::string state = StateOf(row);
    html +=
        Row({std::to_string(row.code), Html(row.message), state == "-" ? state : Coloured(state), Html(CasesOf(row))});
  }
  return html + "</table>\n";
}

std::string AllCases(const SuiteResult& result) {
  std::string html =
      "<h2>Cases</h2>\n<table>\n" + Row({"case", "verdict", "contract", "clause", "what holds, or why not"}, "th");
  for (const CaseResult& one : result.cases) {
    const bool failed = one.verdict == Verdict::kFailed;
    const std::string id = failed ? "<a href=\"#" + Html(one.id) + "\">" + Html(one.id) + "</a>" : Html(one.id);
    html += Row({id, Coloured(NameOf(one.verdict)), NameOf(one.contract), "<code>" + Html(one.clause) + "</code>",
                 one.verdict == Verdict::kPassed ? Html(one.title) : Reasons(one)});
  }
  return html + "</table>\n";
}

}  // namespace

std::string RenderHtml(const SuiteResult& result) {
  const bool passed = result.Passed();
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<title>multihub v1: " +
      std::string(passed ? "conforms" : "does not conform") + "</title>\n<style>" + kStyle +
      "</style></head>\n<body>\n<h1>Conformance to multihub v1</h1>\n<p class=\"verdict " +
      (passed ? "conforms" : "differs") + "\">" + Html(VerdictSentence(result)) + "</p>\n";
  if (const std::string information = InformationSentence(result); !information.empty()) {
    html += "<p>" + Html(information) + "</p>\n";
  }
  html += "<p>Gateway <code>" + Html(result.url) + "</code>, " + Html(result.started_at) + ", profile " +
          NameOf(result.profile) + ", contract " + NameOf(result.contract) + ", " + Seconds(result.duration_ms) +
          " s.</p>\n" + Overview(result);
  std::string failures;
  for (const CaseResult& one : result.cases) {
    if (one.verdict == Verdict::kFailed) failures += Failure(one);
  }
  if (!failures.empty()) html += "<h2>What failed</h2>\n" + failures;
  return html + Coverage(result) + AllCases(result) + "</body></html>\n";
}

}  // namespace multihub::conformance
