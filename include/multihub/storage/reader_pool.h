// Readers: threads with a session each, for calls that only look. A bounded queue; a lost connection is opened anew.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "multihub/observability/metrics.h"
#include "multihub/storage/session.h"

namespace multihub::storage {

struct ReaderOptions {
  int threads = 2;
  std::size_t max_queue = 4096;
  int statement_timeout_s = 8;
  std::int64_t give_up_ms = 9'500;  // counted from received_us
};

class ReaderPool {
 public:
  ReaderPool(const Database& database, ReaderOptions options);
  ~ReaderPool();

  // `read` runs on a reader thread with a session; it may run again after a conflict or a lost connection, so it
  // answers its caller only once it has all it needs. `failed` runs instead when the database did not answer in time.
  // False (neither will run) when the queue is full or the pool stopped.
  bool Submit(std::int64_t received_us, std::function<void(Session&)> read,
              std::function<void(const std::string& internal)> failed);
  void Stop();
  // How much of it is in use.
  void Collect(observability::MetricsPage* page) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multihub::storage
