#include "multihub/domain/retry_schedule.h"

#include <catch2/catch.hpp>

using namespace multihub::domain;

namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kHourMs = 3'600 * kSecondMs;

}  // namespace

TEST_CASE("the default schedule is twelve attempts over a little more than four days") {
  const std::int64_t seconds[] = {5, 30, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400, 86400};
  CHECK(MaxAttempts({}) == 12);
  std::int64_t total = 0;
  for (std::int64_t attempt = 1; attempt < 12; ++attempt) {
    CHECK(PauseAfterMs({}, attempt) == seconds[attempt - 1] * kSecondMs);
    total += *PauseAfterMs({}, attempt);
  }
  CHECK_FALSE(PauseAfterMs({}, 12).has_value());
  CHECK_FALSE(PauseAfterMs({}, 13).has_value());
  CHECK(total == 358'535 * kSecondMs);
  CHECK(GiveUpAfterMs({}) == total + 24 * kHourMs);
}

TEST_CASE("settings of an endpoint's own double the delay up to a day") {
  CHECK(MaxAttempts({3, 10}) == 4);
  CHECK(PauseAfterMs({3, 10}, 1) == 10 * kSecondMs);
  CHECK(PauseAfterMs({3, 10}, 2) == 20 * kSecondMs);
  CHECK(PauseAfterMs({3, 10}, 3) == 40 * kSecondMs);
  CHECK_FALSE(PauseAfterMs({3, 10}, 4).has_value());
  CHECK(GiveUpAfterMs({3, 10}) == 70 * kSecondMs + 24 * kHourMs);
  CHECK(MaxAttempts({0, std::nullopt}) == 1);
  CHECK_FALSE(PauseAfterMs({0, std::nullopt}, 1).has_value());
  CHECK(PauseAfterMs({20, 3600}, 5) == 16 * kHourMs);
  CHECK(PauseAfterMs({20, 3600}, 6) == 24 * kHourMs);
  CHECK(PauseAfterMs({20, 3600}, 20) == 24 * kHourMs);
  // One of the two is enough.
  CHECK(MaxAttempts({std::nullopt, 5}) == 4);
  CHECK(PauseAfterMs({2, std::nullopt}, 1) == 60 * kSecondMs);
}
