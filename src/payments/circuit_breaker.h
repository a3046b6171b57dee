// A provider's circuit breaker: after several calls in a row without an answer new payments are refused (2002) for a
// while, instead of being taken and left hanging.
#pragma once

#include <cstdint>
#include <mutex>

namespace multihub::payments {

// Thread safe. Times are base::Clock::MonotonicUs().
class CircuitBreaker {
 public:
  static constexpr int kFailuresToOpen = 20;
  static constexpr std::int64_t kFirstOpenMs = 5'000;
  static constexpr std::int64_t kLongestOpenMs = 60'000;

  // True while new payments should be refused.
  bool IsOpen(std::int64_t now_us) const;
  // An answer of any kind closes it; no answer counts against it. While it is closed again after a pause, one more
  // failure opens it at once, for twice as long.
  void Answered();
  void NotAnswered(std::int64_t now_us);

 private:
  mutable std::mutex mutex_;
  int failures_ = 0;
  std::int64_t open_for_ms_ = 0;
  std::int64_t open_until_us_ = 0;
};

}  // namespace multihub::payments
