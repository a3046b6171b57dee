#include "payments/circuit_breaker.h"

#include <algorithm>

namespace multihub::payments {

bool CircuitBreaker::IsOpen(std::int64_t now_us) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return now_us < open_until_us_;
}

void CircuitBreaker::Answered() {
  const std::lock_guard<std::mutex> lock(mutex_);
  failures_ = 0;
  open_for_ms_ = 0;
  open_until_us_ = 0;
}

void CircuitBreaker::NotAnswered(std::int64_t now_us) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (now_us < open_until_us_) return;
  if (++failures_ < kFailuresToOpen) return;
  open_for_ms_ = open_for_ms_ == 0 ? kFirstOpenMs : std::min(open_for_ms_ * 2, kLongestOpenMs);
  open_until_us_ = now_us + open_for_ms_ * 1000;
}

}  // namespace multihub::payments
