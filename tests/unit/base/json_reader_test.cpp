#include "multihub/base/json_reader.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "multihub/base/random.h"
#include "support/json.h"
#include "unit/base/expect_abort.h"

namespace multihub::base {
namespace {

using Parsed = Result<JsonDocument, JsonError>;

// A literal that may contain NUL bytes.
template <std::size_t N>
std::string Text(const char (&literal)[N]) {
  return std::string(literal, N - 1);
}

std::string Repeat(const std::string& piece, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

std::string Nested(std::size_t depth) { return Repeat("[", depth) + Repeat("]", depth); }

TEST_CASE("documents of RFC 8259 are accepted") {
  const std::string documents[] = {
      // scalars at the top
      "null",
      "true",
      "false",
      "0",
      "-0",
      "1",
      "\"\"",
      "\"a\"",
      "-1.5e-3",
      // white space
      " 1",
      "1 ",
      "\t1\n",
      "\r\n1\r\n",
      " \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n",
      " { \"a\" : 1 , \"b\" : 2 } ",
      "[ ]",
      "{ }",
      "[\n]",
      "{\t}",
      // containers
      "[]",
      "{}",
      "[[]]",
      "[{}]",
      "{\"a\":{}}",
      "{\"a\":[]}",
      "[1,2,3]",
      "[null,true,false]",
      "[[],[],{}]",
      "{\"a\":1}",
      "{\"a\":1,\"b\":2}",
      "{\"\":0}",
      "{\"a\":{\"a\":{\"a\":1}}}",
      "{\"a\":[{\"a\":1},{\"a\":2}]}",
      "[[1],[2,[3]]]",
      "{\"a\":1,\"A\":2}",
      "{\"a\":1,\"a \":2}",
      "{\"a\":null,\"\\u0061b\":null}",
      // numbers
      "[0]",
      "[-0]",
      "[0.0]",
      "[-0.0]",
      "[0e0]",
      "[0E0]",
      "[0e+0]",
      "[0e-0]",
      "[1e2]",
      "[1E2]",
      "[1e+2]",
      "[1e-2]",
      "[1.0]",
      "[1.25]",
      "[1.25e10]",
      "[1.25E-10]",
      "[123456789012345678901234567890]",
      "[1e400]",
      "[-1e400]",
      "[1e-400]",
      "[0.1e99999999999999999999]",
      "[1e00000000000000000001]",
      "[10]",
      "[100]",
      "[20e1]",
      "[9007199254740993]",
      "[18446744073709551616]",
      "[0.00000000000000000000000000000000001]",
      // strings
      "[\"plain\"]",
      "[\"\\\"\"]",
      "[\"\\\\\"]",
      "[\"\\/\"]",
      "[\"/\"]",
      "[\"\\b\\f\\n\\r\\t\"]",
      "[\"\\u0041\"]",
      "[\"\\u00e9\"]",
      "[\"\\u00E9\"]",
      "[\"\\u20ac\"]",
      "[\"\\uFFFF\"]",
      "[\"\\ufffe\"]",
      "[\"\\ud83d\\ude00\"]",
      "[\"\\uD800\\uDC00\"]",
      "[\"\\uDBFF\\uDFFF\"]",
      "[\"\\u0001\"]",
      "[\"\\u001f\"]",
      "[\"\\u007f\"]",
      "[\"\x7f\"]",
      "[\"\xc3\xa9\"]",
      "[\"\xe2\x82\xac\"]",
      "[\"\xf0\x9f\x98\x80\"]",
      "[\"\xf4\x8f\xbf\xbf\"]",
      "[\"\xef\xbf\xbf\"]",
      "[\"\xed\x9f\xbf\"]",
      "[\"\xee\x80\x80\"]",
      "[\"\xef\xbb\xbf\"]",
      "[\"\xe2\x80\xa8\"]",
      "[\"\\\\u0000\"]",
      "[\"\\\\\\\"\"]",
      "[\"a/*b*/c\"]",
      "[\"// no comment\"]",
      "[\"{[,:]}\"]",
      "[\"\\u2028\"]",
      "[\"\\\\\\\\\\\\\"]",
      "[\"x\\ty\\\"z\"]",
      "{\"\\u0022\":1}",
      "{\"\\n\":1}",
      // depth up to the limit
      Nested(32),
      Repeat("{\"a\":", 32) + "1" + Repeat("}", 32),
      Repeat("[[],", 31) + "[]" + Repeat("]", 31),
  };
  for (const std::string& document : documents) {
    CAPTURE(document);
    const Parsed parsed = JsonDocument::Parse(document);
    CHECK(parsed.ok());
  }
  CHECK(std::size(documents) >= 100);
}

TEST_CASE("everything else is refused, with the reason and the place") {
  struct Row {
    std::string document;
    const char* reason;
    std::size_t offset;
  };
  const Row rows[] = {
      // nothing
      {"", "empty document", 0},
      {" ", "empty document", 1},
      {"\n\t\r ", "empty document", 4},
      // before and after the document
      {"\xef\xbb\xbf{}", "byte order mark", 0},
      {"\xef\xbb\xbf", "byte order mark", 0},
      {" \xef\xbb\xbf{}", "unexpected character", 1},
      {"{}\xef\xbb\xbf", "text after the document", 2},
      {"\xff\xfe{\x01}", "unexpected character", 0},
      {"{} {}", "text after the document", 3},
      {"{},", "text after the document", 2},
      {"[]]", "text after the document", 2},
      {"{}}", "text after the document", 2},
      {"1 2", "text after the document", 2},
      {"\"a\"\"b\"", "text after the document", 3},
      {"nulll", "text after the document", 4},
      {"truefalse", "text after the document", 4},
      {"[]x", "text after the document", 2},
      {"{}#", "text after the document", 2},
      {"{}//", "text after the document", 2},
      {Text("{}\0"), "NUL byte", 2},
      {Text("{} \0 "), "NUL byte", 3},
      {Text("\0"), "NUL byte", 0},
      {Text("\0{}"), "NUL byte", 0},
      {Text("[1\0]"), "NUL byte", 2},
      {Text("[\0]"), "NUL byte", 1},
      {Text("{\0}"), "NUL byte", 1},
      {Text("{\"a\"\0:1}"), "NUL byte", 4},
      // space that is none
      {"\f1", "unexpected character", 0},
      {"\v1", "unexpected character", 0},
      {"\xc2\xa0"
       "1",
       "unexpected character", 0},
      {"[1\xc2\xa0]", "unexpected character", 2},
      {"[\f]", "unexpected character", 1},
      {"\xe2\x80\xa8[]", "unexpected character", 0},
      // words
      {"nul", "unexpected character", 0},
      {"tru", "unexpected character", 0},
      {"falsy", "unexpected character", 0},
      {"NULL", "unexpected character", 0},
      {"True", "unexpected character", 0},
      {"FALSE", "unexpected character", 0},
      {"undefined", "unexpected character", 0},
      {"NaN", "unexpected character", 0},
      {"Infinity", "unexpected character", 0},
      {"-Infinity", "unexpected character", 1},
      {"-NaN", "unexpected character", 1},
      {"[nan]", "unexpected character", 1},
      {"a", "unexpected character", 0},
      {"[a]", "unexpected character", 1},
      {"*", "unexpected character", 0},
      {"'a'", "unexpected character", 0},
      {"[`a`]", "unexpected character", 1},
      // numbers
      {"-", "unexpected end", 1},
      {"[-]", "unexpected character", 2},
      {"+1", "unexpected character", 0},
      {"[+1]", "unexpected character", 1},
      {"--1", "unexpected character", 1},
      {"-+1", "unexpected character", 1},
      {"- 1", "unexpected character", 1},
      {"01", "leading zero", 1},
      {"[00]", "leading zero", 2},
      {"-01", "leading zero", 2},
      {"[-00.5]", "leading zero", 3},
      {".5", "unexpected character", 0},
      {"-.5", "unexpected character", 1},
      {"1.", "unexpected end", 2},
      {"[1.]", "unexpected character", 3},
      {"1.e1", "unexpected character", 2},
      {"1..2", "unexpected character", 2},
      {"1.2.3", "text after the document", 3},
      {"1e", "unexpected end", 2},
      {"1e+", "unexpected end", 3},
      {"[1e-]", "unexpected character", 4},
      {"1e1.5", "text after the document", 3},
      {"1ee2", "unexpected character", 2},
      {"1e+-2", "unexpected character", 3},
      {"0x10", "text after the document", 1},
      {"[1_000]", "unexpected character", 2},
      {"[1,000]", "leading zero", 4},
      {"1f", "text after the document", 1},
      {"[1 2]", "unexpected character", 3},
      {"\xef\xbc\x91", "unexpected character", 0},
      // arrays
      {"[", "unexpected end", 1},
      {"]", "unexpected character", 0},
      {"[1", "unexpected end", 2},
      {"[1,", "unexpected end", 3},
      {"[1,]", "unexpected character", 3},
      {"[,]", "unexpected character", 1},
      {"[,1]", "unexpected character", 1},
      {"[1,,2]", "unexpected character", 3},
      {"[1}", "unexpected character", 2},
      {"[1:2]", "unexpected character", 2},
      {"[1;2]", "unexpected character", 2},
      {"[[]", "unexpected end", 3},
      {"[\"a\" \"b\"]", "unexpected character", 5},
      {"[\"a\":1]", "unexpected character", 4},
      {"[(1)]", "unexpected character", 1},
      // objects
      {"{", "unexpected end", 1},
      {"}", "unexpected character", 0},
      {"{]", "unexpected character", 1},
      {"{\"a\"", "unexpected end", 4},
      {"{\"a\"}", "unexpected character", 4},
      {"{\"a\":", "unexpected end", 5},
      {"{\"a\":}", "unexpected character", 5},
      {"{\"a\":1", "unexpected end", 6},
      {"{\"a\":1,", "unexpected end", 7},
      {"{\"a\":1,}", "unexpected character", 7},
      {"{,}", "unexpected character", 1},
      {"{,\"a\":1}", "unexpected character", 1},
      {"{\"a\":1,,\"b\":2}", "unexpected character", 7},
      {"{\"a\" 1}", "unexpected character", 5},
      {"{\"a\"::1}", "unexpected character", 5},
      {"{\"a\",1}", "unexpected character", 4},
      {"{\"a\"=1}", "unexpected character", 4},
      {"{\"a\":1 \"b\":2}", "unexpected character", 7},
      {"{\"a\":1]", "unexpected character", 6},
      {"{a:1}", "unexpected character", 1},
      {"{'a':1}", "unexpected character", 1},
      {"{1:1}", "unexpected character", 1},
      {"{null:1}", "unexpected character", 1},
      {"{[]:1}", "unexpected character", 1},
      {"{\"a\":1:2}", "unexpected character", 6},
      {"{\"a\":1}}", "text after the document", 7},
      // comments
      {"/**/1", "unexpected character", 0},
      {"//\n1", "unexpected character", 0},
      {"[1/* */]", "unexpected character", 2},
      {"{/**/}", "unexpected character", 1},
      {"#\n1", "unexpected character", 0},
      {"1 /* */", "text after the document", 2},
      // strings
      {"\"", "unterminated string", 1},
      {"\"a", "unterminated string", 2},
      {"\"\\\"", "unterminated string", 3},
      {"\"\\", "unterminated string", 2},
      {"[\"a]", "unterminated string", 4},
      {"\"\n\"", "control character in a string", 1},
      {"\"\t\"", "control character in a string", 1},
      {"\"a\r\"", "control character in a string", 2},
      {"\"\x1f\"", "control character in a string", 1},
      {"\"\x01\"", "control character in a string", 1},
      {"\"\\n\n\"", "control character in a string", 3},
      {"{\"a\nb\":1}", "control character in a string", 3},
      {Text("\"a\0b\""), "NUL byte", 2},
      {Text("\"\\\0\""), "invalid escape", 1},
      {"\"\\a\"", "invalid escape", 1},
      {"\"\\v\"", "invalid escape", 1},
      {"\"\\0\"", "invalid escape", 1},
      {"\"\\'\"", "invalid escape", 1},
      {"\"\\ \"", "invalid escape", 1},
      {"\"\\x41\"", "invalid escape", 1},
      {"\"\\U0041\"", "invalid escape", 1},
      {"\"\\\n\"", "invalid escape", 1},
      {"\"\\\xc3\xa9\"", "invalid escape", 1},
      {"\"\\u\"", "invalid escape", 1},
      {"\"\\u0\"", "invalid escape", 1},
      {"\"\\u004\"", "invalid escape", 1},
      {"\"\\u004", "invalid escape", 1},
      {"\"\\u004g\"", "invalid escape", 1},
      {"\"\\u-041\"", "invalid escape", 1},
      {"\"\\u 041\"", "invalid escape", 1},
      {"\"\\u{41}\"", "invalid escape", 1},
      {"\"\\u0000\"", "escaped NUL", 1},
      {"\"ab\\u0000cd\"", "escaped NUL", 3},
      {"{\"\\u0000\":1}", "escaped NUL", 2},
      {"\"\\ud800\"", "lone surrogate", 1},
      {"\"\\uDBFF\"", "lone surrogate", 1},
      {"\"\\udc00\"", "lone surrogate", 1},
      {"\"\\udfff\"", "lone surrogate", 1},
      {"\"\\ud800x\"", "lone surrogate", 1},
      {"\"\\ud800\\n\"", "lone surrogate", 1},
      {"\"\\ud800\\u0041\"", "lone surrogate", 1},
      {"\"\\ud800\\ud800\"", "lone surrogate", 1},
      {"\"\\ud800\\ue000\"", "lone surrogate", 1},
      {"\"\\udc00\\ud800\"", "lone surrogate", 1},
      {"\"\\ud83d\\ude00\\ude00\"", "lone surrogate", 13},
      {"\"\\ud800\\udc0\"", "invalid escape", 1},
      {"\"\\ud800\\", "lone surrogate", 1},
      {"\"\\ud800", "lone surrogate", 1},
      {"{\"\\udead\":1}", "lone surrogate", 2},
      // UTF-8
      {"\"\x80\"", "invalid UTF-8", 1},
      {"\"\xbf\"", "invalid UTF-8", 1},
      {"\"a\xc3\"", "invalid UTF-8", 2},
      {"\"\xc3", "invalid UTF-8", 1},
      {"\"\xe2\x82\"", "invalid UTF-8", 1},
      {"\"\xe2\x82", "invalid UTF-8", 1},
      {"\"\xf0\x9f\x98\"", "invalid UTF-8", 1},
      {"\"\xc0\x80\"", "invalid UTF-8", 1},
      {"\"\xc1\xbf\"", "invalid UTF-8", 1},
      {"\"\xe0\x80\x80\"", "invalid UTF-8", 1},
      {"\"\xe0\x9f\xbf\"", "invalid UTF-8", 1},
      {"\"\xf0\x80\x80\x80\"", "invalid UTF-8", 1},
      {"\"\xf0\x8f\xbf\xbf\"", "invalid UTF-8", 1},
      {"\"\xed\xa0\x80\"", "invalid UTF-8", 1},
      {"\"\xed\xbf\xbf\"", "invalid UTF-8", 1},
      {"\"\xed\xa0\xbd\xed\xb8\x80\"", "invalid UTF-8", 1},
      {"\"\xf4\x90\x80\x80\"", "invalid UTF-8", 1},
      {"\"\xf5\x80\x80\x80\"", "invalid UTF-8", 1},
      {"\"\xf8\x88\x80\x80\x80\"", "invalid UTF-8", 1},
      {"\"\xfe\"", "invalid UTF-8", 1},
      {"\"\xff\"", "invalid UTF-8", 1},
      {"\"\xe9\"", "invalid UTF-8", 1},
      {"\"\\n\xff\"", "invalid UTF-8", 3},
      {"{\"\xff\":1}", "invalid UTF-8", 2},
      // duplicate keys
      {"{\"a\":1,\"a\":2}", "duplicate key", 7},
      {"{\"a\":1,\"a\":1}", "duplicate key", 7},
      {"{\"\":1,\"\":2}", "duplicate key", 6},
      {"{\"a\":1,\"\\u0061\":2}", "duplicate key", 7},
      {"{\"\\u0061\":1,\"\\u0061\":2}", "duplicate key", 12},
      {"{\"/\":1,\"\\/\":2}", "duplicate key", 7},
      {"{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", "duplicate key", 10},
      {"{\"a\":1,\"b\":2,\"c\":3,\"a\":4}", "duplicate key", 19},
      {"[{\"a\":1},{\"b\":1,\"b\":2}]", "duplicate key", 16},
      {"{\"a\":{\"b\":1,\"b\":2}}", "duplicate key", 12},
      {"{\"a\":{\"b\":1},\"a\":2}", "duplicate key", 13},
      {"{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"a\":0}", "duplicate key", 55},
      // depth
      {Nested(33), "nested too deeply", 32},
      {Repeat("{\"a\":", 33) + "1" + Repeat("}", 33), "nested too deeply", 160},
      {Repeat("[", 100000), "nested too deeply", 32},
      {Repeat("{\"a\":", 100000), "nested too deeply", 160},
      {Repeat("[{\"a\":", 100000), "nested too deeply", 96},
  };
  for (const Row& row : rows) {
    CAPTURE(row.document.substr(0, 80));
    const Parsed parsed = JsonDocument::Parse(row.document);
    CHECK_FALSE(parsed.ok());
    if (parsed.ok()) continue;
    CHECK(std::string(parsed.error().reason) == row.reason);
    CHECK(parsed.error().offset == row.offset);
  }
}

TEST_CASE("the depth limit can be chosen and counts open containers only") {
  CHECK(JsonDocument::Parse("1", 1).ok());
  CHECK(JsonDocument::Parse("[]", 1).ok());
  CHECK(JsonDocument::Parse("[1,2]", 1).ok());
  CHECK_FALSE(JsonDocument::Parse("[[]]", 1).ok());
  CHECK_FALSE(JsonDocument::Parse("[1,{}]", 1).ok());
  CHECK(JsonDocument::Parse("[[],[],{}]", 2).ok());
  CHECK_FALSE(JsonDocument::Parse("[[],[[]]]", 2).ok());
  const std::string deep = Nested(100000);
  CHECK(JsonDocument::Parse(deep, 100000).ok());
  CHECK_FALSE(JsonDocument::Parse(deep, 99999).ok());
  CHECK(Aborts([] { static_cast<void>(JsonDocument::Parse("1", 0)); }));
}

TEST_CASE("an input over the size limit is refused unread") {
  std::string document(JsonDocument::kMaxBytes, ' ');
  document[0] = '1';
  CHECK(JsonDocument::Parse(document).ok());
  document += ' ';
  const Parsed parsed = JsonDocument::Parse(document);
  REQUIRE_FALSE(parsed.ok());
  CHECK(std::string(parsed.error().reason) == "too large");
}

TEST_CASE("nothing is read beyond the view's end") {
  // Each prefix stands in a buffer of exactly its size, for the address sanitizer to watch.
  const std::string document = R"({"a":[1.5e+3,true,null,"x\n\u0041\ud83d\ude00)"
                               "\xf0\x9f\x98\x80"
                               R"("],"b":{}})";
  REQUIRE(JsonDocument::Parse(document).ok());
  for (std::size_t size = 0; size < document.size(); ++size) {
    const std::vector<char> prefix(document.begin(), document.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(JsonDocument::Parse(std::string_view(prefix.data(), prefix.size())).ok());
  }
  const std::string numbers = "-12.5e+3";
  for (std::size_t size = 1; size <= numbers.size(); ++size) {
    const std::vector<char> prefix(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(size));
    const bool whole = size == 2 || size == 3 || size == 5 || size == 8;
    CHECK(JsonDocument::Parse(std::string_view(prefix.data(), prefix.size())).ok() == whole);
  }
}

