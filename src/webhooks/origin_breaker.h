// Keeps away from receivers that do not answer: per application and origin. Not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "webhooks/origin_key.h"

namespace multihub::webhooks {

// After 20 failures in a row it opens for 60 s, then for twice as long each time, up to an hour. When that has passed,
// one delivery is let through: its success closes the breaker, its failure opens it again. Only origins that failed
// last are remembered, and no more than 65,536 of them.
class OriginBreaker {
 public:
  // 0: send. Otherwise nothing may be sent before this moment (monotonic, us).
  std::int64_t ClosedUntilUs(const OriginKey& key, std::int64_t now_us) const;
  // A delivery is being sent. In a half-open breaker it is the one that is let through.
  void Started(const OriginKey& key, std::int64_t now_us);
  void Succeeded(const OriginKey& key);
  void Failed(const OriginKey& key, std::int64_t now_us);
  // It ended without saying anything of the receiver (we are stopping).
  void Abandoned(const OriginKey& key);

  std::size_t open_count(std::int64_t now_us) const;

 private:
  struct State {
    int failures = 0;
    int times_opened = 0;
    std::int64_t open_until_us = 0;
    bool probing = false;
  };
  std::map<OriginKey, State> states_;
};

}  // namespace multihub::webhooks
