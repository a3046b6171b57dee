// Who the gateway talks to: a provider that is slow, silent, wrong and repeats itself, and receivers of webhooks in
// every mood. They outlive every gateway process, and remember what they were told.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/domain/payment.h"
#include "multihub/net/http_client.h"
#include "multihub/providers/provider.h"

namespace multihub::simulation {

struct Callback {
  std::string h_id;
  providers::Report report;
};

class OutsideProvider {
 public:
  OutsideProvider(const base::Clock& clock, base::Random& random) : clock_(clock), random_(random) {}

  providers::Report Start(const domain::Payment& payment);
  providers::Report State(const domain::Payment& payment);
  // Its messages that are due, taken from it; those that were not taken well come again.
  std::vector<Callback> TakeCallbacks(std::size_t most);
  void Repeat(Callback callback);
  std::optional<base::UnixMs> next_callback_ms() const;

  // From now on it answers everything, at once and truly.
  void CalmDown() { calm_ = true; }

 private:
  struct Order {
    providers::ReportedState end = providers::ReportedState::kSucceeded;
    base::UnixMs ready_ms = 0;  // when it is decided
    std::string p_id, utr;
    domain::Money amount;
  };
  Order& Take(const domain::Payment& payment);
  providers::Report Say(const Order& order, providers::ReportedState state);
  void PlanCallbacks(const std::string& h_id, const Order& order);
  bool OneIn(std::uint64_t n) { return random_.Below(n) == 0; }

  const base::Clock& clock_;
  base::Random& random_;
  bool calm_ = false;
  std::map<std::string, Order> orders_;
  std::multimap<base::UnixMs, Callback> callbacks_;
};

// What a receiver does with one attempt.
struct Reception {
  net::OutgoingAnswer answer;
  bool arrived = false;  // it has the webhook, whatever it says of it
};

class Receivers {
 public:
  Receivers(const base::Clock& clock, base::Random& random) : clock_(clock), random_(random) {}

  Reception Receive(const std::string& url, std::int64_t timeout_ms);
  // Somebody's mood changes.
  void ChangeAMood();
  void CalmDown() { calm_ = true; }

 private:
  enum class Mood { kGood, kSlow, kFlaky, kFailing, kSilent, kDown, kThrottling, kGone };
  net::OutgoingAnswer Answer(Mood mood, std::int64_t timeout_ms);

  const base::Clock& clock_;
  base::Random& random_;
  bool calm_ = false;
  std::map<std::string, Mood> moods_;
};

}  // namespace multihub::simulation
