#include "webhooks/delivery_leases.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "multihub/webhooks/retry_schedule.h"

namespace multihub::webhooks {

using storage::DeliveryRow;
using storage::ReadyDelivery;

std::int64_t TimeoutMs(const storage::EndpointRow& endpoint) {
  return endpoint.timeout_s.value_or(kDefaultTimeoutS) * 1000;
}

std::int64_t DeliveryLeases::LeaseMs(const storage::EndpointRow& endpoint) const {
  return TimeoutMs(endpoint) + slack_ms_;
}

bool DeliveryLeases::Claim(storage::Session& session, const std::string& endpoint_id, int count, base::UnixMs now_ms,
                           std::vector<ReadyDelivery>* into) const {
  const auto endpoint = storage::FindEndpoint(session, endpoint_id);
  if (!endpoint || !endpoint->enabled) {
    storage::FailPending(session, endpoint_id, storage::kOutcomeEndpointDisabled, now_ms);
    return false;
  }
  const auto rows = storage::ClaimDeliveries(session, endpoint_id, now_ms, owner_, now_ms + LeaseMs(*endpoint), count);
  std::vector<DeliveryRow> alive;
  for (const DeliveryRow& row : rows) {
    if (row.expires_ms <= now_ms) {
      storage::FailDelivery(session, row.id, owner_, storage::kOutcomeExpired, now_ms);
    } else {
      alive.push_back(row);
    }
  }
  std::vector<ReadyDelivery> ready = storage::LoadReady(session, alive);
  FailWithoutEvent(session, alive, ready, now_ms);
  std::move(ready.begin(), ready.end(), std::back_inserter(*into));
  return static_cast<int>(rows.size()) == count;
}

void DeliveryLeases::FailWithoutEvent(storage::Session& session, const std::vector<DeliveryRow>& rows,
                                      const std::vector<ReadyDelivery>& ready, base::UnixMs now_ms) const {
  if (rows.size() == ready.size()) return;
  std::set<std::string> loaded;
  for (const ReadyDelivery& d : ready) loaded.insert(d.row.id);
  for (const DeliveryRow& row : rows) {
    if (!loaded.contains(row.id)) {
      storage::FailDelivery(session, row.id, owner_, storage::kOutcomePruned, now_ms);
    }
  }
}

void DeliveryLeases::SwitchOff(storage::Session& session, const std::string& endpoint_id, base::UnixMs now_ms) {
  auto endpoint = storage::FindEndpoint(session, endpoint_id);
  if (!endpoint || !endpoint->enabled) return;
  endpoint->enabled = false;
  endpoint->disabled_reason = "gone";
  storage::UpdateEndpoint(session, *endpoint);
  storage::FailPending(session, endpoint_id, storage::kOutcomeEndpointDisabled, now_ms);
}

}  // namespace multihub::webhooks