TEST_CASE("the values of a document are found by key and by index") {
  const std::string input =
      R"( {"method":"payment.in","n":-1.50e2,"yes":true,"no":false,"nothing":null,"list":[1,"two",[3],{}],"o":{"k":"v"}} )";
  const Parsed parsed = JsonDocument::Parse(input);
  REQUIRE(parsed.ok());
  const JsonValue root = parsed.value().root();

  CHECK(root.present());
  CHECK(root.is_object());
  CHECK(root.type() == JsonType::kObject);
  CHECK(root.size() == 7);
  CHECK(root["method"].is_string());
  CHECK(root["method"].string() == "payment.in");
  CHECK(root["n"].is_number());
  CHECK(root["n"].number_text() == "-1.50e2");
  CHECK(root["yes"].is_bool());
  CHECK(root["yes"].boolean());
  CHECK_FALSE(root["no"].boolean());
  CHECK(root["nothing"].present());
  CHECK_FALSE(root["nothing"].given());
  CHECK(root["nothing"].type() == JsonType::kNull);

  const JsonValue list = root["list"];
  REQUIRE(list.is_array());
  REQUIRE(list.size() == 4);
  CHECK(list.at(0).number_text() == "1");
  CHECK(list.at(1).string() == "two");
  CHECK(list.at(2).at(0).number_text() == "3");
  CHECK(list.at(3).is_object());
  CHECK(list.at(3).size() == 0);
  CHECK(root["o"]["k"].string() == "v");

  CHECK(root.key_at(0) == "method");
  CHECK(root.key_at(6) == "o");
  CHECK(root.member_at(1).number_text() == "-1.50e2");
  CHECK(root.member_at(6)["k"].string() == "v");
}

