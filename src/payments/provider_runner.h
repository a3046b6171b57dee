// Runs provider work: `start` right after a payment is durable, `state` when the reconciler says so. Nothing here is
// the memory of what is owed: that is the provider_tasks row written with the payment. A process that dies, or a full
// queue, only means that the task is found when it is due.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/sealing.h"
#include "multihub/domain/payment.h"
#include "multihub/observability/metrics.h"
#include "multihub/providers/provider.h"

namespace multihub::payments {

class ProviderRunner {
 public:
  // What became of one piece of work. `report`: what the provider said. Runs on a worker thread.
  using Done = std::function<void(domain::Payment payment, const providers::Report& report, const char* source)>;

  ProviderRunner(std::vector<providers::Provider*> providers, int workers, std::size_t max_queue,
                 const base::MasterKey& key, Done done);
  ~ProviderRunner();

  // nullptr: no adapter of that name here.
  providers::Provider* Find(const std::string& name) const;
  // The provider has not answered for a while.
  bool IsUnavailable(const std::string& name) const;

  // False when the queue is full or the runner stopped.
  bool Start(domain::Payment payment);
  // Asks for the state; when the provider does not know the payment, starts it again.
  bool Ask(domain::Payment payment);

  // Finishes what is being done, forgets what waits (it is due by its row), joins.
  void Stop();

  void Collect(observability::MetricsPage* page) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multihub::payments
