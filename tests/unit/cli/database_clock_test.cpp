#include "cli/database_clock.h"

#include <catch2/catch.hpp>

namespace multihub::cli {
namespace {

// A machine whose clock can be set.
class Machine final : public base::Clock {
 public:
  base::UnixMs NowMs() const override { return wall_ms_ + monotonic_us_ / 1000; }
  std::int64_t MonotonicUs() const override { return monotonic_us_; }
  void PassMs(std::int64_t ms) { monotonic_us_ += ms * 1000; }
  void SetByMs(std::int64_t ms) { wall_ms_ += ms; }

 private:
  base::UnixMs wall_ms_ = 1'700'000'000'000;
  std::int64_t monotonic_us_ = 5'000'000;
};

TEST_CASE("the clock follows the database") {
  Machine machine;
  DatabaseClock clock(machine);
  CHECK(clock.offset_ms() == 0);
  const std::int64_t asked = machine.MonotonicUs();
  clock.Correct(machine.NowMs() + 5000, asked, asked);
  CHECK(clock.offset_ms() == 5000);
  CHECK(clock.NowMs() == machine.NowMs() + 5000);
  clock.Correct(machine.NowMs() - 3000, asked, asked);
  CHECK(clock.offset_ms() == -3000);
  machine.PassMs(700);
  CHECK(clock.offset_ms() == -3000);
}

TEST_CASE("a difference that the way explains changes nothing") {
  Machine machine;
  DatabaseClock clock(machine);
  const std::int64_t asked = machine.MonotonicUs();
  const base::UnixMs now = machine.NowMs();
  clock.Correct(now + 15, asked, asked);
  CHECK(clock.offset_ms() == 0);
  clock.Correct(now + 500, asked, asked + 1'000'000);
  CHECK(clock.offset_ms() == 0);
  clock.Correct(now + 1100, asked, asked + 1'000'000);
  CHECK(clock.offset_ms() == 0);
}

TEST_CASE("the answer's middle counts") {
  Machine machine;
  DatabaseClock clock(machine);
  const std::int64_t asked = machine.MonotonicUs();
  clock.Correct(machine.NowMs() + 10'050, asked, asked + 100'000);
  CHECK(clock.offset_ms() == 10'000);
}

TEST_CASE("a machine's clock that is set changes nothing before the database was asked, and shows as an offset") {
  Machine machine;
  DatabaseClock clock(machine);
  const base::UnixMs before = clock.NowMs();
  for (const std::int64_t by : {-3'600'000, 7'200'000}) {
    machine.SetByMs(by);
    CHECK(clock.NowMs() == before);
  }
  CHECK(clock.offset_ms() == -3'600'000);
}

TEST_CASE("without another clock to ask it follows the machine's, but not far back") {
  Machine machine;
  DatabaseClock clock(machine);
  machine.SetByMs(-1500);
  clock.FollowMachine();
  CHECK(clock.offset_ms() == 0);
  machine.SetByMs(3'600'000);
  clock.FollowMachine();
  CHECK(clock.offset_ms() == 0);

  const base::UnixMs before = clock.NowMs();
  machine.SetByMs(-3'600'000);
  machine.PassMs(10);
  clock.FollowMachine();
  CHECK(clock.NowMs() == before + 10);
  CHECK(clock.offset_ms() == 3'600'000);
  // Set right again.
  machine.SetByMs(3'600'000);
  clock.FollowMachine();
  CHECK(clock.offset_ms() == 0);
}

}  // namespace
}  // namespace multihub::cli