TEST_CASE("what is not there is absent, and stays so further down") {
  const std::string input = R"({"a":null,"list":[1],"text":"t"})";
  const Parsed parsed = JsonDocument::Parse(input);
  REQUIRE(parsed.ok());
  const JsonValue root = parsed.value().root();
  for (const JsonValue& absent : {JsonValue(), root["b"], root["b"]["c"], root["a"]["c"], root["list"]["0"],
                                  root["text"]["t"], root[""], root["A"], root["a "], root["lis"]}) {
    CHECK_FALSE(absent.present());
    CHECK_FALSE(absent.given());
    CHECK_FALSE(absent.is_object());
    CHECK_FALSE(absent.is_array());
    CHECK_FALSE(absent.is_string());
    CHECK_FALSE(absent.is_number());
    CHECK_FALSE(absent.is_bool());
    CHECK(absent.size() == 0);
  }
  CHECK(root["text"].size() == 0);
}

TEST_CASE("a value asked for what it is not aborts") {
  const std::string input = R"({"n":1,"s":"1","l":[1]})";
  const Parsed parsed = JsonDocument::Parse(input);
  REQUIRE(parsed.ok());
  const JsonValue root = parsed.value().root();
  CHECK(Aborts([&] { static_cast<void>(root["n"].string()); }));
  CHECK(Aborts([&] { static_cast<void>(root["s"].number_text()); }));
  CHECK(Aborts([&] { static_cast<void>(root["s"].boolean()); }));
  CHECK(Aborts([&] { static_cast<void>(root["x"].string()); }));
  CHECK(Aborts([&] { static_cast<void>(root["x"].type()); }));
  CHECK(Aborts([&] { static_cast<void>(root["x"].raw()); }));
  CHECK(Aborts([&] { static_cast<void>(root["l"].at(1)); }));
  CHECK(Aborts([&] { static_cast<void>(root.at(0)); }));
  CHECK(Aborts([&] { static_cast<void>(root.key_at(3)); }));
  CHECK(Aborts([&] { static_cast<void>(root.member_at(3)); }));
  CHECK(Aborts([&] { static_cast<void>(root["l"].member_at(0)); }));
}

