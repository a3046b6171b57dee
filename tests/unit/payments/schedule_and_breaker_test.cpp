#include <catch2/catch.hpp>
#include <vector>

#include "payments/ask_schedule.h"
#include "payments/circuit_breaker.h"

using multihub::payments::CircuitBreaker;
using multihub::payments::PauseBeforeAskMs;

TEST_CASE("a payment is asked for on the schedule, hourly for ever in the end") {
  const std::vector<std::int64_t> live = {5'000, 30'000, 120'000, 600'000, 1'800'000, 3'600'000, 3'600'000};
  for (std::size_t n = 0; n < live.size(); ++n) CHECK(PauseBeforeAskMs(static_cast<std::int64_t>(n), false) == live[n]);
  const std::vector<std::int64_t> test = {1'000, 2'000, 5'000, 5'000, 30'000, 120'000, 600'000, 1'800'000, 3'600'000};
  for (std::size_t n = 0; n < test.size(); ++n) CHECK(PauseBeforeAskMs(static_cast<std::int64_t>(n), true) == test[n]);
  CHECK(PauseBeforeAskMs(1'000'000, false) == 3'600'000);
}

TEST_CASE("the breaker opens after calls without an answer, longer each time, and closes at the first answer") {
  CircuitBreaker breaker;
  std::int64_t now_us = 1'000'000;
  for (int i = 0; i + 1 < CircuitBreaker::kFailuresToOpen; ++i) breaker.NotAnswered(now_us);
  CHECK_FALSE(breaker.IsOpen(now_us));
  breaker.NotAnswered(now_us);
  CHECK(breaker.IsOpen(now_us));
  now_us += CircuitBreaker::kFirstOpenMs * 1000;
  CHECK_FALSE(breaker.IsOpen(now_us));
  breaker.NotAnswered(now_us);
  now_us += CircuitBreaker::kFirstOpenMs * 1000;
  CHECK(breaker.IsOpen(now_us));
  now_us += CircuitBreaker::kFirstOpenMs * 1000;
  CHECK_FALSE(breaker.IsOpen(now_us));
  breaker.Answered();
  breaker.NotAnswered(now_us);
  CHECK_FALSE(breaker.IsOpen(now_us));
}

TEST_CASE("an answer between failures starts the count anew") {
  CircuitBreaker breaker;
  for (int i = 0; i < 10 * CircuitBreaker::kFailuresToOpen; ++i) {
    breaker.NotAnswered(1);
    if (i % 5 == 0) breaker.Answered();
  }
  CHECK_FALSE(breaker.IsOpen(1));
}
