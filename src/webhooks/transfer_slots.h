// How many webhooks may be on their way at once, to whom. Not thread safe.
#pragma once

#include <map>

#include "webhooks/origin_key.h"

namespace multihub::webhooks {

class TransferSlots {
 public:
  TransferSlots(int in_all, int per_application, int per_origin);

  // When three quarters of all are taken, an application gets no more than four, so that a few with many dead receivers
  // leave room for everybody else.
  bool HasRoomFor(const OriginKey& key) const;
  bool full() const { return taken_ >= in_all_; }
  int taken() const { return taken_; }

  void Take(const OriginKey& key);
  void Free(const OriginKey& key);

 private:
  const int in_all_, per_application_, per_origin_;
  int taken_ = 0;
  std::map<domain::ApplicationId, int> of_application_;
  std::map<OriginKey, int> of_origin_;
};

}  // namespace multihub::webhooks
