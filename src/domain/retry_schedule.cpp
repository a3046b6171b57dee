#include "multihub/domain/retry_schedule.h"

#include <algorithm>
#include <array>

namespace multihub::domain {
namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::array<std::int64_t, 11> kDefaultPausesMs = {5 * kSecondMs, 30 * kSecondMs, 5 * kMinuteMs, 30 * kMinuteMs,
                                                           2 * kHourMs,   5 * kHourMs,    10 * kHourMs,  14 * kHourMs,
                                                           20 * kHourMs,  24 * kHourMs,   24 * kHourMs};
constexpr std::int64_t kDefaultRetries = 3;
constexpr std::int64_t kDefaultDelayS = 60;

bool HasOwnSchedule(const RetrySettings& settings) { return settings.max_retries || settings.retry_delay_s; }

std::int64_t DoublingPauseMs(std::int64_t delay_s, std::int64_t attempt) {
  std::int64_t pause_ms = delay_s * kSecondMs;
  for (std::int64_t n = 1; n < attempt && pause_ms < kLongestPauseMs; ++n) pause_ms *= 2;
  return std::min(pause_ms, kLongestPauseMs);
}

}  // namespace

std::int64_t MaxAttempts(const RetrySettings& settings) {
  if (!HasOwnSchedule(settings)) return static_cast<std::int64_t>(kDefaultPausesMs.size()) + 1;
  return settings.max_retries.value_or(kDefaultRetries) + 1;
}

std::optional<std::int64_t> PauseAfterMs(const RetrySettings& settings, std::int64_t attempt) {
  if (attempt >= MaxAttempts(settings)) return std::nullopt;
  if (!HasOwnSchedule(settings)) return kDefaultPausesMs.at(static_cast<std::size_t>(attempt - 1));
  return DoublingPauseMs(settings.retry_delay_s.value_or(kDefaultDelayS), attempt);
}

std::int64_t GiveUpAfterMs(const RetrySettings& settings) {
  std::int64_t total_ms = 24 * kHourMs;
  for (std::int64_t attempt = 1; attempt < MaxAttempts(settings); ++attempt) {
    total_ms += PauseAfterMs(settings, attempt).value_or(0);
  }
  return total_ms;
}

}  // namespace multihub::domain
