// Token buckets: per application and method, and per source address.
//
// A bucket is one number, the moment at which it will be full again; taking a token moves that moment on by the time
// one token takes to come back. Nothing has to be refilled.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "multihub/base/ip_address.h"
#include "multihub/domain/ids.h"
#include "multihub/rpc/gateway.h"

namespace multihub::rpc {

// What the RateLimit-* and Retry-After headers say.
struct TokenAnswer {
  bool taken = true;
  std::int64_t limit = 0;          // tokens a minute
  std::int64_t remaining = 0;      // whole tokens left
  std::int64_t full_in_s = 0;      // until the bucket is full, rounded up
  std::int64_t retry_after_s = 0;  // until the next token, rounded up, at least 1; only when none was left
};

// Takes a token from the bucket that is full at `*full_at_ns` and holds `limit.burst` tokens (at least one). A limit of
// no tokens a minute means no limit.
TokenAnswer TakeToken(const RateLimit& limit, std::int64_t now_ns, std::int64_t* full_at_ns);

// One bucket for each application and method. Grows with the number of applications, never with the number of calls.
// Thread safe.
class MethodBuckets {
 public:
  // `method` < `methods`.
  explicit MethodBuckets(std::size_t methods) : methods_(methods) {}
  TokenAnswer Take(domain::ApplicationId application, std::size_t method, const RateLimit& limit, std::int64_t now_ns);

 private:
  struct Shard {
    std::mutex mutex;
    std::unordered_map<domain::ApplicationId, std::vector<std::int64_t>> full_at_ns;
  };
  const std::size_t methods_;
  std::array<Shard, 16> shards_;
};

// One bucket for each source address (of IPv6: each /64), for the `capacity` sources seen last. Thread safe.
class SourceBuckets {
 public:
  SourceBuckets(RateLimit limit, std::size_t capacity);
  TokenAnswer Take(const base::IpAddress& source, std::int64_t now_ns);
  std::size_t size() const;

 private:
  struct Row {
    base::IpAddress source;
    std::int64_t full_at_ns = 0;
  };
  const RateLimit limit_;
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::list<Row> rows_;  // the source seen last stands first
  std::unordered_map<base::IpAddress, std::list<Row>::iterator> by_source_;
};

}  // namespace multihub::rpc
