#include "multihub/base/clock.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "multihub/base/random.h"
#include "unit/base/expect_abort.h"

namespace multihub::base {
namespace {

constexpr UnixMs kLastMs = 253402300799999;

// The C library's calendar, to compare with.
std::string FormatByLibrary(UnixMs at_ms) {
  const std::time_t seconds = at_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(at_ms % 1000));
  return text;
}

TEST_CASE("times are written in ISO 8601 with milliseconds and Z") {
  struct Row {
    UnixMs at_ms;
    const char* text;
  };
  const Row rows[] = {
      {0, "1970-01-01T00:00:00.000Z"},
      {1, "1970-01-01T00:00:00.001Z"},
      {999, "1970-01-01T00:00:00.999Z"},
      {86399999, "1970-01-01T23:59:59.999Z"},
      {86400000, "1970-01-02T00:00:00.000Z"},
      {951782400000, "2000-02-29T00:00:00.000Z"},
      {951868800000, "2000-03-01T00:00:00.000Z"},
      {1777629600120, "2026-05-01T10:00:00.120Z"},
      {4107542400000, "2100-03-01T00:00:00.000Z"},
      {4107456000000, "2100-02-28T00:00:00.000Z"},
      {kLastMs, "9999-12-31T23:59:59.999Z"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.at_ms);
    CHECK(FormatIso8601(row.at_ms) == row.text);
  }
}

TEST_CASE("every day of 400 years, and days up to 9999, are written as the C library writes them and read back") {
  SeededRandom random(1);
  constexpr UnixMs kDayMs = 86400000;
  constexpr UnixMs kCycleMs = 146097 * kDayMs;
  for (UnixMs day = 0; day <= kLastMs; day += day < kCycleMs ? kDayMs : 17 * kDayMs) {
    const UnixMs at_ms = day + static_cast<UnixMs>(random.Below(kDayMs));
    const std::string text = FormatIso8601(at_ms);
    UnixMs back = -1;
    const bool same = text == FormatByLibrary(at_ms) && ParseIso8601(text, &back) && back == at_ms;
    if (!same) {
      CAPTURE(at_ms, text, back);
      FAIL("the calendars differ");
    }
  }
}

TEST_CASE("times outside the years 1970 to 9999 are never written") {
  CHECK(Aborts([] { FormatIso8601(-1); }));
  CHECK(Aborts([] { FormatIso8601(kLastMs + 1); }));
}

TEST_CASE("ISO 8601 times with fractions and offsets are read") {
  struct Row {
    const char* text;
    UnixMs at_ms;
  };
  const Row rows[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"2026-05-01T10:00:00Z", 1777629600000},
      {"2026-05-01T10:00:00.120Z", 1777629600120},
      {"2026-05-01T10:00:00.1Z", 1777629600100},
      {"2026-05-01T10:00:00.12Z", 1777629600120},
      {"2026-05-01T10:00:00.1209Z", 1777629600120},
      {"2026-05-01T10:00:00.999999999Z", 1777629600999},
      {"2026-05-01T10:00:00.000000001Z", 1777629600000},
      {"2026-05-01T10:00:00+00:00", 1777629600000},
      {"2026-05-01T10:00:00-00:00", 1777629600000},
      {"2026-05-01T15:30:00+05:30", 1777629600000},
      {"2026-05-01T04:30:00.5-05:30", 1777629600500},
      {"2026-05-02T09:59:00+23:59", 1777629600000},
      {"1970-01-01T01:00:00+01:00", 0},
      {"1969-12-31T23:00:00-01:00", 0},
      {"2000-02-29T00:00:00Z", 951782400000},
      {"9999-12-31T23:59:59.999Z", kLastMs},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    UnixMs at_ms = -1;
    CHECK(ParseIso8601(row.text, &at_ms));
    CHECK(at_ms == row.at_ms);
  }
}

TEST_CASE("anything else is no time and leaves the result alone") {
  const std::vector<std::string> texts = {
      "",
      "Z",
      "2026",
      "2026-05-01",
      "2026-05-01T10:00:00",
      "2026-05-01T10:00Z",
      "2026-05-01 10:00:00Z",
      "2026-05-01t10:00:00Z",
      "2026-05-01T10:00:00z",
      " 2026-05-01T10:00:00Z",
      "2026-05-01T10:00:00Z ",
      "2026-05-01T10:00:00ZZ",
      "2026-05-01T10:00:00.Z",
      "2026-05-01T10:00:00.1234567890Z",
      "2026-05-01T10:00:00,120Z",
      "2026-05-01T10:00:00.12",
      "2026-05-01T10:00:00.1xZ",
      "2026-5-01T10:00:00Z",
      "2026-05-1T10:00:00Z",
      "2026-05-01T1:00:00Z",
      "26-05-01T10:00:00Z",
      "02026-05-01T10:00:00Z",
      "+2026-05-01T10:00:00Z",
      "2026-00-01T10:00:00Z",
      "2026-13-01T10:00:00Z",
      "2026-05-00T10:00:00Z",
      "2026-05-32T10:00:00Z",
      "2026-04-31T10:00:00Z",
      "2026-02-29T10:00:00Z",
      "2100-02-29T10:00:00Z",
      "2024-02-30T10:00:00Z",
      "2026-05-01T24:00:00Z",
      "2026-05-01T10:60:00Z",
      "2026-05-01T10:00:60Z",
      "2026-05-01T-1:00:00Z",
      "2026-05-01T10:00:00+0530",
      "2026-05-01T10:00:00+05",
      "2026-05-01T10:00:00+5:30",
      "2026-05-01T10:00:00+24:00",
      "2026-05-01T10:00:00+05:60",
      "2026-05-01T10:00:00+05:30Z",
      "2026-05-01T10:00:00Z+05:30",
      "1969-12-31T23:59:59.999Z",
      "1970-01-01T00:00:00+00:01",
      "9999-12-31T23:59:59-00:01",
      "0000-01-01T00:00:00Z",
      std::string("2026-05-01T10:00:00Z\0", 21),
      std::string("2026-05-01T10:00:00\0Z", 21),
  };
  for (const std::string& text : texts) {
    CAPTURE(text);
    UnixMs at_ms = 42;
    CHECK_FALSE(ParseIso8601(text, &at_ms));
    CHECK(at_ms == 42);
  }
}

TEST_CASE("a manual clock stands still until it is moved") {
  ManualClock clock(1000);
  CHECK(clock.NowMs() == 1000);
  CHECK(clock.NowMs() == 1000);
  const std::int64_t before_us = clock.MonotonicUs();
  clock.AdvanceMs(250);
  CHECK(clock.NowMs() == 1250);
  CHECK(clock.MonotonicUs() - before_us == 250000);
}

TEST_CASE("the system clock agrees with the C library's and its monotonic time does not go back") {
  SystemClock clock;
  const UnixMs before_ms = static_cast<UnixMs>(std::time(nullptr) - 1) * 1000;
  const UnixMs now_ms = clock.NowMs();
  const UnixMs after_ms = static_cast<UnixMs>(std::time(nullptr) + 2) * 1000;
  CHECK(now_ms >= before_ms);
  CHECK(now_ms <= after_ms);

  std::int64_t last_us = clock.MonotonicUs();
  bool forward = true;
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t now_us = clock.MonotonicUs();
    forward = forward && now_us >= last_us;
    last_us = now_us;
  }
  CHECK(forward);
}

}  // namespace
}  // namespace multihub::base
