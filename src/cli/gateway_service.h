// The composition root of `serve`: chooses adapters and engines, and ties the parts of a gateway process together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/config.h"
#include "multihub/base/sealing.h"
#include "multihub/observability/metrics.h"
#include "multihub/storage/database.h"
#include "multihub/storage/session.h"

namespace multihub::cli {

struct GatewayServiceOptions {
  std::vector<std::string> listen;  // instead of Config::http
  std::string ops_listen;           // where webhooks must not go either
  bool sandbox = false;
  std::size_t other_descriptors = 0;  // of the process, besides the merchants' connections
};

class GatewayService {
 public:
  // `refresher_session` is the directory's own from now on. Every reference is copied.
  GatewayService(const Config& config, const GatewayServiceOptions& options, const storage::DatabaseUrl& url,
                 const base::MasterKey& key, std::unique_ptr<storage::Session> refresher_session);
  ~GatewayService();

  // Serves when it returns. Throws Refused (an address that cannot be bound) and StorageFailure.
  void Start();
  // "ADDR:PORT" of every listener, with the real port.
  std::vector<std::string> Addresses() const;
  // Empty, or why this process should get no traffic. Never waits.
  std::string NotReady() const;
  // Everything that is counted or looked at for the metrics page. Any thread, from the end of Start on; never waits.
  void Collect(observability::MetricsPage* page) const;
  // Answers what was taken, within `timeout_ms`, and ends every thread. True when nothing was left unanswered.
  bool Drain(std::int64_t timeout_ms);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// "ADDR:PORT" with the port that was bound.
std::string WithPort(const std::string& listen, std::uint16_t port);

}  // namespace multihub::cli
