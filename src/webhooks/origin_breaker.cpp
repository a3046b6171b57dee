#include "webhooks/origin_breaker.h"

#include <algorithm>

namespace multihub::webhooks {
namespace {

constexpr int kFailuresToOpen = 20;
constexpr std::size_t kMaxRemembered = 65'536;
constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kFirstPauseUs = 60 * kSecondUs;
constexpr std::int64_t kLongestPauseUs = 3600 * kSecondUs;
// While the one delivery of a half-open breaker is under way, others ask again this often.
constexpr std::int64_t kProbeWaitUs = kSecondUs;

std::int64_t PauseUs(int times_opened) {
  return std::min(kFirstPauseUs << std::min(times_opened, 10), kLongestPauseUs);
}

}  // namespace

std::int64_t OriginBreaker::ClosedUntilUs(const OriginKey& key, std::int64_t now_us) const {
  const auto found = states_.find(key);
  if (found == states_.end() || found->second.failures < kFailuresToOpen) return 0;
  if (found->second.open_until_us > now_us) return found->second.open_until_us;
  return found->second.probing ? now_us + kProbeWaitUs : 0;
}

void OriginBreaker::Started(const OriginKey& key, std::int64_t now_us) {
  const auto found = states_.find(key);
  if (found == states_.end()) return;
  State& state = found->second;
  if (state.failures >= kFailuresToOpen && state.open_until_us <= now_us) state.probing = true;
}

void OriginBreaker::Succeeded(const OriginKey& key) { states_.erase(key); }

void OriginBreaker::Failed(const OriginKey& key, std::int64_t now_us) {
  // Somebody may name a new host with every payment: then the ones that are not open are forgotten.
  if (states_.size() >= kMaxRemembered) {
    std::erase_if(states_, [](const auto& entry) { return entry.second.failures < kFailuresToOpen; });
  }
  if (states_.size() >= kMaxRemembered) states_.clear();
  State& state = states_[key];
  state.probing = false;
  ++state.failures;
  if (state.failures < kFailuresToOpen || state.open_until_us > now_us) return;
  state.open_until_us = now_us + PauseUs(state.times_opened++);
}

void OriginBreaker::Abandoned(const OriginKey& key) {
  const auto found = states_.find(key);
  if (found != states_.end()) found->second.probing = false;
}

std::size_t OriginBreaker::open_count(std::int64_t now_us) const {
  return static_cast<std::size_t>(std::count_if(states_.begin(), states_.end(), [&](const auto& entry) {
    return entry.second.failures >= kFailuresToOpen && entry.second.open_until_us > now_us;
  }));
}

}  // namespace multihub::webhooks