TEST_CASE("escapes are resolved to UTF-8") {
  struct Row {
    const char* document;
    const char* text;
  };
  const Row rows[] = {
      {R"("")", ""},
      {R"("a")", "a"},
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t"},
      {R"("\u0001")", "\x01"},
      {R"("\u007f")", "\x7f"},
      {R"("\u0080")", "\xc2\x80"},
      {R"("\u07ff")", "\xdf\xbf"},
      {R"("\u0800")", "\xe0\xa0\x80"},
      {R"("\u20AC")", "\xe2\x82\xac"},
      {R"("\ud7ff")", "\xed\x9f\xbf"},
      {R"("\ue000")", "\xee\x80\x80"},
      {R"("\uffff")", "\xef\xbf\xbf"},
      {R"("\ud800\udc00")", "\xf0\x90\x80\x80"},
      {R"("\uD83D\uDE00")", "\xf0\x9f\x98\x80"},
      {R"("\udbff\udfff")", "\xf4\x8f\xbf\xbf"},
      {R"("a\nb")", "a\nb"},
      {R"("\na")", "\na"},
      {R"("a\n")", "a\n"},
      {R"("\\u0000")", "\\u0000"},
      {R"("\\\\")", "\\\\"},
      {R"("\u005c\u0022")", "\\\""},
      {"\"\xe2\x82\xac\\t\xe2\x82\xac\"", "\xe2\x82\xac\t\xe2\x82\xac"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.document);
    const Parsed parsed = JsonDocument::Parse(row.document);
    REQUIRE(parsed.ok());
    CHECK(parsed.value().root().string() == row.text);
    CHECK(parsed.value().root().raw() == row.document);
  }
}

