// What is measured and what it is held against: names, targets, selection. Nothing here runs anything.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace multihub::bench {

enum class Work {
  kBareFront,
  kPing,
  kDeposit,
  kTwinDeposit,   // the same deposits, taken by the Node twin
  kPayout,        // from one balance
  kSpreadPayout,  // each from the balance of one of a hundred applications
  kLife,          // payouts until they are final: throughput counts those, latency is from acceptance to the end
  kStatus,
  kHookedDeposit,  // a deposit that an endpoint on this machine hears of
  kWebhook,        // webhooks arriving there; latency is from commit to arrival when next to nothing else happens
  kStoredDeposit,  // deposits into a database that holds many payments
  kOverload,       // deposits offered at a rate whatever is done with them; latency is that of refusals
};
enum class Engine { kNone, kSqlite, kMariadb };

enum class Quantity {
  kThroughput,  // divided by that of another measure; bigger is better
  kP99,         // in ms; smaller is better
};

// More than can be done: `times` the throughput that the measure `of` had in the same round.
struct Offer {
  std::string of;
  double times = 0;
};

// What a measure is held against.
struct Goal {
  Quantity quantity;
  std::string to;  // kThroughput: the measure whose throughput in the same round is the divisor
  double target;
  double stretch;
};

struct Measure {
  std::string name;
  Work work;
  Engine engine;
  std::vector<Goal> goals;                 // may be empty: reported only
  std::map<std::string, std::string> env;  // what the gateway is configured with, besides what every measure sets
  // Requests a second of the open loop that latency is taken from; 0: a share of the throughput of the same round.
  double latency_rps = 0;
  std::size_t stored_payments = 0;  // kStoredDeposit
  int connections = 0;              // of the generator; 0: as many as the run is asked for
  bool pinned = false;              // the gateway to one processor and the generator to another
  Offer offer = {};                 // kOverload
};

inline constexpr std::string_view kBareFrontName = "bare_front";

// Every measure, the bare front first and each after those that its goals divide by or its offer is made from.
const std::vector<Measure>& AllMeasures();

struct Selection {
  std::string only;  // measures whose name holds this; empty: all
  bool big = false;  // also those over millions of stored payments, which no other selection reaches
};

// The selected measures, those that their goals and offers name, and the bare front, in the order of `all`.
std::vector<Measure> Select(const std::vector<Measure>& all, const Selection& selection);

}  // namespace multihub::bench
