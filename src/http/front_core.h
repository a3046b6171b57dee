// What the listeners, the connections, the flusher and the deadline sweeper of one front share.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "http/connection_set.h"
#include "http/deadline_sweeper.h"
#include "http/flusher.h"
#include "multihub/base/clock.h"
#include "multihub/http/front.h"

namespace multihub::http {

struct FrontCore {
  FrontCore(FrontOptions front_options, std::shared_ptr<RequestHandler> request_handler)
      : options(std::move(front_options)), handler(std::move(request_handler)) {}

  const FrontOptions options;
  std::shared_ptr<RequestHandler> handler;  // let go when the front has stopped and no thread can call it any more
  const base::SystemClock clock;

  // Set by Front::Start from the descriptor limit, before the first connection.
  std::size_t connection_cap = 0;
  int first_own_fd = 0;  // connections keep their descriptors from this number on

  std::atomic<bool> draining{false};
  std::atomic<std::uint64_t> next_id{1};
  std::atomic<std::size_t> open{0};
  std::atomic<std::size_t> in_flight{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> framing_faults{0};
  std::atomic<std::uint64_t> overloads{0};
  std::atomic<std::uint64_t> dropped_slow{0};

  ConnectionSet connections;
  Flusher flusher{connections};
  DeadlineSweeper sweeper{connections, clock};
};

}  // namespace multihub::http
