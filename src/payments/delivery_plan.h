// Which endpoints hear of which event: makes the deliveries of a batch, in its transaction.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/domain/payment.h"
#include "multihub/payments/delivery_hooks.h"
#include "multihub/storage/webhook_store.h"

namespace multihub::payments {

struct Job;

// One event of the batch. `job` gets the deliveries that follow from it.
struct PlannedEvent {
  Job* job = nullptr;
  const domain::Payment* payment = nullptr;  // of any moment: only what never changes is looked at
  const storage::EventRow* event = nullptr;
  // The trace of the call by which the merchant asks for it again; then the filters do not count.
  const base::Trace* asked_by = nullptr;
};

class DeliveryPlan {
 public:
  DeliveryPlan(storage::Session& session, const DeliveryHooks& hooks, base::Random& random, base::UnixMs now_ms)
      : session_(session), hooks_(hooks), random_(random), now_ms_(now_ms) {}

  // In the order of the events of each payment. Reads the endpoints; inserts those that payments name for the first
  // time, and the deliveries. Returns for each event how many deliveries it has.
  std::vector<std::size_t> Make(std::span<const PlannedEvent> events);

 private:
  using Endpoint = std::shared_ptr<const storage::EndpointRow>;
  void ReadConfigured(std::span<const PlannedEvent> events);
  void ReadWaiting(std::span<const PlannedEvent> events, std::span<const std::vector<Endpoint>> endpoints);
  std::vector<Endpoint> EndpointsOf(const PlannedEvent& planned);
  Endpoint InRequestEndpoint(const domain::Payment& payment);
  storage::ReadyDelivery Deliver(const PlannedEvent& planned, const Endpoint& endpoint);

  storage::Session& session_;
  const DeliveryHooks& hooks_;
  base::Random& random_;
  const base::UnixMs now_ms_;
  std::map<domain::ApplicationId, std::vector<Endpoint>> configured_;
  std::map<std::pair<domain::ApplicationId, std::string>, Endpoint> in_request_;
  // (payment, endpoint) with a delivery that waits for its first attempt.
  std::set<std::pair<std::string, std::string>> waiting_;
};

}  // namespace multihub::payments
