// When a payment without a final word is asked for.
#pragma once

#include <cstdint>

namespace multihub::payments {

// Pause before the n-th ask (n counts from 0): 5 s, 30 s, 2 min, 10 min, 30 min, then hourly; test applications 1 s,
// 2 s, 5 s first. Time alone never ends it.
std::int64_t PauseBeforeAskMs(std::int64_t n, bool test);

// Unfinished for longer than this: one alert, and the operator's list of stuck payments.
inline constexpr std::int64_t kStuckAfterMs = 6 * 60 * 60 * 1000;

}  // namespace multihub::payments
