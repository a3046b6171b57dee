// Sends what is due: takes deliveries by lease, sends them, records every attempt, sets the next time.
//
// New deliveries come straight from the commit that made them, already leased to this process; everything else
// (retries, what a process that died left behind, what there was no room for) is found by polling and claimed by
// compare-and-set. A process that is killed loses nothing: its leases run out, and what it had sent without recording
// it is sent again with the same id and bytes.
//
// Fairness: at most `max_per_origin` transfers at once to one origin of one application, `max_per_application`, and
// `max_in_flight` in all; when most of these are taken, an application keeps to a few. Deliveries to an origin whose
// breaker is open (origin_breaker.h) wait and use up no attempt. The events of one payment are attempted in the order
// of status_version at each endpoint while none of them fails.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/observability/metrics.h"
#include "multihub/storage/access.h"
#include "multihub/storage/webhook_store.h"
#include "multihub/webhooks/sender.h"

namespace multihub::webhooks {

struct DispatcherOptions {
  std::string owner;  // names this process in leases; no other process, and no earlier one, has the same
  int max_in_flight = 256;
  int max_per_application = 32;
  int max_per_origin = 8;
  std::int64_t poll_ms = 500;            // how often other processes' leftovers and retries are looked for
  std::int64_t lease_slack_ms = 30'000;  // a lease lasts one attempt's timeout and this
  std::int64_t drain_ms = 2'000;         // Stop waits this long for what is being sent
};

class Dispatcher {
 public:
  // All outlive the dispatcher. `clock` gives database time.
  Dispatcher(storage::Access& access, Sender& sender, const base::Clock& clock, base::Random& random,
             DispatcherOptions options = {});
  ~Dispatcher();  // Stop

  void Start();
  // Sends nothing new, records what has ended, gives back every lease, joins. The access must still work.
  void Stop();

  // What the hooks of payments want to know (payments/delivery_hooks.h). Any thread.
  bool HasRoom(const std::string& endpoint_id) const;
  std::int64_t LeaseMs(const storage::EndpointRow& endpoint) const;
  void Take(std::vector<storage::ReadyDelivery> deliveries);

  // Looks for due deliveries at once.
  void Wake();

  struct Counters {
    std::uint64_t delivered = 0, failed_attempts = 0, given_up = 0;
    std::size_t in_flight = 0, queued = 0, open_breakers = 0;
  };
  Counters counters() const;
  void Collect(observability::MetricsPage* page) const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace multihub::webhooks