TEST_CASE("every character can be escaped") {
  char escape[16];
  for (std::uint32_t code_point = 1; code_point <= 0x10ffff; code_point += code_point < 0x11000 ? 1 : 0x101) {
    if (code_point >= 0xd800 && code_point <= 0xdfff) continue;
    if (code_point < 0x10000) {
      std::snprintf(escape, sizeof(escape), "\\u%04x", code_point);
    } else {
      const std::uint32_t rest = code_point - 0x10000;
      std::snprintf(escape, sizeof(escape), "\\u%04x\\u%04x", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
    }
    const std::string document = "\"" + std::string(escape) + "\"";
    const Parsed parsed = JsonDocument::Parse(document);
    const bool same =
        parsed.ok() && parsed.value().root().string() == nlohmann::json::parse(document).get<std::string>();
    if (!same) {
      CAPTURE(document);
      FAIL("resolved wrongly");
    }
  }
}

TEST_CASE("many strings with escapes keep their texts apart") {
  std::string document = "[";
  std::vector<std::string> expected;
  for (int i = 0; i < 2000; ++i) {
    if (i > 0) document += ',';
    document += "\"" + std::to_string(i) + (i % 3 == 0 ? "\\n\\u20ac\"" : "\"");
    expected.push_back(std::to_string(i) + (i % 3 == 0 ? "\n\xe2\x82\xac" : ""));
  }
  document += "]";
  const Parsed parsed = JsonDocument::Parse(document);
  REQUIRE(parsed.ok());
  const JsonValue root = parsed.value().root();
  REQUIRE(root.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) REQUIRE(root.at(i).string() == expected[i]);
}

TEST_CASE("raw gives a value's own bytes") {
  const std::string input =
      " { \"a\" : [ 1 , { \"b\\n\" : -0.0e1 } ] , \"c\" : true , \"d\" : null , \"e\" : \"x\\n\" } ";
  const Parsed parsed = JsonDocument::Parse(input);
  REQUIRE(parsed.ok());
  const JsonValue root = parsed.value().root();
  CHECK(root.raw() == input.substr(1, input.size() - 2));
  CHECK(root["a"].raw() == "[ 1 , { \"b\\n\" : -0.0e1 } ]");
  CHECK(root["a"].at(1).raw() == "{ \"b\\n\" : -0.0e1 }");
  CHECK(root["a"].at(1)["b\n"].raw() == "-0.0e1");
  CHECK(root["c"].raw() == "true");
  CHECK(root["d"].raw() == "null");
  CHECK(root["e"].raw() == "\"x\\n\"");
}

TEST_CASE("strings without escapes are views into the input") {
  const std::string input = R"({"key":"value","escaped":"a\nb"})";
  const Parsed parsed = JsonDocument::Parse(input);
  REQUIRE(parsed.ok());
  const JsonValue root = parsed.value().root();
  const auto in_input = [&input](std::string_view text) {
    return text.data() >= input.data() && text.data() < input.data() + input.size();
  };
  CHECK(in_input(root.key_at(0)));
  CHECK(in_input(root["key"].string()));
  CHECK_FALSE(in_input(root["escaped"].string()));
}

TEST_CASE("a document can be moved and outlive the result it came from") {
  const std::string input = R"({"plain":"text","\u0065scaped":"a\nb"})";
  JsonDocument document = JsonDocument::Parse(input).value();
  const std::string_view before = document.root()["escaped"].string();
  JsonDocument moved(std::move(document));
  JsonDocument assigned = JsonDocument::Parse("[\"\\n\"]").value();
  assigned = std::move(moved);
  CHECK(assigned.root()["plain"].string() == "text");
  CHECK(assigned.root()["escaped"].string() == "a\nb");
  CHECK(assigned.root().key_at(1) == "escaped");
  CHECK(before == "a\nb");
}

TEST_CASE("two documents of one thread do not disturb each other") {
  const std::string first_input = R"({"a":["x\n",1]})";
  const std::string second_input = R"([[["y\t"]],{"b":2}])";
  const Parsed first = JsonDocument::Parse(first_input);
  CHECK_FALSE(JsonDocument::Parse("[[[1,").ok());
  const Parsed second = JsonDocument::Parse(second_input);
  REQUIRE((first.ok() && second.ok()));
  CHECK(first.value().root()["a"].at(0).string() == "x\n");
  CHECK(second.value().root().at(0).at(0).at(0).string() == "y\t");
  CHECK(second.value().root().at(1)["b"].number_text() == "2");
}

std::string ObjectWithKeys(const std::vector<std::string>& keys) {
  std::string document = "{";
  for (const std::string& key : keys) {
    if (document.size() > 1) document += ',';
    document += "\"" + key + "\":0";
  }
  return document + "}";
}

std::vector<std::string> NumberedKeys(std::size_t count, const std::string& prefix) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < count; ++i) keys.push_back(prefix + std::to_string(i));
  return keys;
}

