#include <utility>

#include "multihub/auth/directory.h"

namespace multihub::auth {
namespace {

struct Seen {
  std::uint64_t stamp = 0;
  std::shared_ptr<const Directory> snapshot;
};

// One counter for all caches: a thread's copy can never be taken for the snapshot of another cache, not even of one
// that was destroyed and left its address to a new one.
std::uint64_t NextStamp() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

std::shared_ptr<const Directory> DirectoryCache::Current() const {
  thread_local Seen seen;
  if (seen.stamp != stamp_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(mutex_);
    seen.snapshot = current_;
    seen.stamp = stamp_.load(std::memory_order_relaxed);
  }
  return seen.snapshot;
}

void DirectoryCache::Replace(std::shared_ptr<const Directory> next) {
  const std::lock_guard lock(mutex_);
  // Ours goes outside the lock with `next`: a snapshot wipes many secrets when it dies.
  current_.swap(next);
  stamp_.store(NextStamp(), std::memory_order_release);
}

}  // namespace multihub::auth
