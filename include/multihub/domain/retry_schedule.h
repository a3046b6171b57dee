// When a webhook is tried again, and when it is given up.
//
// By default 12 attempts over about 4.2 days: at once, then after 5 s, 30 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h,
// 24 h, 24 h. An endpoint that sets its number of retries or its delay gets delay × 2^(n−1) instead, capped at 24 h.
#pragma once

#include <cstdint>
#include <optional>

namespace multihub::domain {

struct RetrySettings {
  std::optional<std::int64_t> max_retries;    // 0 to 20; 3 when only the delay is set
  std::optional<std::int64_t> retry_delay_s;  // 1 to 3600; 60 when only the retries are set
};

inline constexpr std::int64_t kLongestPauseMs = 24LL * 3600 * 1000;

// Attempts in all, the first included.
std::int64_t MaxAttempts(const RetrySettings& settings);
// The pause after the n-th attempt (from 1), in ms; nullopt after the last.
std::optional<std::int64_t> PauseAfterMs(const RetrySettings& settings, std::int64_t attempt);
// From creation to the moment it is given up, attempts left or not: the whole schedule and 24 h, in ms.
std::int64_t GiveUpAfterMs(const RetrySettings& settings);

}  // namespace multihub::domain
