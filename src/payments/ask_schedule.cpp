#include "payments/ask_schedule.h"

#include <algorithm>
#include <array>

namespace multihub::payments {
namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::array<std::int64_t, 6> kLive = {5 * kSecond,  30 * kSecond, 2 * kMinute,
                                               10 * kMinute, 30 * kMinute, kHour};
constexpr std::array<std::int64_t, 9> kTest = {1 * kSecond, 2 * kSecond,  5 * kSecond,  5 * kSecond, 30 * kSecond,
                                               2 * kMinute, 10 * kMinute, 30 * kMinute, kHour};

template <std::size_t N>
std::int64_t At(const std::array<std::int64_t, N>& table, std::int64_t n) {
  return table[static_cast<std::size_t>(std::clamp<std::int64_t>(n, 0, static_cast<std::int64_t>(N) - 1))];
}

}  // namespace

std::int64_t PauseBeforeAskMs(std::int64_t n, bool test) { return test ? At(kTest, n) : At(kLive, n); }

}  // namespace multihub::payments
