#include "multihub/base/utf8.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

namespace multihub::base {
namespace {

// The generic encoding scheme, for surrogates and numbers that are too large as well.
std::string Encode(std::uint32_t code_point, int length) {
  constexpr std::uint8_t kLead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
  std::string bytes(static_cast<std::size_t>(length), '\0');
  for (int i = length - 1; i > 0; --i) {
    bytes[static_cast<std::size_t>(i)] = static_cast<char>(0x80 | (code_point & 0x3f));
    code_point >>= 6;
  }
  bytes[0] = static_cast<char>(kLead[length] | code_point);
  return bytes;
}

int ShortestLength(std::uint32_t code_point) {
  if (code_point < 0x80) return 1;
  if (code_point < 0x800) return 2;
  return code_point < 0x10000 ? 3 : 4;
}

TEST_CASE("every Unicode character is valid in its shortest form and in no longer one") {
  for (std::uint32_t code_point = 0; code_point <= 0x10ffff; ++code_point) {
    const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
    const int shortest = ShortestLength(code_point);
    bool right = IsValidUtf8(Encode(code_point, shortest)) == !surrogate;
    for (int length = shortest + 1; length <= 4; ++length) right = right && !IsValidUtf8(Encode(code_point, length));
    if (!right) {
      CAPTURE(code_point);
      FAIL("judged wrongly");
    }
  }
}

TEST_CASE("numbers above U+10FFFF are no characters") {
  for (std::uint32_t code_point = 0x110000; code_point <= 0x1fffff; code_point += 0x101) {
    REQUIRE_FALSE(IsValidUtf8(Encode(code_point, 4)));
  }
  CHECK_FALSE(IsValidUtf8(Encode(0x110000, 4)));
  CHECK_FALSE(IsValidUtf8("\xf8\x88\x80\x80\x80"));
  CHECK_FALSE(IsValidUtf8("\xfc\x84\x80\x80\x80\x80"));
  CHECK_FALSE(IsValidUtf8("\xfe"));
  CHECK_FALSE(IsValidUtf8("\xff"));
}

TEST_CASE("a broken sequence is found at every place of a text") {
  const std::string broken[] = {"\x80",          "\xbf",          "\xc3",          "\xe2\x82",
                                "\xf0\x9f\x98",  "\xc3(",         "\xe2(\xac",     "\xe2\x82(",
                                "\xf0(\x98\x80", "\xf0\x9f(\x80", "\xf0\x9f\x98(", "\xc0\x80",
                                "\xc1\xbf",      "\xed\xa0\x80",  "\xc3\xc3\xa9",  "\xe2\x82\xe2\x82\xac"};
  for (const std::string& piece : broken) {
    for (std::size_t before = 0; before < 20; ++before) {
      for (const std::size_t after : {0u, 1u, 9u}) {
        const std::string text = std::string(before, 'a') + piece + std::string(after, 'b');
        CAPTURE(text);
        CHECK_FALSE(IsValidUtf8(text));
      }
    }
  }
}

TEST_CASE("valid texts of every length are accepted") {
  const std::string euro = "\xe2\x82\xac";
  std::string text;
  for (int i = 0; i < 40; ++i) {
    CHECK(IsValidUtf8(text));
    CHECK(IsValidUtf8(text + euro));
    CHECK(IsValidUtf8(euro + text));
    text += i % 5 == 4 ? "\xf0\x9f\x98\x80" : "x";
  }
  CHECK(IsValidUtf8(std::string_view()));
  CHECK(IsValidUtf8(std::string_view("a\0b", 3)));
}

TEST_CASE("a sequence is not completed by bytes beyond the text's end") {
  const std::string_view euro = "\xe2\x82\xac";
  CHECK_FALSE(IsValidUtf8(euro.substr(0, 2)));
  CHECK_FALSE(IsValidUtf8(euro.substr(0, 1)));
  const std::string_view smile = "\xf0\x9f\x98\x80";
  for (std::size_t size = 1; size < 4; ++size) CHECK_FALSE(IsValidUtf8(smile.substr(0, size)));
}

TEST_CASE("characters are counted, not bytes") {
  struct Row {
    const char* text;
    std::size_t characters;
  };
  const Row rows[] = {
      {"", 0},         {"abc", 3}, {"\xc3\xa9", 1}, {"\xe2\x82\xac 5", 3}, {"\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 2},
      {"e\xcc\x81", 2}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(CountUtf8Characters(row.text) == row.characters);
  }
}

TEST_CASE("control characters are U+0000 to U+001F and U+007F to U+009F and nothing else") {
  for (std::uint32_t code_point = 0; code_point <= 0x10ffff; ++code_point) {
    if (code_point >= 0xd800 && code_point <= 0xdfff) continue;
    const bool control = code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f);
    if (HasControlCharacters("a" + Encode(code_point, ShortestLength(code_point)) + "z") != control) {
      CAPTURE(code_point);
      FAIL("judged wrongly");
    }
  }
  CHECK_FALSE(HasControlCharacters(""));
  CHECK(HasControlCharacters("line\n"));
  CHECK(HasControlCharacters("\x7f"));
}

}  // namespace
}  // namespace multihub::base
