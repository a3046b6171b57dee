// How webhook deliveries pass from the transaction that makes them to whoever sends them in this process.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "multihub/storage/webhook_store.h"

namespace multihub::payments {

// Without an owner no other member is used. Every function may be called by several lanes at once and returns quickly.
struct DeliveryHooks {
  // Who may be given the lease of new deliveries; empty: nobody, they are left to be found.
  std::string owner;
  // Whether `owner` can send something to this endpoint soon.
  std::function<bool(const std::string& endpoint_id)> has_room;
  // How long a lease on a delivery to this endpoint lasts.
  std::function<std::int64_t(const storage::EndpointRow&)> lease_ms;
  // New deliveries, after the commit. Those without a lease_owner are due and wait to be claimed.
  std::function<void(std::vector<storage::ReadyDelivery>)> committed;
};

}  // namespace multihub::payments
