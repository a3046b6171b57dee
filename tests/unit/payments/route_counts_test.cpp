#include "payments/route_counts.h"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

namespace multihub::payments {
namespace {

using domain::PaymentStatus;

std::uint64_t Count(const RouteCounts& counts, std::int64_t route, PaymentStatus status) {
  return counts.Of({route}).at(static_cast<std::size_t>(status));
}

TEST_CASE("route counts: each route and status apart, and 0 for what never was") {
  RouteCounts counts;
  counts.Add({14701}, PaymentStatus::kCreated);
  counts.Add({14701}, PaymentStatus::kCreated);
  counts.Add({14701}, PaymentStatus::kSuccess);
  counts.Add({14702}, PaymentStatus::kRefunded);
  CHECK(Count(counts, 14701, PaymentStatus::kCreated) == 2);
  CHECK(Count(counts, 14701, PaymentStatus::kSuccess) == 1);
  CHECK(Count(counts, 14701, PaymentStatus::kRefunded) == 0);
  CHECK(Count(counts, 14702, PaymentStatus::kRefunded) == 1);
  CHECK(counts.Of({5}) == RouteCounts::Counts{});
  CHECK(counts.Of({0}) == RouteCounts::Counts{});
}

TEST_CASE("route counts: more routes than there is room for without a lock are counted all the same") {
  constexpr std::int64_t kRoutes = 5'000;
  RouteCounts counts;
  for (int times = 0; times < 2; ++times) {
    for (std::int64_t route = 0; route < kRoutes; ++route) counts.Add({route}, PaymentStatus::kError);
  }
  for (std::int64_t route = 0; route < kRoutes; ++route) {
    INFO(route);
    REQUIRE(Count(counts, route, PaymentStatus::kError) == 2);
  }
}

TEST_CASE("route counts: threads that meet new routes together share one row for each") {
  constexpr int kThreads = 4;
  constexpr std::int64_t kRoutes = 3'000;
  RouteCounts counts;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (std::int64_t route = 1; route <= kRoutes; ++route) counts.Add({route}, PaymentStatus::kCreated);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::int64_t route = 1; route <= kRoutes; ++route) {
    INFO(route);
    REQUIRE(Count(counts, route, PaymentStatus::kCreated) == kThreads);
  }
}

}  // namespace
}  // namespace multihub::payments
