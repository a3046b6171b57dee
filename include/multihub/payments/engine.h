// Everything that makes payments run inside a gateway process: commit lanes, readers, provider work, reconciler.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/base/sealing.h"
#include "multihub/domain/route.h"
#include "multihub/observability/metrics.h"
#include "multihub/payments/delivery_hooks.h"
#include "multihub/payments/payments.h"
#include "multihub/providers/provider.h"
#include "multihub/storage/access.h"
#include "multihub/storage/database.h"

namespace multihub::payments {

struct EngineOptions {
  int lanes = 0;                  // 0: one on SQLite, four on MySQL
  std::size_t max_batch = 64;     // units of work per commit
  std::size_t lane_queue = 4096;  // waiting units per lane; a full lane answers 1000 "Server is busy"
  int readers = 2;                // read sessions
  std::size_t reader_queue = 4096;
  int statement_timeout_s = 8;
  int provider_workers = 4;
  std::size_t provider_queue = 8192;  // provider work in memory; what does not fit is found by the reconciler
  std::int64_t reconcile_poll_ms = 250;
  std::int64_t started_answer_ms = 8000;  // longest wait of a route that answers `started`
};

class Engine {
 public:
  // `providers` outlive the engine, as do key, clock, random and whatever the hooks use.
  Engine(const storage::Database& database, EngineOptions options, std::vector<providers::Provider*> providers,
         const base::MasterKey& key, const base::Clock& clock, base::Random& random, DeliveryHooks hooks = {});
  ~Engine();

  Payments& payments();
  // A provider's message as it came in: verified by the provider, then settled. `done(accepted)` tells whether it was
  // authentic and is durably dealt with (the provider may stop repeating it).
  void HandleProviderCallback(const std::string& provider, const providers::CallbackRequest& request,
                              std::function<void(bool accepted)> done);
  // The lanes and readers, for the other parts of the gateway. Lives as long as the engine.
  storage::Access& access();

  void Start();
  // Ends background work, runs out the lanes' queues, joins all threads.
  void Stop();

  // The database answers (checked on a reader with a deadline); empty when ready, or the reason.
  std::string Readiness();

  // Metrics of the lanes, the readers, the providers, and of these routes and their payments; a route's `enabled` says
  // whether it can be used. A payment that another process moved is counted there; one that the operator settled by a
  // command, nowhere.
  void Collect(std::span<const domain::Route> routes, observability::MetricsPage* page) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multihub::payments
