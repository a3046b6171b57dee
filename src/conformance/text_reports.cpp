// Reports for terminals, test tools and wikis.
#include "conformance/verdict_words.h"
#include "multihub/base/json_writer.h"
#include "multihub/conformance/reports.h"

namespace multihub::conformance {
namespace {

std::string Padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

// ---- XML ----------------------------------------------------------------------------------------------------------

// XML 1.0 cannot hold most control characters at all.
std::string Xml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\n') {
      out += "&#10;";
    } else if (static_cast<unsigned char>(c) >= 0x20) {
      out += c;
    }
  }
  return out;
}

std::string Lines(const std::vector<std::string>& reasons) {
  std::string text;
  for (const std::string& reason : reasons) text += (text.empty() ? "" : "\n") + reason;
  return text;
}

void JunitCase(const CaseResult& one, std::string* out) {
  *out += "    <testcase classname=\"" + Xml(GroupOf(one)) + "\" name=\"" + Xml(one.id + ": " + one.title) +
          "\" time=\"" + Seconds(one.duration_ms) + "\"";
  const std::string reasons = Lines(one.reasons);
  // What does not count must not turn a pipeline red.
  const bool failed = one.verdict == Verdict::kFailed && one.counted;
  if (one.verdict == Verdict::kPassed) {
    *out += "/>\n";
  } else if (!failed) {
    const std::string note = one.verdict == Verdict::kFailed ? "for information, no published rule: " : "";
    *out += ">\n      <skipped message=\"" + Xml(note + reasons) + "\"/>\n    </testcase>\n";
  } else {
    *out += ">\n      <failure message=\"" + Xml(reasons) + "\">" + Xml("Clause: " + one.clause + "\n");
    for (const Exchange& exchange : one.exchanges) {
      *out += Xml("\n== " + exchange.step + "\n" + exchange.request + "\n\n-- answer\n" + exchange.response + "\n");
    }
    *out += "</failure>\n    </testcase>\n";
  }
}

// ---- Markdown -----------------------------------------------------------------------------------------------------

std::string Cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '`' || c == '*' || c == '_' || c == '[') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

// A fence longer than any run of backquotes inside.
std::string Fenced(const std::string& text) {
  std::string fence = "```";
  while (text.find(fence) != std::string::npos) fence += '`';
  return fence + "text\n" + text + "\n" + fence + "\n";
}

void MarkdownFailure(const CaseResult& one, std::string* out) {
  *out += "\n### " + Cell(one.id) + "\n\n" + Cell(one.title) + "\n\nClause: `" + one.clause + "` (" +
          NameOf(one.contract) + ")\n\n";
  for (const std::string& reason : one.reasons) *out += "- " + Cell(reason) + "\n";
  for (const Exchange& exchange : one.exchanges) {
    *out += "\n" + Cell(exchange.step) + "\n\n" + Fenced(exchange.request) + "\n" + Fenced(exchange.response);
  }
}

}  // namespace

std::string RenderSummary(const SuiteResult& result) {
  std::string text;
  for (const CaseResult& one : result.cases) {
    if (one.verdict == Verdict::kPassed) continue;
    text += (one.verdict == Verdict::kFailed ? one.counted ? "FAILED  " : "differs " : "skipped ") + one.id + "\n";
    if (one.verdict == Verdict::kFailed) text += "        " + one.title + " (" + one.clause + ")\n";
    for (const std::string& reason : one.reasons) text += "        " + reason + "\n";
  }
  text += text.empty() ? "" : "\n";
  for (const auto& [group, tally] : Tallies(result)) {
    text += Padded(group, 16) + " " + Padded(std::to_string(tally.passed) + " passed", 12) +
            Padded(std::to_string(tally.failed) + " failed", 12) + std::to_string(tally.skipped) + " skipped\n";
  }
  text += "\ncode  state    cases\n";
  for (const CoverageRow& row : result.coverage) {
    text += std::to_string(row.code) + "  " + Padded(StateOf(row), 8) + " " + CasesOf(row) + "\n";
  }
  text += "\n" + result.url + ", profile " + NameOf(result.profile) + ", contract " + NameOf(result.contract) + ", " +
          Seconds(result.duration_ms) + " s";
  if (result.waited_ms > 0) text += ", rate limits were waited for";
  text += "\n";
  if (const std::string information = InformationSentence(result); !information.empty()) text += information + "\n";
  return text + VerdictSentence(result) + "\n";
}

