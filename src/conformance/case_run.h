// Runs the steps of one case against the gateway.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "conformance/case_model.h"
#include "conformance/checker.h"
#include "conformance/connection.h"
#include "conformance/listener.h"
#include "conformance/template_text.h"
#include "conformance/world.h"

namespace multihub::conformance {

// What all cases of a run share. Made before the first case; members other than the atomics and those behind the mutex
// are only read while cases run.
struct RunContext {
  explicit RunContext(Target gateway) : target(std::move(gateway)) {}

  Target target;
  std::string host;      // for the Host header
  std::string prefix;    // of every path, usually empty
  std::string endpoint;  // "/public/api/multihub/v1", with the prefix
  World world;
  std::map<std::string, Caller> callers;  // app1, app2 and the world's
  Listener* listener = nullptr;           // nullptr: `no_listener` says why
  std::string no_listener;
  std::string webhook_url;  // without a slash at its end
  std::string run_id;
  bool direct = false;
  std::int64_t timeout_ms = 0;

  std::int64_t first_number = 0;             // no number of this run is below it
  std::atomic<std::int64_t> next_number{0};  // for ${unique_number}
  std::atomic<std::int64_t> next_unique{0};
  std::atomic<int> silent_in_a_row{0};     // calls without any answer
  std::atomic<int> vain_polls{0};          // waits in a row for which what was waited for did not come …
  std::atomic<int> vain_webhooks{0};       // … and such for webhooks
  std::atomic<std::int64_t> vain_ms{0};    // waited for rate limits since a call was last let through
  std::atomic<std::int64_t> waited_ms{0};  // because of rate limits
  std::mutex mutex;
  std::vector<Observation> observations;
};

// After so many calls in a row without an answer nothing more is sent.
inline constexpr int kSilentCalls = 5;
// After so many waits in a row in vain nothing more is waited for.
inline constexpr int kVainWaits = 3;

// Any thread. Fills verdict, reasons and exchanges of a result.
void RunCase(const Case& wanted, RunContext* context, CaseResult* result);

}  // namespace multihub::conformance