TEST_CASE("a duplicate key is found wherever the two stand, in objects of every size") {
  for (const std::size_t count : {2u, 3u, 7u, 8u, 9u, 10u, 30u}) {
    const std::vector<std::string> keys = NumberedKeys(count, "k");
    REQUIRE(JsonDocument::Parse(ObjectWithKeys(keys)).ok());
    for (std::size_t later = 1; later < count; ++later) {
      for (std::size_t earlier = 0; earlier < later; ++earlier) {
        std::vector<std::string> doubled = keys;
        doubled[later] = "\\u006b" + std::to_string(earlier);
        const std::string document = ObjectWithKeys(doubled);
        const Parsed parsed = JsonDocument::Parse(document);
        CAPTURE(document);
        REQUIRE_FALSE(parsed.ok());
        CHECK(std::string(parsed.error().reason) == "duplicate key");
        CHECK(parsed.error().offset == document.find("\"\\u006b"));
      }
    }
  }
}

TEST_CASE("an object of ten thousand keys is read, and one doubled key among them found") {
  std::vector<std::string> keys = NumberedKeys(10000, "key-");
  const std::string document = ObjectWithKeys(keys);
  const Parsed parsed = JsonDocument::Parse(document);
  REQUIRE(parsed.ok());
  CHECK(parsed.value().root().size() == 10000);
  CHECK(parsed.value().root()["key-9999"].is_number());
  keys.back() = keys.front();
  CHECK_FALSE(JsonDocument::Parse(ObjectWithKeys(keys)).ok());
}

