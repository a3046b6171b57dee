#include "conformance/case_loader.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace multihub::conformance {
namespace {

const std::string kHead =
    "cases:\n"
    "  - id: a.b\n"
    "    title: It holds\n"
    "    clause: docs/api/protocol.md#signing\n"
    "    contract: published\n";

std::vector<Case> Loaded(const std::string& text) {
  auto cases = LoadCases("f.yaml", text);
  INFO((cases.ok() ? "" : cases.error()));
  REQUIRE(cases.ok());
  return std::move(cases).value();
}

std::string MistakeIn(const std::string& text) {
  const auto cases = LoadCases("f.yaml", text);
  return cases.ok() ? "none" : cases.error();
}

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("a case is read with all its parts") {
  const std::vector<Case> cases = Loaded(kHead + R"(
    profile: merchant
    needs: [simulator]
    locks: [app1.MXN]
    let: {c_id: "${unique}"}
    steps:
      - name: first
        app: app2
        request: {method: payment.in, service_id: 7, params: {value: 1e2, text: "7", none: null, raw: !raw "1.0"}}
        headers: {X-Note: "a", X-Data-Hash: null}
        sign: flip-body
        expect: {code: [0, 6009], status: 200, signed: true, closes: true, fields: {result.a: 1, "b[c=d].e": !absent}}
        capture: {h: result.h, v: {path: result.v, else: 0}}
      - request: {h: "${h}"}
        at_once: 3
        expect: {counts: {0: 1, 6009: 2}}
)");
  REQUIRE(cases.size() == 1);
  const Case& one = cases[0];
  CHECK(one.id == "a.b");
  CHECK(one.line == 2);
  CHECK(one.contract == Contract::kPublished);
  CHECK(one.profile == Profile::kMerchant);
  CHECK(one.Codes() == std::set<int>{6009});
  REQUIRE(one.steps.size() == 2);
  CHECK(RenderJson(*one.steps[0].request) ==
        R"({"method":"payment.in","service_id":7,"params":{"value":1e2,"text":"7","none":null,"raw":1.0}})");
  CHECK(one.steps[0].sign == SignFault::kFlipBody);
  CHECK(one.steps[0].headers[1].second == std::nullopt);
  CHECK(one.steps[0].expect.codes == std::vector<int>{0, 6009});
  CHECK(one.steps[0].captures[1].otherwise.has_value());
  CHECK(one.steps[1].at_once == 3);
}

TEST_CASE("each row of a table is a case of its own") {
  const std::vector<Case> cases = Loaded(
      "cases:\n"
      "  - id: t\n"
      "    title: \"<<what>> is <<code>>\"\n"
      "    clause: docs/errors.md#errors\n"
      "    contract: house\n"
      "    each:\n"
      "      one: {what: this, code: 1005, value: 5}\n"
      "      two: {what: that, code: 0, value: [a]}\n"
      "    steps:\n"
      "      - request: {v: \"<<value>>\"}\n"
      "        expect: {code: \"<<code>>\"}\n");
  REQUIRE(cases.size() == 2);
  CHECK(cases[0].id == "t.one");
  CHECK(cases[0].title == "this is 1005");
  CHECK(cases[0].line == 7);
  CHECK(RenderJson(*cases[0].steps[0].request) == R"({"v":5})");
  CHECK(cases[1].steps[0].expect.codes == std::vector<int>{0});
  CHECK(RenderJson(*cases[1].steps[0].request) == R"({"v":["a"]})");
}

TEST_CASE("a mistake is told with its file and line") {
  struct Row {
    std::string text;
    std::string where, what;
  };
  const std::string step = "    steps:\n      - request: {a: 1}\n";
  const std::vector<Row> rows = {
      {"cases: [", "f.yaml:", "end of"},
      {"a: 1\n", "f.yaml:1:", "has no 'a'"},
      {"cases: 3\n", "f.yaml:1:", "must be a list"},
      {"cases: []\n", "f.yaml:1:", "no cases"},
      {kHead + "    colour: red\n", "f.yaml:6:", "has no 'colour'"},
      {kHead + "    title: again\n", "f.yaml:6:", "twice"},
      {kHead, "f.yaml:2:", "needs steps"},
      {kHead + "    steps: []\n", "f.yaml:2:", "needs steps"},
      {kHead + step, "f.yaml:7:", "which code"},
      {kHead + step + "        expect: {code: ok}\n", "f.yaml:8:", "code must be a whole number"},
      {kHead + step + "        expect: {cod: 1}\n", "f.yaml:8:", "has no 'cod'"},
      {kHead + step + "        expect: {code: 0, fields: {a..b: 1}}\n", "f.yaml:8:", "no path"},
      {kHead + step + "        expect: {code: 0, fields: {a: {smells: 1}}}\n", "f.yaml:8:", "no matcher"},
      {kHead + step + "        expect: {code: 0, fields: {a: {matches: \"(\"}}}\n", "f.yaml:8:", "no pattern"},
      {kHead + step + "        expect: {code: 0, fields: {a: [1]}}\n", "f.yaml:8:", "equals"},
      {kHead + step + "        sign: badly\n        expect: {code: 0}\n", "f.yaml:8:", "sign must be one of"},
      {kHead + step + "        at_once: 2\n        expect: {code: 0}\n", "f.yaml:7:", "belong together"},
      {kHead + step + "        at_once: 3\n        expect: {counts: {0: 1}}\n", "f.yaml:7:", "add up"},
      {kHead + step + "        within_s: 1000\n        expect: {code: 0}\n", "f.yaml:8:", "within_s"},
      {kHead + "    steps:\n      - request: {a: \"${nobody}\"}\n        expect: {code: 0}\n", "f.yaml:7:", "'nobody'"},
      {kHead + "    steps:\n      - request: {a: \"${x *}\"}\n        expect: {code: 0}\n", "f.yaml:7:", "no sum"},
      {kHead + "    steps:\n      - request: {a: !odd 1}\n        expect: {code: 0}\n", "f.yaml:7:", "tag"},
      {kHead + "    steps:\n      - {request: {a: 1}, body: \"x\", expect: {code: 0}}\n", "f.yaml:7:", "not both"},
      {"cases:\n  - id: Big\n    title: t\n    clause: docs/errors.md#errors\n    contract: house\n    watch: "
       "envelope\n",
       "f.yaml:2:", "needs an id"},
      {"cases:\n  - id: a\n    title: t\n    clause: page\n    contract: house\n    watch: envelope\n",
       "f.yaml:2:", "needs a clause"},
      {"cases:\n  - id: a\n    title: t\n    clause: docs/errors.md#errors\n    watch: envelope\n",
       "f.yaml:2:", "needs contract"},
      {"cases:\n  - id: a\n    title: \"<<x>>\"\n    each:\n      r: {y: 1}\n", "f.yaml:3:", "row at line 5"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const std::string mistake = MistakeIn(row.text);
    INFO(mistake);
    CHECK(mistake.rfind(row.where, 0) == 0);
    CHECK(Contains(mistake, row.what));
  }
}

TEST_CASE("no text makes the loader throw") {
  for (const char* text : {"", "\t", "- ", "&a [*a]", "? [1]\n: 2", "%YAML 9", "\xff", "a: &x {b: *x}", "---\n---\n",
                           "cases:\n  - id: {}\n", "cases:\n  - [1]\n", "cases:\n  - id: a\n    each: {r: 1}\n"}) {
    INFO(text);
    CHECK(MistakeIn(text) != "none");
  }
}

TEST_CASE("the cases of this program can be read, and are many") {
  const auto cases = LoadAllCases("");
  INFO((cases.ok() ? "" : cases.error()));
  REQUIRE(cases.ok());
  CHECK(cases->size() > 500);
  const auto hostile = std::count_if(cases->begin(), cases->end(),
                                     [](const Case& one) { return one.id.rfind("json.hostile.", 0) == 0; });
  CHECK(hostile >= 100);
}

TEST_CASE("a directory without case files is a sentence") { CHECK(!LoadAllCases("/nowhere/at/all").ok()); }

}  // namespace
}  // namespace multihub::conformance
