// The clock of everything that is compared between processes: this machine's, corrected to the database's.
#pragma once

#include <atomic>
#include <cstdint>

#include "multihub/base/clock.h"
#include "multihub/storage/session.h"

namespace multihub::cli {

// Thread safe.
class DatabaseClock final : public base::Clock {
 public:
  base::UnixMs NowMs() const override { return system_.NowMs() + offset_ms_.load(); }
  std::int64_t MonotonicUs() const override { return system_.MonotonicUs(); }

  // The database said `database_ms` to a question asked at `asked_ms` and answered at `answered_ms` (this machine's
  // time). A difference that the way there and back explains changes nothing, so that time does not jitter.
  void Correct(base::UnixMs database_ms, base::UnixMs asked_ms, base::UnixMs answered_ms);
  // Asks the session's database and corrects. Throws StorageFailure.
  void Measure(storage::Session& session);
  // How far this machine's clock is off: database minus machine.
  std::int64_t offset_ms() const { return offset_ms_.load(); }

 private:
  base::SystemClock system_;
  std::atomic<std::int64_t> offset_ms_{0};
};

}  // namespace multihub::cli