TEST_CASE("objects with very many or very long keys do not hang the reader") {
  const auto start = std::chrono::steady_clock::now();
  // Comparing each key with each would be 10^11 comparisons.
  CHECK(JsonDocument::Parse(ObjectWithKeys(NumberedKeys(400000, ""))).ok());
  CHECK(JsonDocument::Parse(ObjectWithKeys(NumberedKeys(3000, std::string(2000, 'k')))).ok());
  CHECK(JsonDocument::Parse(Repeat("[", 30) + "1" + Repeat(",1", 4000000) + Repeat("]", 30)).ok());
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(120));
}

// Random documents, valid or nearly so.
class DocumentMaker {
 public:
  explicit DocumentMaker(std::uint64_t seed) : random_(seed) {}

  std::string Make() {
    std::string document;
    AppendValue(&document, 0);
    const std::size_t mutations = random_.Below(4);
    for (std::size_t i = 0; i < mutations; ++i) Mutate(&document);
    return document;
  }

 private:
  template <std::size_t N>
  std::string Pick(const std::string (&choices)[N]) {
    return choices[random_.Below(N)];
  }

  void AppendSpace(std::string* out) {
    static const std::string kSpaces[] = {"", "", "", "", "", " ", "\n", "\t\r"};
    *out += Pick(kSpaces);
  }

  void AppendValue(std::string* out, int depth) {
    AppendSpace(out);
    const std::size_t kind = random_.Below(depth < 5 ? 8 : 5);
    if (kind < 2) *out += Number();
    if (kind == 2 || kind == 3) *out += String();
    if (kind == 4) *out += Word();
    if (kind == 5) AppendArray(out, depth);
    if (kind > 5) AppendObject(out, depth);
    AppendSpace(out);
  }

  void AppendArray(std::string* out, int depth) {
    *out += '[';
    const std::size_t count = random_.Below(5);
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) *out += ',';
      AppendValue(out, depth + 1);
    }
    *out += ']';
  }

  void AppendObject(std::string* out, int depth) {
    *out += '{';
    const std::size_t count = random_.Below(random_.Below(6) == 0 ? 14 : 4);
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) *out += ',';
      AppendSpace(out);
      *out += random_.Below(5) == 0 ? String() : "\"k" + std::to_string(random_.Below(40)) + "\"";
      *out += ':';
      AppendValue(out, depth + 1);
    }
    *out += '}';
  }

  std::string Word() {
    static const std::string kWords[] = {"null", "true", "false"};
    return Pick(kWords);
  }

  std::string Number() {
    static const std::string kNumbers[] = {"0",     "-0",  "1",   "-17",   "3.25",  "1e5", "-2.5E-3", "1e400",
                                           "0.0e0", "10",  "1e+", "01",    ".5",    "1.",  "-",       "+1",
                                           "1e-9",  "1E4", "9e9", "12345", "0.001", "1e0", "100",     "7"};
    // Mostly the good ones.
    const std::string number = Pick(kNumbers);
    return random_.Below(4) == 0 ? number : std::to_string(random_.Below(1000000));
  }

  std::string String() {
    static const std::string kPieces[] = {"a",
                                          "text",
                                          " ",
                                          "\\n",
                                          "\\\"",
                                          "\\\\",
                                          "\\/",
                                          "\\u0041",
                                          "\\u20ac",
                                          "\xc3\xa9",
                                          "\xe2\x82\xac",
                                          "\xf0\x9f\x98\x80",
                                          "\\ud83d\\ude00",
                                          "\x7f",
                                          "{",
                                          "]",
                                          ",",
                                          ":"};
    static const std::string kBad[] = {"\\u0000",  "\\ud800",          "\\udc00", "\x80",
                                       "\xc0\x80", "\xed\xa0\x80",     "\n",      "\\x",
                                       "\\u12",    "\xf4\x90\x80\x80", "\x01",    "\xe2\x82"};
    std::string text = "\"";
    const std::size_t pieces = random_.Below(5);
    for (std::size_t i = 0; i < pieces; ++i) text += random_.Below(60) == 0 ? Pick(kBad) : Pick(kPieces);
    return text + "\"";
  }

  void Mutate(std::string* document) {
    static const std::string kInserts[] = {"{",
                                           "}",
                                           "[",
                                           "]",
                                           ",",
                                           ":",
                                           "\"",
                                           "\\",
                                           "0",
                                           "-",
                                           "e",
                                           ".",
                                           " ",
                                           "null",
                                           "\xff",
                                           std::string(1, '\0'),
                                           "\xef\xbb\xbf",
                                           "/",
                                           "1"};
    if (document->empty()) return;
    const std::size_t at = random_.Below(document->size());
    switch (random_.Below(5)) {
      case 0:
        document->erase(at, 1);
        break;
      case 1:
        document->insert(at, Pick(kInserts));
        break;
      case 2:
        (*document)[at] = static_cast<char>(random_.Below(256));
        break;
      case 3:
        document->resize(at);
        break;
      default:
        document->insert(at, document->substr(random_.Below(document->size()), 1 + random_.Below(8)));
    }
  }

  SeededRandom random_;
};

