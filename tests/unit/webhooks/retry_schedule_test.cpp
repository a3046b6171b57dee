#include "multihub/webhooks/retry_schedule.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace multihub;
using namespace multihub::webhooks;

namespace {

constexpr base::UnixMs kNow = 1'800'000'000'000;  // 2027-01-15T08:00:00Z

}  // namespace

TEST_CASE("pauses vary by a fifth either way and fill that range") {
  base::SeededRandom random(1);
  std::int64_t least = INT64_MAX, most = 0;
  for (int i = 0; i < 2'000; ++i) {
    const auto pause = NextPauseMs({}, 2, "", kNow, random);
    REQUIRE(pause.has_value());
    least = std::min(least, *pause);
    most = std::max(most, *pause);
  }
  CHECK(least >= 24'000);
  CHECK(least < 24'200);
  CHECK(most <= 36'000);
  CHECK(most > 35'800);
  CHECK_FALSE(NextPauseMs({}, 12, "", kNow, random).has_value());
  CHECK_FALSE(NextPauseMs({}, 12, "60", kNow, random).has_value());
}

TEST_CASE("Retry-After is seconds or a date in any of its three forms") {
  CHECK(RetryAfterMs("0", kNow) == 0);
  CHECK(RetryAfterMs("120", kNow) == 120'000);
  CHECK(RetryAfterMs("Fri, 15 Jan 2027 08:01:00 GMT", kNow) == 60'000);
  CHECK(RetryAfterMs("Friday, 15-Jan-27 08:01:00 GMT", kNow) == 60'000);
  CHECK(RetryAfterMs("Fri Jan 15 08:01:00 2027", kNow) == 60'000);
  CHECK(RetryAfterMs("Fri, 15 Jan 2027 07:00:00 GMT", kNow) == 0);
  CHECK(RetryAfterMs("99999999999999999999999999", kNow) == domain::kLongestPauseMs);
  for (const char* bad : {"", "soon", "-5", "5s", "1.5", " 5", "Fri, 15 Jan 2027 08:01:00 GMT+1", "0x10"}) {
    INFO(bad);
    CHECK_FALSE(RetryAfterMs(bad, kNow).has_value());
  }
}
