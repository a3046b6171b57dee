#include "conformance/template_text.h"

#include <catch2/catch.hpp>

namespace multihub::conformance {
namespace {

Scope TestScope() {
  Scope scope;
  scope.Set("c_id", Variable::OfText("or\"der"));
  scope.Set("value", Variable::OfNumber(1050));
  scope.Set("service.upi_in.min", Variable::OfNumber(100));
  scope.Set("balance", {R"({"a":1})", R"({"a":1})"});
  int next = 0;
  scope.unique = [next]() mutable { return "u" + std::to_string(++next); };
  scope.unique_number = [] { return 77; };
  return scope;
}

std::string Expanded(const std::string& text) {
  const auto expanded = Expand(text, TestScope());
  INFO((expanded.ok() ? "" : expanded.error().what));
  REQUIRE(expanded.ok());
  return *expanded;
}

TEST_CASE("variables, sums and functions are put in their places") {
  CHECK(Expanded("plain") == "plain");
  CHECK(Expanded("a ${c_id} b") == "a or\"der b");
  CHECK(Expanded("${value}${value}") == "10501050");
  CHECK(Expanded("${value + 1 - service.upi_in.min}") == "951");
  CHECK(Expanded("${repeat:3:ab}${repeat:0:x}") == "ababab");
  CHECK(Expanded("${repeat:2:a: b}") == "a: ba: b");
  CHECK(Expanded("${hex:00ff}") == std::string("\0\xff", 2));
  CHECK(Expanded("${ending:01:value}") == "1001");
  CHECK(Expanded("${ending:50:value}") == "1050");
  CHECK(Expanded("${ending:51:value}") == "951");
  CHECK(Expanded("$${value} costs $5 or {}") == "${value} costs $5 or {}");
  CHECK(Expanded("${unique} ${unique}") == "u1 u2");
  CHECK(Expanded("${unique_number}") == "77");
}

TEST_CASE("what is no template is refused, and an unknown name is told") {
  for (const char* wrong : {"${",
                            "${}",
                            "${7}",
                            "${ value}",
                            "${value +}",
                            "${value * 2}",
                            "${value  + 1}",
                            "${Value}",
                            "${shout:x}",
                            "${hex:0}",
                            "${hex:xy}",
                            "${repeat:x:a}",
                            "${repeat:3}",
                            "${repeat:-1:a}",
                            "${repeat:1000001:a}",
                            "${c_id + 1}",
                            "${9223372036854775807 + 1}",
                            "${ending:1:value}",
                            "${ending:01:c_id}",
                            "${value"}) {
    INFO(wrong);
    const auto expanded = Expand(wrong, TestScope());
    REQUIRE(!expanded.ok());
    CHECK(expanded.error().unknown_name.empty());
    CHECK(!expanded.error().what.empty());
  }
  for (const char* unknown : {"${nobody}", "${value + nobody}", "${ending:01:nobody}"}) {
    const auto expanded = Expand(unknown, TestScope());
    REQUIRE(!expanded.ok());
    CHECK(expanded.error().unknown_name == "nobody");
  }
}

TEST_CASE("a tree takes texts into strings and JSON into raw values") {
  Value tree;
  tree.type = Value::Type::kMap;
  tree.keys = {"text", "raw", "number", "gone"};
  tree.items.resize(4);
  tree.items[0] = Value::String("${c_id}");
  tree.items[1] = Value::String("[${c_id},${balance},${value + 1}]");
  tree.items[1].type = Value::Type::kRaw;
  tree.items[2].type = Value::Type::kNumber;
  tree.items[2].text = "5";
  tree.items[3].type = Value::Type::kAbsent;
  REQUIRE(!ExpandTree(&tree, TestScope()));
  CHECK(RenderJson(tree) == R"({"text":"or\"der","raw":["or\"der",{"a":1},1051],"number":5})");
}

TEST_CASE("the names in a template are known without expanding it") {
  CHECK(*NamesIn("a ${x} ${y + 3 - z.w} ${repeat:3:${} ${ending:01:v}") == std::set<std::string>{"x", "y", "z.w", "v"});
  CHECK(!NamesIn("${x * y}").ok());
}

}  // namespace
}  // namespace multihub::conformance
