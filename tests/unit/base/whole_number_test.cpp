#include "multihub/base/whole_number.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <ostream>
#include <string>

#include "multihub/base/random.h"

namespace multihub::base {

std::ostream& operator<<(std::ostream& out, WholeNumber::Kind kind) {
  constexpr const char* kNames[] = {"not whole", "in range", "too large", "too small"};
  return out << kNames[static_cast<int>(kind)];
}

namespace {

using Kind = WholeNumber::Kind;

std::string Zeros(std::size_t count) { return std::string(count, '0'); }

TEST_CASE("whole numbers are judged on their text") {
  struct Row {
    std::string text;
    Kind kind;
    std::int64_t value;
  };
  const Row rows[] = {
      {"0", Kind::kInRange, 0},
      {"-0", Kind::kInRange, 0},
      {"-0.0", Kind::kInRange, 0},
      {"0.000", Kind::kInRange, 0},
      {"0e999", Kind::kInRange, 0},
      {"0e-999", Kind::kInRange, 0},
      {"-0.0e99999999999999999999", Kind::kInRange, 0},
      {"0E+0", Kind::kInRange, 0},
      {"7", Kind::kInRange, 7},
      {"-7", Kind::kInRange, -7},
      {"7.0", Kind::kInRange, 7},
      {"7e0", Kind::kInRange, 7},
      {"7e-0", Kind::kInRange, 7},
      {"7E+00", Kind::kInRange, 7},
      {"100", Kind::kInRange, 100},
      {"100.0", Kind::kInRange, 100},
      {"1e2", Kind::kInRange, 100},
      {"1E2", Kind::kInRange, 100},
      {"1e+2", Kind::kInRange, 100},
      {"1.00e2", Kind::kInRange, 100},
      {"10000e-2", Kind::kInRange, 100},
      {"0.01e4", Kind::kInRange, 100},
      {"0.0000000000000000000001e24", Kind::kInRange, 100},
      {"1.25e2", Kind::kInRange, 125},
      {"12.5e1", Kind::kInRange, 125},
      {"-12.50e1", Kind::kInRange, -125},
      {"9007199254740991", Kind::kInRange, kMaxSafeInteger},
      {"-9007199254740991", Kind::kInRange, -kMaxSafeInteger},
      {"9007199254740991.000", Kind::kInRange, kMaxSafeInteger},
      {"90071992547409910e-1", Kind::kInRange, kMaxSafeInteger},
      {"0.9007199254740991e16", Kind::kInRange, kMaxSafeInteger},
      {"9.007199254740991e15", Kind::kInRange, kMaxSafeInteger},
      {"1" + Zeros(5000) + "e-5000", Kind::kInRange, 1},
      {"0." + Zeros(5000) + "1e5001", Kind::kInRange, 1},
      {"1e" + Zeros(5000) + "2", Kind::kInRange, 100},
      {"1e-" + Zeros(5000), Kind::kInRange, 1},
      {"5" + Zeros(15), Kind::kInRange, 5000000000000000},

      {"0.5", Kind::kNotWhole, 0},
      {"-0.5", Kind::kNotWhole, 0},
      {"100.5", Kind::kNotWhole, 0},
      {"1e-1", Kind::kNotWhole, 0},
      {"1e-400", Kind::kNotWhole, 0},
      {"-1e-400", Kind::kNotWhole, 0},
      {"12.34e1", Kind::kNotWhole, 0},
      {"105e-1", Kind::kNotWhole, 0},
      {"9007199254740991.5", Kind::kNotWhole, 0},
      {"9007199254740992.0000000000000001", Kind::kNotWhole, 0},
      {"100000000000000000000.5", Kind::kNotWhole, 0},
      {"1e-" + std::string(5000, '9'), Kind::kNotWhole, 0},
      {"1" + Zeros(5000) + "e-5001", Kind::kNotWhole, 0},
      {"0." + Zeros(5000) + "1", Kind::kNotWhole, 0},

      {"9007199254740992", Kind::kTooLarge, 0},
      {"9007199254740993", Kind::kTooLarge, 0},
      {"9007199254740992.0", Kind::kTooLarge, 0},
      {"90071992547409920e-1", Kind::kTooLarge, 0},
      {"9.007199254740992e15", Kind::kTooLarge, 0},
      {"9999999999999999", Kind::kTooLarge, 0},
      {"10000000000000000", Kind::kTooLarge, 0},
      {"18446744073709551616", Kind::kTooLarge, 0},
      {"18446744073709551617", Kind::kTooLarge, 0},
      {"1e16", Kind::kTooLarge, 0},
      {"1e17", Kind::kTooLarge, 0},
      {"1e400", Kind::kTooLarge, 0},
      {"1.5e400", Kind::kTooLarge, 0},
      {"1e9223372036854775807", Kind::kTooLarge, 0},
      {"1e9223372036854775808", Kind::kTooLarge, 0},
      {"1e18446744073709551616", Kind::kTooLarge, 0},
      {"1e" + std::string(5000, '9'), Kind::kTooLarge, 0},
      {"0.1e" + std::string(5000, '9'), Kind::kTooLarge, 0},
      {"1" + Zeros(5000), Kind::kTooLarge, 0},

      {"-9007199254740992", Kind::kTooSmall, 0},
      {"-1e16", Kind::kTooSmall, 0},
      {"-1e400", Kind::kTooSmall, 0},
      {"-1e" + std::string(5000, '9'), Kind::kTooSmall, 0},
      {"-1" + Zeros(5000), Kind::kTooSmall, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text.substr(0, 60), row.text.size());
    const WholeNumber number = ParseWholeNumber(row.text);
    CHECK(number.kind == row.kind);
    CHECK(number.value == row.value);
  }
}

// The same integer with its point moved about and zeros added where they mean nothing.
std::string Disguise(std::int64_t value, Random& random) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  const auto zeros = static_cast<std::int64_t>(random.Below(30));
  digits.append(static_cast<std::size_t>(zeros), '0');
  const std::size_t integer_digits = random.Below(digits.size() + 1);
  std::string text = value < 0 ? "-" : "";
  text += integer_digits == 0 ? "0" : digits.substr(0, integer_digits);
  if (integer_digits < digits.size()) text += "." + digits.substr(integer_digits);
  const std::int64_t exponent = static_cast<std::int64_t>(digits.size() - integer_digits) - zeros;
  return text + "e" + std::to_string(exponent);
}

TEST_CASE("every way to write a whole number gives the number") {
  SeededRandom random(21);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t magnitude = random.NextU64() >> (11 + random.Below(53));
    const std::int64_t value = std::min(static_cast<std::int64_t>(magnitude), kMaxSafeInteger);
    const std::int64_t signed_value = random.Below(2) == 0 ? value : -value;
    const std::string text = Disguise(signed_value, random);
    const WholeNumber number = ParseWholeNumber(text);
    if (number.kind != Kind::kInRange || number.value != signed_value) {
      CAPTURE(text, signed_value, number.value);
      FAIL("judged wrongly");
    }
  }
}

