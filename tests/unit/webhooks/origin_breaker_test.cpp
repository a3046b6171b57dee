#include "webhooks/origin_breaker.h"

#include <catch2/catch.hpp>

using namespace multihub;
using namespace multihub::webhooks;

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
const OriginKey kShop{{1}, "https://shop.example:443"};
const OriginKey kOther{{1}, "https://other.example:443"};
const OriginKey kOthersShop{{2}, "https://shop.example:443"};

void Fail(OriginBreaker* breaker, const OriginKey& key, int times, std::int64_t now_us) {
  for (int i = 0; i < times; ++i) breaker->Failed(key, now_us);
}

bool Sends(const OriginBreaker& breaker, const OriginKey& key, std::int64_t now_us) {
  return breaker.ClosedUntilUs(key, now_us) == 0;
}

}  // namespace

TEST_CASE("twenty failures in a row open it for that application and origin") {
  OriginBreaker breaker;
  Fail(&breaker, kShop, 19, 0);
  CHECK(Sends(breaker, kShop, 0));
  Fail(&breaker, kShop, 1, 0);
  CHECK(breaker.ClosedUntilUs(kShop, 0) == 60 * kSecondUs);
  CHECK_FALSE(Sends(breaker, kShop, 59 * kSecondUs));
  CHECK(Sends(breaker, kOther, 0));
  CHECK(Sends(breaker, kOthersShop, 0));
  CHECK(breaker.open_count(0) == 1);
}

TEST_CASE("one success before that starts the count anew") {
  OriginBreaker breaker;
  Fail(&breaker, kShop, 19, 0);
  breaker.Succeeded(kShop);
  Fail(&breaker, kShop, 19, 0);
  CHECK(Sends(breaker, kShop, 0));
}

TEST_CASE("half-open it lets one through, whose end decides") {
  OriginBreaker breaker;
  Fail(&breaker, kShop, 20, 0);
  std::int64_t now = 60 * kSecondUs;
  REQUIRE(Sends(breaker, kShop, now));
  breaker.Started(kShop, now);
  CHECK_FALSE(Sends(breaker, kShop, now));
  breaker.Failed(kShop, now);
  CHECK(breaker.ClosedUntilUs(kShop, now) == now + 120 * kSecondUs);
  now += 120 * kSecondUs;
  breaker.Started(kShop, now);
  breaker.Succeeded(kShop);
  CHECK(Sends(breaker, kShop, now));
  CHECK(breaker.open_count(now) == 0);
}

TEST_CASE("the pause doubles up to an hour") {
  OriginBreaker breaker;
  Fail(&breaker, kShop, 19, 0);
  std::int64_t now = 0;
  for (const std::int64_t seconds : {60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600, 3600, 3600}) {
    breaker.Started(kShop, now);
    breaker.Failed(kShop, now);
    CHECK(breaker.ClosedUntilUs(kShop, now) - now == seconds * kSecondUs);
    now += seconds * kSecondUs;
  }
}

TEST_CASE("failures of what was on its way when it opened do not lengthen the pause") {
  OriginBreaker breaker;
  Fail(&breaker, kShop, 27, 0);
  CHECK(breaker.ClosedUntilUs(kShop, 0) == 60 * kSecondUs);
}

TEST_CASE("any number of hosts that fail once does not fill the memory") {
  OriginBreaker breaker;
  Fail(&breaker, kShop, 20, 0);
  for (int i = 0; i < 200'000; ++i) breaker.Failed({{1}, "https://h" + std::to_string(i) + ".example:443"}, 0);
  // What is open is kept as long as there is room.
  CHECK_FALSE(Sends(breaker, kShop, 0));
}
