#include "multihub/domain/route.h"

#include <catch2/catch.hpp>

using multihub::domain::Direction;
using multihub::domain::kDefaultRouteMaximum;
using multihub::domain::Route;

TEST_CASE("a route takes no fee and up to 10^12 unless told otherwise") {
  const Route route;
  CHECK(route.FeeFor(25000) == 0);
  CHECK(route.min == 1);
  CHECK(route.max == kDefaultRouteMaximum);
  CHECK(kDefaultRouteMaximum == 1'000'000'000'000);
}

TEST_CASE("the fee of a deposit is at most its amount, that of a payout is not limited by it") {
  struct Row {
    std::int64_t amount, fixed, bps, deposit, payout;
  };
  const Row rows[] = {
      {1000, 30, 100, 40, 40}, {40, 40, 0, 40, 40}, {39, 40, 0, 39, 40}, {1, 500, 0, 1, 500}, {100, 1, 10000, 100, 101},
  };
  for (const Row& row : rows) {
    INFO(row.amount);
    Route route;
    route.fee_fixed = row.fixed;
    route.fee_bps = row.bps;
    route.direction = Direction::kIn;
    CHECK(route.FeeFor(row.amount) == row.deposit);
    route.direction = Direction::kOut;
    CHECK(route.FeeFor(row.amount) == row.payout);
  }
}
