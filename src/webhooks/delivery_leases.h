// The dispatcher's units of work: each runs on a write session, in one transaction, and may be run again.
#pragma once

#include <string>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/storage/webhook_store.h"

namespace multihub::webhooks {

class DeliveryLeases {
 public:
  // `owner`: this process, as leases name it. A lease lasts an attempt's timeout and `slack_ms`.
  DeliveryLeases(std::string owner, std::int64_t slack_ms) : owner_(std::move(owner)), slack_ms_(slack_ms) {}

  std::int64_t LeaseMs(const storage::EndpointRow& endpoint) const;

  // Takes at most `count` of what is due for the endpoint and adds what can be sent; what expired, or has lost its
  // event or its endpoint, fails. True when there is more.
  bool Claim(storage::Session& session, const std::string& endpoint_id, int count, base::UnixMs now_ms,
             std::vector<storage::ReadyDelivery>* into) const;

  // The receiver wants nothing more: the endpoint goes off, and what waits for it fails.
  static void SwitchOff(storage::Session& session, const std::string& endpoint_id, base::UnixMs now_ms);

 private:
  void FailWithoutEvent(storage::Session& session, const std::vector<storage::DeliveryRow>& rows,
                        const std::vector<storage::ReadyDelivery>& ready, base::UnixMs now_ms) const;

  const std::string owner_;
  const std::int64_t slack_ms_;
};

// An attempt's, in milliseconds.
std::int64_t TimeoutMs(const storage::EndpointRow& endpoint);

}  // namespace multihub::webhooks
