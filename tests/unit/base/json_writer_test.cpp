#include "multihub/base/json_writer.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <string>

#include "multihub/base/json_reader.h"
#include "multihub/base/whole_number.h"
#include "support/json.h"
#include "unit/base/expect_abort.h"

namespace multihub::base {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(&out, text);
  return out;
}

TEST_CASE("an envelope is written without spaces and with the commas in place") {
  std::string out = "kept:";
  JsonWriter writer(&out);
  writer.BeginObject();
  writer.Key("success").Bool(false);
  writer.Key("error").BeginObject();
  writer.Key("code").Int(1005).Key("message").String("Invalid request format").Key("details").Null();
  writer.EndObject();
  writer.Key("list").BeginArray().Int(1).String("two").BeginArray().EndArray().BeginObject().EndObject().Bool(true);
  writer.Null().Raw("{\"raw\":1}").Int(-3).EndArray();
  writer.Key("empty").BeginObject().EndObject().Key("raw").Raw("[1,2]").Key("last").Int(0);
  writer.EndObject();
  CHECK(out == R"(kept:{"success":false,"error":{"code":1005,"message":"Invalid request format","details":null},)"
               R"("list":[1,"two",[],{},true,null,{"raw":1},-3],"empty":{},"raw":[1,2],"last":0})");
}

TEST_CASE("scalars and empty containers can stand alone") {
  const auto written = [](auto write) {
    std::string out;
    JsonWriter writer(&out);
    write(writer);
    return out;
  };
  CHECK(written([](JsonWriter& w) { w.Null(); }) == "null");
  CHECK(written([](JsonWriter& w) { w.Bool(true); }) == "true");
  CHECK(written([](JsonWriter& w) { w.String("a"); }) == "\"a\"");
  CHECK(written([](JsonWriter& w) { w.Int(7); }) == "7");
  CHECK(written([](JsonWriter& w) { w.BeginObject().EndObject(); }) == "{}");
  CHECK(written([](JsonWriter& w) { w.BeginArray().EndArray(); }) == "[]");
  CHECK(written([](JsonWriter& w) { w.BeginArray().BeginArray().EndArray().BeginArray().EndArray().EndArray(); }) ==
        "[[],[]]");
}

TEST_CASE("strings are escaped as JSON.stringify escapes them") {
  struct Row {
    std::string text;
    std::string quoted;
  };
  const Row rows[] = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"\"", R"("\"")"},
      {"\\", R"("\\")"},
      {"/", R"("/")"},
      {"\b\f\n\r\t", R"("\b\f\n\r\t")"},
      {std::string(1, '\0'), R"("\u0000")"},
      {"\x01\x1f", R"("\u0001\u001f")"},
      {"\x0b\x0e", R"("\u000b\u000e")"},
      {"\x7f", "\"\x7f\""},
      {"\xc2\x80", "\"\xc2\x80\""},
      {"\xe2\x82\xac", "\"\xe2\x82\xac\""},
      {"\xe2\x80\xa8\xe2\x80\xa9", "\"\xe2\x80\xa8\xe2\x80\xa9\""},
      {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
      {"<script>&'", R"("<script>&'")"},
      {"a\"b\\c\nd", R"("a\"b\\c\nd")"},
      {"\"\"", R"("\"\"")"},
      {"\nend", R"("\nend")"},
      {"end\n", R"("end\n")"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(Quoted(row.text) == row.quoted);
    std::string key;
    JsonWriter(&key).BeginObject().Key(row.text).Null().EndObject();
    CHECK(key == "{" + row.quoted + ":null}");
  }
}

TEST_CASE("every ASCII character is written as the other library writes it") {
  for (int c = 0; c < 0x80; ++c) {
    const std::string text = "a" + std::string(1, static_cast<char>(c)) + "b";
    CAPTURE(c);
    CHECK(Quoted(text) == nlohmann::json(text).dump());
  }
}

TEST_CASE("every character but NUL survives writing and reading") {
  std::string text;
  for (std::uint32_t code_point = 1; code_point < 0x80; ++code_point) text += static_cast<char>(code_point);
  text += "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf";
  const std::string document = Quoted(text);
  const Result<JsonDocument, JsonError> parsed = JsonDocument::Parse(document);
  REQUIRE(parsed.ok());
  CHECK(parsed.value().root().string() == text);
}

TEST_CASE("integers are written in plain decimal") {
  struct Row {
    std::int64_t value;
    const char* text;
  };
  const Row rows[] = {{0, "0"},
                      {-1, "-1"},
                      {10, "10"},
                      {1000000, "1000000"},
                      {kMaxSafeInteger, "9007199254740991"},
                      {-kMaxSafeInteger, "-9007199254740991"}};
  for (const Row& row : rows) {
    std::string out;
    JsonWriter(&out).Int(row.value);
    CHECK(out == row.text);
  }
}

TEST_CASE("an integer that not every reader keeps exact is never written") {
  CHECK(Aborts([] {
    std::string out;
    JsonWriter(&out).Int(kMaxSafeInteger + 1);
  }));
  CHECK(Aborts([] {
    std::string out;
    JsonWriter(&out).Int(-kMaxSafeInteger - 1);
  }));
  CHECK(Aborts([] {
    std::string out;
    JsonWriter(&out).Int(std::numeric_limits<std::int64_t>::min());
  }));
}

}  // namespace
}  // namespace multihub::base
