// The clock of everything that is compared between processes: the database's. Between two measurements it runs with the
// monotonic clock, so that setting this machine's clock neither stops what is under way nor has it all fall due.
#pragma once

#include <atomic>
#include <cstdint>

#include "multihub/base/clock.h"
#include "multihub/storage/session.h"

namespace multihub::cli {

// Thread safe; measured by one thread.
class DatabaseClock final : public base::Clock {
 public:
  // Goes by the machine's clock at first. `machine` outlives the object.
  explicit DatabaseClock(const base::Clock& machine);
  DatabaseClock() : DatabaseClock(SystemClock()) {}

  base::UnixMs NowMs() const override { return ahead_ms_.load() + machine_.MonotonicUs() / 1000; }
  std::int64_t MonotonicUs() const override { return machine_.MonotonicUs(); }

  // The database said `database_ms` to a question asked at `asked_us` and answered at `answered_us` (MonotonicUs). A
  // difference that the way there and back explains changes nothing, so that time does not jitter.
  void Correct(base::UnixMs database_ms, std::int64_t asked_us, std::int64_t answered_us);
  // Of SQLite, whose clock is this machine's: goes with it, but not when it has been set back by more than kMaxSkewMs.
  // What is due, leased or just accepted would then lie in a future that takes as long to come.
  void FollowMachine();
  // Asks the session's database and corrects. Throws StorageFailure.
  void Measure(storage::Session& session);
  // How far this machine's clock is off: what NowMs says minus what the machine says.
  std::int64_t offset_ms() const;

  static constexpr std::int64_t kMaxSkewMs = 2000;

 private:
  static const base::Clock& SystemClock();

  const base::Clock& machine_;
  std::atomic<std::int64_t> ahead_ms_;  // of the monotonic clock
};

}  // namespace multihub::cli
