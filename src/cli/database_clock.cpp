#include "cli/database_clock.h"

#include <cstdlib>

namespace multihub::cli {
namespace {

constexpr std::int64_t kToleratedMs = 20;

}  // namespace

DatabaseClock::DatabaseClock(const base::Clock& machine)
    : machine_(machine), ahead_ms_(machine.NowMs() - machine.MonotonicUs() / 1000) {}

const base::Clock& DatabaseClock::SystemClock() {
  static const base::SystemClock clock;
  return clock;
}

void DatabaseClock::Correct(base::UnixMs database_ms, std::int64_t asked_us, std::int64_t answered_us) {
  const std::int64_t way_ms = (answered_us - asked_us) / 1000;
  const std::int64_t measured = database_ms - (asked_us / 1000 + way_ms / 2);
  if (std::llabs(measured - ahead_ms_.load()) > kToleratedMs + way_ms) ahead_ms_.store(measured);
}

void DatabaseClock::FollowMachine() {
  const std::int64_t measured = machine_.NowMs() - machine_.MonotonicUs() / 1000;
  if (measured >= ahead_ms_.load() - kMaxSkewMs) ahead_ms_.store(measured);
}

std::int64_t DatabaseClock::offset_ms() const {
  const std::int64_t offset_ms = NowMs() - machine_.NowMs();
  return std::llabs(offset_ms) > 1 ? offset_ms : 0;  // two clocks rounded
}

void DatabaseClock::Measure(storage::Session& session) {
  if (session.engine() == storage::Engine::kSqlite) return FollowMachine();
  const std::int64_t asked_us = machine_.MonotonicUs();
  const base::UnixMs database = session.DatabaseNowMs();
  Correct(database, asked_us, machine_.MonotonicUs());
}

}  // namespace multihub::cli
