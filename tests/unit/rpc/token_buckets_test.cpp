#include "rpc/token_buckets.h"

#include <catch2/catch.hpp>
#include <string>

namespace multihub::rpc {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kStart = 1'777'593'600 * kSecond;

TEST_CASE("a bucket gives its burst at once and then one token for each interval") {
  const RateLimit limit{10, 3};  // one token every 6 s
  std::int64_t full_at = 0;
  for (std::int64_t left = 2; left >= 0; --left) {
    const TokenAnswer answer = TakeToken(limit, kStart, &full_at);
    CHECK(answer.taken);
    CHECK(answer.limit == 10);
    CHECK(answer.remaining == left);
    CHECK(answer.full_in_s == (3 - left) * 6);
  }
  const TokenAnswer refused = TakeToken(limit, kStart, &full_at);
  CHECK_FALSE(refused.taken);
  CHECK(refused.remaining == 0);
  CHECK(refused.retry_after_s == 6);
  CHECK(refused.full_in_s == 18);
  CHECK_FALSE(TakeToken(limit, kStart + 6 * kSecond - 1, &full_at).taken);
  CHECK(TakeToken(limit, kStart + 6 * kSecond, &full_at).taken);
  CHECK_FALSE(TakeToken(limit, kStart + 6 * kSecond, &full_at).taken);
}

TEST_CASE("whoever waits as long as Retry-After says gets a token") {
  for (const int per_minute : {1, 7, 10, 59, 60, 61, 300, 5000, 6000, 100000}) {
    for (const std::int64_t late_ns : {std::int64_t{0}, std::int64_t{1}, kSecond / 3}) {
      std::int64_t full_at = 0;
      const RateLimit limit{per_minute, 2};
      CHECK(TakeToken(limit, kStart, &full_at).taken);
      CHECK(TakeToken(limit, kStart, &full_at).taken);
      const TokenAnswer refused = TakeToken(limit, kStart + late_ns, &full_at);
      if (refused.taken) continue;  // so fast a limit that the wait was enough
      CAPTURE(per_minute, late_ns);
      CHECK(refused.retry_after_s >= 1);
      CHECK(TakeToken(limit, kStart + late_ns + refused.retry_after_s * kSecond, &full_at).taken);
    }
  }
}

TEST_CASE("a refused token costs nothing") {
  std::int64_t full_at = 0;
  const RateLimit limit{60, 1};
  CHECK(TakeToken(limit, kStart, &full_at).taken);
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(TakeToken(limit, kStart + 1, &full_at).taken);
  CHECK(TakeToken(limit, kStart + kSecond, &full_at).taken);
}

TEST_CASE("a bucket left alone fills up to its burst and no further") {
  std::int64_t full_at = 0;
  const RateLimit limit{60, 5};
  CHECK(TakeToken(limit, kStart, &full_at).taken);
  const std::int64_t later = kStart + 86400 * kSecond;
  int taken = 0;
  while (TakeToken(limit, later, &full_at).taken) ++taken;
  CHECK(taken == 5);
}

TEST_CASE("over an hour of steady asking no more than the limit and the burst is given") {
  const RateLimit limit{5000, 500};
  std::int64_t full_at = 0;
  std::int64_t taken = 0;
  for (std::int64_t ms = 0; ms < 3600 * 1000; ms += 5) {
    if (TakeToken(limit, kStart + ms * 1'000'000, &full_at).taken) ++taken;
  }
  CHECK(taken <= 5000 * 60 + 500);
  CHECK(taken >= 5000 * 60);
}

TEST_CASE("no tokens a minute means no limit and a burst below one counts as one") {
  std::int64_t full_at = 0;
  for (int i = 0; i < 100; ++i) CHECK(TakeToken({0, 0}, kStart, &full_at).taken);
  CHECK(TakeToken({60, 0}, kStart, &full_at).taken);
  CHECK_FALSE(TakeToken({60, 0}, kStart, &full_at).taken);
}

TEST_CASE("applications and methods have buckets of their own") {
  MethodBuckets buckets(2);
  const RateLimit limit{60, 1};
  for (const std::int64_t application : {1, 17, 33}) {  // the same shard
    for (const std::size_t method : {0u, 1u}) {
      CAPTURE(application, method);
      CHECK(buckets.Take(domain::ApplicationId{application}, method, limit, kStart).taken);
      CHECK_FALSE(buckets.Take(domain::ApplicationId{application}, method, limit, kStart).taken);
    }
  }
}

TEST_CASE("the table of sources is bounded and forgets the source seen least recently") {
  SourceBuckets buckets({60, 1}, 3);
  const auto take = [&](std::uint32_t host) { return buckets.Take(base::IpAddress::FromIpv4(host), kStart).taken; };
  CHECK(take(1));
  CHECK(take(2));
  CHECK(take(3));
  CHECK_FALSE(take(1));  // seen again: 2 is the oldest now
  CHECK(take(4));
  CHECK(buckets.size() == 3);
  CHECK_FALSE(take(1));
  CHECK_FALSE(take(3));
  CHECK_FALSE(take(4));
  CHECK(take(2));  // forgotten, so full again
  for (std::uint32_t host = 100; host < 10100; ++host) take(host);
  CHECK(buckets.size() == 3);
}

}  // namespace
}  // namespace multihub::rpc
