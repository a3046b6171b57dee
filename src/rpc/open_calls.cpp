#include "rpc/open_calls.h"

namespace multihub::rpc {

OpenCalls::Shard& OpenCalls::ShardOf(const OpenCall& call) {
  constexpr std::size_t kCacheLine = 64;
  return shards_[reinterpret_cast<std::uintptr_t>(&call) / kCacheLine % shards_.size()];
}

void OpenCalls::Add(const std::shared_ptr<OpenCall>& call) {
  Shard& shard = ShardOf(*call);
  const std::lock_guard lock(shard.mutex);
  // Whoever answers claims first and removes afterwards: seen unclaimed under the lock, the removal is still to come.
  if (call->answered.load()) return;
  call->place = shard.calls.insert(shard.calls.end(), call);
  call->listed = true;
}

void OpenCalls::Remove(const std::shared_ptr<OpenCall>& call) {
  Shard& shard = ShardOf(*call);
  const std::lock_guard lock(shard.mutex);
  if (!call->listed) return;
  shard.calls.erase(call->place);
  call->listed = false;
}

std::vector<std::shared_ptr<OpenCall>> OpenCalls::TakeStartedBy(std::int64_t moment_us) {
  std::vector<std::shared_ptr<OpenCall>> taken;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    while (!shard.calls.empty() && shard.calls.front()->started_us <= moment_us) {
      shard.calls.front()->listed = false;
      taken.push_back(std::move(shard.calls.front()));
      shard.calls.pop_front();
    }
  }
  return taken;
}

std::size_t OpenCalls::size() const {
  std::size_t count = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.calls.size();
  }
  return count;
}

}  // namespace multihub::rpc
