#include "rpc/token_buckets.h"
#include "multihub/base/seeded_fault.h"

#include <algorithm>

namespace multihub::rpc {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kNsPerMinute = 60 * kNsPerSecond;

std::int64_t SecondsRoundedUp(std::int64_t ns) { return ns <= 0 ? 0 : (ns + kNsPerSecond - 1) / kNsPerSecond; }

}  // namespace

TokenAnswer TakeToken(const RateLimit& limit, std::int64_t now_ns, std::int64_t* full_at_ns) {
  if (limit.per_minute <= 0) return {};
  const std::int64_t token_ns = std::max<std::int64_t>(kNsPerMinute / limit.per_minute, 1);
  const std::int64_t capacity_ns = token_ns * std::max(limit.burst, 1);
  // A full bucket does not go on filling.
  const std::int64_t full_at = std::max(*full_at_ns, now_ns);
  TokenAnswer answer;
  answer.limit = limit.per_minute;
  const std::int64_t full_after = full_at + token_ns;
  if (full_after - now_ns > capacity_ns) {
    answer.taken = false;
    answer.full_in_s = SecondsRoundedUp(full_at - now_ns);
    answer.retry_after_s = std::max<std::int64_t>(SecondsRoundedUp(full_after - now_ns - capacity_ns), 1);
    return answer;
  }
  *full_at_ns = full_after;
  answer.remaining = (capacity_ns - (full_after - now_ns)) / token_ns;
  answer.full_in_s = SecondsRoundedUp(full_after - now_ns);
  return answer;
}

TokenAnswer MethodBuckets::Take(domain::ApplicationId application, std::size_t method, const RateLimit& limit,
                                std::int64_t now_ns) {
  if (base::SeededFault("limit-shared-by-applications")) application.value = 0;
  Shard& shard = shards_[static_cast<std::size_t>(application.value) % shards_.size()];
  const std::lock_guard lock(shard.mutex);
  std::vector<std::int64_t>& full_at_ns = shard.full_at_ns[application];
  if (full_at_ns.empty()) full_at_ns.resize(methods_);
  return TakeToken(limit, now_ns, &full_at_ns.at(method));
}

SourceBuckets::SourceBuckets(RateLimit limit, std::size_t capacity)
    : limit_(limit), capacity_(std::max<std::size_t>(capacity, 1)) {}

TokenAnswer SourceBuckets::Take(const base::IpAddress& source, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_source_.find(source); found != by_source_.end()) {
    rows_.splice(rows_.begin(), rows_, found->second);
    return TakeToken(limit_, now_ns, &found->second->full_at_ns);
  }
  if (rows_.size() >= capacity_) {
    by_source_.erase(rows_.back().source);
    rows_.pop_back();
  }
  rows_.push_front({source, 0});
  by_source_.emplace(source, rows_.begin());
  return TakeToken(limit_, now_ns, &rows_.front().full_at_ns);
}

std::size_t SourceBuckets::size() const {
  const std::lock_guard lock(mutex_);
  return rows_.size();
}

}  // namespace multihub::rpc
