// Time, as a seam: everything that decides by time takes a Clock, so that a four-day schedule is tested in
// milliseconds.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace multihub::base {

// Milliseconds since 1970-01-01T00:00:00Z.
using UnixMs = std::int64_t;

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time; may jump when the machine's clock is set.
  virtual UnixMs NowMs() const = 0;
  // Never goes back; for durations and deadlines inside one process. Microseconds from an arbitrary origin.
  virtual std::int64_t MonotonicUs() const = 0;
};

// Thread safe.
class SystemClock final : public Clock {
 public:
  UnixMs NowMs() const override;
  std::int64_t MonotonicUs() const override;
};

// For tests: stands still until told to move. Thread safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(UnixMs start_ms) : now_ms_(start_ms) {}
  UnixMs NowMs() const override { return now_ms_.load(); }
  std::int64_t MonotonicUs() const override { return now_ms_.load() * 1000; }
  void AdvanceMs(std::int64_t ms) { now_ms_.fetch_add(ms); }

 private:
  std::atomic<UnixMs> now_ms_;
};

// "2026-05-01T10:00:00.120Z" (ISO 8601, UTC, milliseconds). Years 1970 to 9999.
std::string FormatIso8601(UnixMs at_ms);

// Parses what FormatIso8601 writes, with or without fractional seconds (1 to 9 digits, truncated to
// milliseconds), `Z` or a numeric offset. Returns false on anything else.
bool ParseIso8601(const std::string& text, UnixMs* at_ms);

}  // namespace multihub::base
