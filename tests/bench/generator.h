// The load generator: one thread, epoll, non-blocking sockets, one request in flight per connection, every answer
// checked to be the answer to its request. Cheap enough that the server is what is measured.
#pragma once

#include <cstdint>
#include <string>

#include "bench/latency_histogram.h"
#include "bench/request_pool.h"

namespace multihub::bench {

struct LoadOptions {
  std::uint16_t port = 0;  // of 127.0.0.1
  int connections = 256;
  double seconds = 2;
  std::string exact_body;  // when set, every answer's body must be this
  // Open loop: "Server is busy" (HTTP 429, code 1000, with Retry-After) is a right answer too, counted apart; and an
  // answer counts only while the clock runs, so that `answers` is what a server under this load gets done.
  bool overload = false;
};

struct LoadResult {
  std::uint64_t answers = 0;   // right ones that came while the clock ran
  double seconds = 0;          // how long it ran: shorter than asked when the pool was used up
  std::uint64_t failures = 0;  // wrong answers and lost connections; the run stops at the first connection lost
  std::string first_failure;   // what and the bytes received
  double own_cpu = 0;          // share of the time the generator itself computed: near 1 it measures itself
  LatencyHistogram latency;
  std::uint64_t sent = 0;         // open loop: requests sent while the clock ran
  std::uint64_t shed = 0;         // of these, answered "busy"
  LatencyHistogram shed_latency;  // of those answers, from send

  double rps() const { return seconds > 0 ? static_cast<double>(answers) / seconds : 0; }
};

// An answer is right when it has status 200, a body that begins with {"success":true and holds the request's marker
// (or is exact_body), and, for one of 64, an X-Data-Hash that verifies under its caller's secret.
//
// Closed loop: each connection sends its next request when the answer has come. Latency is from send to answer.
LoadResult RunClosedLoop(RequestPool& pool, const LoadOptions& options);

// Open loop: requests are due at a fixed rate whatever the server does; one that finds no idle connection waits.
// Latency is from the moment a request was due, so that a stalled server is not spared the requests that would have
// come meanwhile. Requests due and never answered count with the time they have waited at the end.
LoadResult RunOpenLoop(RequestPool& pool, const LoadOptions& options, double requests_per_second);

}  // namespace multihub::bench