// The same judgement by moving the point through the written digits.
Kind JudgeByExpansion(const std::string& integer, const std::string& fraction, int exponent, bool negative) {
  std::string whole = integer;
  std::string rest = fraction;
  for (; exponent > 0; --exponent) {
    whole += rest.empty() ? '0' : rest.front();
    if (!rest.empty()) rest.erase(0, 1);
  }
  for (; exponent < 0; ++exponent) {
    rest.insert(0, 1, whole.empty() ? '0' : whole.back());
    if (!whole.empty()) whole.pop_back();
  }
  if (rest.find_first_not_of('0') != std::string::npos) return Kind::kNotWhole;
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  const std::string limit = "9007199254740991";
  const bool over = whole.size() != limit.size() ? whole.size() > limit.size() : whole > limit;
  if (!over) return Kind::kInRange;
  return negative ? Kind::kTooSmall : Kind::kTooLarge;
}

std::string RandomDigits(std::size_t count, Random& random) {
  std::string digits;
  // Mostly zeros and nines, which is where the edges are.
  for (std::size_t i = 0; i < count; ++i) digits += "0000009912345678"[random.Below(16)];
  return digits;
}

TEST_CASE("random decimals are judged as by writing them out") {
  SeededRandom random(22);
  int seen[4] = {0, 0, 0, 0};
  for (int i = 0; i < 30000; ++i) {
    std::string integer = RandomDigits(random.Below(20), random);
    integer.erase(0, std::min(integer.find_first_not_of('0'), integer.size()));
    if (integer.empty()) integer = "0";
    const std::string fraction = RandomDigits(random.Below(8), random);
    const int exponent = static_cast<int>(random.Below(40)) - 20;
    const bool negative = random.Below(2) == 0;
    std::string text = (negative ? "-" : "") + integer;
    if (!fraction.empty()) text += "." + fraction;
    if (exponent != 0) text += "e" + std::to_string(exponent);
    const Kind kind = ParseWholeNumber(text).kind;
    ++seen[static_cast<int>(kind)];
    if (kind != JudgeByExpansion(integer, fraction, exponent, negative)) {
      CAPTURE(text);
      FAIL("judged wrongly");
    }
  }
  for (const int count : seen) CHECK(count > 100);
}

TEST_CASE("a text that is no number is not whole") {
  for (const char* text : {"", "-", "+1", "1.", ".5", "1e", "1e+", "1e-", "abc", "1x", "--1", "1.2.3", "1e2e3", " 1",
                           "1 ", "0x10", "NaN", "Infinity", "1.e2"}) {
    CAPTURE(text);
    CHECK(ParseWholeNumber(text).kind == Kind::kNotWhole);
  }
}

}  // namespace
}  // namespace multihub::base
