#include "cli/database_clock.h"

#include <catch2/catch.hpp>

namespace multihub::cli {
namespace {

TEST_CASE("the clock follows the database") {
  DatabaseClock clock;
  const base::UnixMs now = base::SystemClock().NowMs();
  clock.Correct(now + 5000, now, now);
  CHECK(clock.offset_ms() == 5000);
  CHECK(clock.NowMs() >= now + 5000);
  clock.Correct(now - 3000, now, now);
  CHECK(clock.offset_ms() == -3000);
}

TEST_CASE("a difference that the way explains changes nothing") {
  DatabaseClock clock;
  clock.Correct(1015, 1000, 1000);
  CHECK(clock.offset_ms() == 0);
  clock.Correct(1500, 1000, 2000);
  CHECK(clock.offset_ms() == 0);
  clock.Correct(2100, 1000, 2000);
  CHECK(clock.offset_ms() == 0);
}

TEST_CASE("the answer's middle counts") {
  DatabaseClock clock;
  clock.Correct(11'050, 1000, 1100);
  CHECK(clock.offset_ms() == 10'000);
}

}  // namespace
}  // namespace multihub::cli