std::string RenderJson(const SuiteResult& result) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("conforms").Bool(result.Passed()).Key("url").String(result.url);
  writer.Key("profile").String(NameOf(result.profile)).Key("contract").String(NameOf(result.contract));
  writer.Key("started_at").String(result.started_at).Key("duration_ms").Int(result.duration_ms);
  writer.Key("waited_ms").Int(result.waited_ms).Key("cases").BeginArray();
  for (const CaseResult& one : result.cases) {
    writer.BeginObject().Key("id").String(one.id).Key("verdict").String(NameOf(one.verdict));
    writer.Key("counted").Bool(one.counted).Key("contract").String(NameOf(one.contract));
    writer.Key("title").String(one.title).Key("clause").String(one.clause).Key("reasons").BeginArray();
    for (const std::string& reason : one.reasons) writer.String(reason);
    writer.EndArray().Key("duration_ms").Int(one.duration_ms).EndObject();
  }
  writer.EndArray().Key("codes").BeginArray();
  for (const CoverageRow& row : result.coverage) {
    writer.BeginObject().Key("code").Int(row.code).Key("state").String(StateOf(row));
    writer.Key("cases").Int(static_cast<std::int64_t>(row.passed.size() + row.failed.size() + row.skipped.size()));
    writer.Key("instead").String(row.instead).EndObject();
  }
  writer.EndArray().EndObject();
  return json;
}

std::string RenderTap(const SuiteResult& result) {
  std::string text = "TAP version 13\n1.." + std::to_string(result.cases.size()) + "\n";
  int number = 0;
  for (const CaseResult& one : result.cases) {
    // What does not count must not turn a pipeline red.
    const bool failed = one.verdict == Verdict::kFailed && one.counted;
    std::string title;
    for (const char c : one.title) title += c == '#' ? std::string("\\#") : std::string(1, c);
    text += (failed ? "not ok " : "ok ") + std::to_string(++number) + " - " + one.id + ": " + title;
    const std::string reasons = Lines(one.reasons).substr(0, Lines(one.reasons).find('\n'));
    if (one.verdict == Verdict::kSkipped) text += " # SKIP " + reasons;
    if (one.verdict == Verdict::kFailed && !one.counted)
      text += " # SKIP for information, no published rule: " + reasons;
    text += "\n";
    if (!failed) continue;
    text += "# clause: " + one.clause + "\n";
    for (const std::string& reason : one.reasons) text += "# " + reason + "\n";
  }
  return text + "# " + VerdictSentence(result) + "\n";
}

std::string RenderJunit(const SuiteResult& result) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"multihub conformance\" time=\"" +
                     Seconds(result.duration_ms) + "\">\n";
  for (const auto& [group, unused] : Tallies(result)) {
    std::string cases;
    int tests = 0, failures = 0, skipped = 0;
    for (const CaseResult& one : result.cases) {
      if (GroupOf(one) != group) continue;
      ++tests;
      const bool failed = one.verdict == Verdict::kFailed && one.counted;
      failures += failed ? 1 : 0;
      skipped += !failed && one.verdict != Verdict::kPassed ? 1 : 0;
      JunitCase(one, &cases);
    }
    text += "  <testsuite name=\"" + Xml(group) + "\" tests=\"" + std::to_string(tests) + "\" failures=\"" +
            std::to_string(failures) + "\" errors=\"0\" skipped=\"" + std::to_string(skipped) + "\" timestamp=\"" +
            Xml(result.started_at) + "\">\n" + cases + "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

std::string RenderMarkdown(const SuiteResult& result) {
  std::string text = "# Conformance to multihub v1\n\n**" + VerdictSentence(result) + "**\n\n";
  if (const std::string information = InformationSentence(result); !information.empty()) text += information + "\n\n";
  text += "Gateway: `" + result.url + "`, " + result.started_at + ", profile " + NameOf(result.profile) +
          ", contract " + NameOf(result.contract) + ", " + Seconds(result.duration_ms) + " s.\n\n";
  text += "| group | passed | failed | skipped |\n|---|---|---|---|\n";
  for (const auto& [group, tally] : Tallies(result)) {
    text += "| " + Cell(group) + " | " + std::to_string(tally.passed) + " | " + std::to_string(tally.failed) + " | " +
            std::to_string(tally.skipped) + " |\n";
  }
  text += "\n## Error codes\n\n| code | message | state | cases |\n|---|---|---|---|\n";
  for (const CoverageRow& row : result.coverage) {
    text += "| " + std::to_string(row.code) + " | " + Cell(row.message) + " | " + StateOf(row) + " | " +
            Cell(CasesOf(row)) + " |\n";
  }
  text += "\n## Cases\n\n| case | verdict | contract | clause | what holds, or why not |\n|---|---|---|---|---|\n";
  for (const CaseResult& one : result.cases) {
    text += "| " + Cell(one.id) + " | " + NameOf(one.verdict) + " | " + NameOf(one.contract) + " | `" + one.clause +
            "` | " + Cell(one.verdict == Verdict::kPassed ? one.title : Lines(one.reasons)) + " |\n";
  }
  bool first = true;
  for (const CaseResult& one : result.cases) {
    if (one.verdict != Verdict::kFailed) continue;
    if (first) text += "\n## What failed\n";
    first = false;
    MarkdownFailure(one, &text);
  }
  return text;
}

}  // namespace multihub::conformance