enum class Verdict { kAccepted, kRefused, kNumberOverflow };

Verdict ReadByLibrary(const std::string& document, nlohmann::json* value) {
  constexpr int kNumberOverflowId = 406;
  try {
    *value = nlohmann::json::parse(document);
    return Verdict::kAccepted;
  } catch (const nlohmann::json::out_of_range& e) {
    return e.id == kNumberOverflowId ? Verdict::kNumberOverflow : Verdict::kRefused;
  } catch (const nlohmann::json::exception&) {
    return Verdict::kRefused;
  }
}

// The rules this reader has and the library has not. At a NUL byte the library stops reading.
bool IsStricterRule(const std::string& document, const JsonError& error) {
  const std::set<std::string> kOurs = {"duplicate key", "nested too deeply", "escaped NUL", "byte order mark",
                                       "NUL byte"};
  if (document.find('\0') != std::string::npos) return true;
  return kOurs.count(error.reason) != 0;
}

bool SameValue(JsonValue ours, const nlohmann::json& theirs) {
  switch (ours.type()) {
    case JsonType::kNull:
      return theirs.is_null();
    case JsonType::kBool:
      return theirs.is_boolean() && theirs.get<bool>() == ours.boolean();
    case JsonType::kNumber:
      return theirs.is_number() && theirs == nlohmann::json::parse(ours.number_text());
    case JsonType::kString:
      return theirs.is_string() && theirs.get_ref<const std::string&>() == ours.string();
    case JsonType::kArray:
      if (!theirs.is_array() || theirs.size() != ours.size()) return false;
      for (std::size_t i = 0; i < ours.size(); ++i) {
        if (!SameValue(ours.at(i), theirs[i])) return false;
      }
      return true;
    case JsonType::kObject:
      if (!theirs.is_object() || theirs.size() != ours.size()) return false;
      for (std::size_t i = 0; i < ours.size(); ++i) {
        const auto member = theirs.find(std::string(ours.key_at(i)));
        if (member == theirs.end() || !SameValue(ours.member_at(i), *member)) return false;
        if (ours[ours.key_at(i)].raw() != ours.member_at(i).raw()) return false;
      }
      return true;
  }
  return false;
}

TEST_CASE("random and damaged documents are judged and read as by another reader") {
  constexpr std::uint64_t kSeed = 20260501;
  DocumentMaker maker(kSeed);
  int accepted = 0;
  int refused = 0;
  int stricter = 0;
  for (int i = 0; i < 60000; ++i) {
    const std::string document = maker.Make();
    const Parsed ours = JsonDocument::Parse(document);
    nlohmann::json value;
    const Verdict theirs = ReadByLibrary(document, &value);
    CAPTURE(i, document);
    if (ours.ok()) {
      ++accepted;
      if (theirs == Verdict::kRefused) FAIL("accepted what the other reader refuses");
      if (theirs == Verdict::kAccepted && !SameValue(ours.value().root(), value)) {
        FAIL("read differently");
      }
    } else if (IsStricterRule(document, ours.error())) {
      ++stricter;
    } else {
      ++refused;
      // The library gives up at the first overflowing number, perhaps before the place that is wrong.
      if (theirs == Verdict::kAccepted) FAIL("refused what the other reader accepts: " << ours.error().reason);
    }
  }
  // The stream must exercise all three.
  CHECK(accepted > 10000);
  CHECK(refused > 10000);
  CHECK(stricter > 500);
}

}  // namespace
}  // namespace multihub::base
