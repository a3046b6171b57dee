// Merchants who use everything the gateway offers, at a pace that is set for all of them; clients that break off; the
// receiver of their webhooks; and what the gateway's process takes of the machine meanwhile.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "bench/latency_histogram.h"
#include "support/gateway_fixture.h"
#include "support/webhook_receiver.h"

namespace multihub::endurance {

using Clock = std::chrono::steady_clock;
using functional::json;
using functional::Sandbox;

// ---- what all callers share
// ------------------------------------------------------------------------------------------

class Load {
 public:
  static constexpr int kPhases = 4;

  // Microseconds between two calls of one caller; 0: as fast as the answers come.
  std::atomic<std::int64_t> interval_us{0};
  // While the database is away, and a little longer: calls may be answered 2000 then, or 1000 when the queues are full.
  std::atomic<bool> outage{false};
  // Some payments end only after half a minute, which short runs do not wait for.
  std::atomic<bool> late_endings{false};
  // Which quarter of the run it is, for the latencies; -1: none.
  std::atomic<int> phase{-1};
  std::atomic<std::int64_t> answers{0}, in_outage{0}, aborted{0};

  void Answered(std::chrono::nanoseconds took);
  double PercentileMs(int phase, double percent) const;
  std::uint64_t CountOf(int phase) const;

  // Any answer that should not have been.
  void Trouble(const std::string& what);
  std::int64_t troubles() const;
  std::string first_troubles() const;

  void Method(const std::string& name);
  std::map<std::string, std::int64_t> methods() const;

 private:
  mutable std::mutex mutex_;
  std::array<bench::LatencyHistogram, kPhases> latencies_;
  std::vector<std::string> troubles_;
  std::int64_t trouble_count_ = 0;
  std::map<std::string, std::int64_t> methods_;
};

// ---- merchants
// -------------------------------------------------------------------------------------------------------

// One merchant's program: a connection of its own, one call after the other, each answer held against its call.
class Merchant {
 public:
  // `hook`: a URL that payments of this merchant name now and then. `idle_hook`: where endpoints go that subscribe to
  // nothing that happens.
  Merchant(const Sandbox& sandbox, int number, std::string hook, std::string idle_hook, Load* load);

  void Run(const std::atomic<bool>& stop);

  // The h_id of every payment that was answered with success, by the number in its c_id.
  const std::map<std::int64_t, std::string>& acknowledged() const { return acknowledged_; }
  std::string ClientId(std::int64_t number) const;
  std::int64_t application() const { return application_; }
  // Successes of calls that need the database; any thread.
  std::int64_t served() const { return served_; }

 private:
  using Answer = support::Answer;

  void CallSomething();
  // nullopt: the answer was one of `codes` (never 0), or excused by an outage, or trouble that was noted.
  std::optional<json> Call(const json& request, const std::set<int>& codes = {});
  void Expect(bool holds, const char* what, const json& request, const json& result);
  json Guarded(const std::string& method, json params);

  void Pay(bool deposit);
  void AskStatus();
  void Notify();
  void AskBalance();
  void Ping();
  void ManageWebhooks();
  void MakeWebhook();
  void LookAtEvents();

  bool OneIn(unsigned n) { return random_() % n == 0; }
  // A payment of this merchant that was acknowledged; 0: none yet.
  std::int64_t AnyNumber();

  const std::int64_t application_;
  const int number_;
  const std::string hook_, idle_hook_;
  Load* load_;
  support::SignedClient client_;
  std::mt19937 random_;
  std::atomic<std::int64_t> served_{0};
  std::int64_t payments_ = 0, calls_ = 0;
  std::map<std::int64_t, std::string> acknowledged_;
  std::map<std::int64_t, std::int64_t> versions_;  // seen, of recent payments
  std::map<std::int64_t, std::int64_t> amounts_;
  std::string webhook_;  // an endpoint of its own; empty: none
};

// Clients that reset their connections at every point of an exchange, payments among what they send.
// `pause`: between two connections.
void RunAborting(Sandbox& sandbox, int number, std::chrono::milliseconds pause, Load* load,
                 const std::atomic<bool>& stop);

// ---- their receiver
// --------------------------------------------------------------------------------------------------

// Answers everything 200, remembers what came by a digest, and checks some of it whole. Paths: "/appN" and "/ownN" of
// application N; below "/idle" those of endpoints that come and go, which get tests and replays.
class WebhookDesk {
 public:
  explicit WebhookDesk(Load* load);

  std::string Url(const std::string& path) const { return receiver_.Url(path); }
  // Different events that came to a URL, "/idle" left out; and all requests.
  std::size_t different() const;
  std::size_t requests() const { return requests_; }
  // What was recorded is let go, or a long run would fill the memory.
  void Forget() { receiver_.Clear(); }

 private:
  support::Reaction Take(const support::ReceivedRequest& request);

  Load* load_;
  mutable std::mutex mutex_;
  std::unordered_set<std::uint64_t> seen_;
  std::atomic<std::size_t> requests_{0};
  support::WebhookReceiver receiver_;
};

// ---- the process
// -----------------------------------------------------------------------------------------------------

struct Vitals {
  double at_share = 0;  // of the run, 0 to 1
  std::int64_t resident_kb = 0;
  std::int64_t descriptors = 0;
};
Vitals VitalsOf(pid_t pid);
// Medians over the samples of a part of the run.
Vitals MedianOf(const std::vector<Vitals>& samples, double from_share, double to_share);

}  // namespace multihub::endurance
