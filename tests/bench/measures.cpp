#include "bench/measures.h"

#include <algorithm>
#include <set>

namespace multihub::bench {
namespace {

constexpr double kIdlePaymentRate = 50;  // a second
constexpr std::size_t kFewStored = 10'000;
constexpr std::size_t kManyStored = 10'000'000;
// A payment is final this long after its acceptance, so that its life has all its steps.
constexpr const char* kLifeDelayMs = "50";
// As many callers as leave the steps that follow an acceptance their part of each commit. With hundreds, accepting
// would run ahead of them and most of the life would come after the load.
constexpr int kLifeConnections = 16;
// More than the gateway takes calls in flight, so that what is offered is sent; fewer than it takes connections.
constexpr int kOverloadConnections = 6'000;
constexpr const char* kMaximum = "payment.in.pinned.sqlite";

const std::map<std::string, std::string>& OneRequestPerCommit() {
  static const std::map<std::string, std::string> env = {{"MULTIHUB_LANES_MAX_BATCH", "1"}};
  return env;
}

Goal OfFront(double target, double stretch) {
  return {Quantity::kThroughput, std::string(kBareFrontName), target, stretch};
}
Goal Over(const char* measure, double target, double stretch) {
  return {Quantity::kThroughput, measure, target, stretch};
}
Goal P99WithinMs(double target, double stretch) { return {Quantity::kP99, "", target, stretch}; }

Measure Overload(const char* name, double times, std::vector<Goal> goals) {
  Measure measure{name, Work::kOverload, Engine::kSqlite, std::move(goals), {}};
  measure.connections = kOverloadConnections;
  measure.pinned = true;
  measure.offer = {kMaximum, times};
  return measure;
}

Measure Pinned(const char* name) {
  Measure measure{name, Work::kDeposit, Engine::kSqlite, {}, {}};
  measure.pinned = true;
  return measure;
}

std::vector<Measure> MakeMeasures() {
  const std::map<std::string, std::string> life = {{"MULTIHUB_SIMULATOR_DELAY_MS", kLifeDelayMs}};
  return {
      {std::string(kBareFrontName), Work::kBareFront, Engine::kNone, {}, {}},
      {"gateway.ping", Work::kPing, Engine::kSqlite, {OfFront(0.60, 0.80)}, {}},
      {"payment.in.one_per_commit.sqlite", Work::kDeposit, Engine::kSqlite, {}, OneRequestPerCommit()},
      {"payment.in.sqlite",
       Work::kDeposit,
       Engine::kSqlite,
       {OfFront(0.18, 0.30), Over("payment.in.one_per_commit.sqlite", 4, 7), P99WithinMs(10, 5)},
       {}},
      {"payment.in.one_per_commit.mariadb", Work::kDeposit, Engine::kMariadb, {}, OneRequestPerCommit()},
      {"payment.in.node_twin.mariadb", Work::kTwinDeposit, Engine::kMariadb, {}, {}},
      {"payment.in.mariadb",
       Work::kDeposit,
       Engine::kMariadb,
       {OfFront(0.08, 0.15), Over("payment.in.one_per_commit.mariadb", 2.5, 4.5),
        Over("payment.in.node_twin.mariadb", 5, 10), P99WithinMs(25, 10)},
       {},
       500},
      {"payout.spread.mariadb", Work::kSpreadPayout, Engine::kMariadb, {}, {}},
      {"payout.hot_balance.mariadb", Work::kPayout, Engine::kMariadb, {Over("payout.spread.mariadb", 0.8, 1.0)}, {}},
      {"payout.hot_balance.sqlite", Work::kPayout, Engine::kSqlite, {}, {}},
      {"payout.full_life.sqlite",
       Work::kLife,
       Engine::kSqlite,
       {Over("payout.hot_balance.sqlite", 0.3, 0.5)},
       life,
       0,
       0,
       kLifeConnections},
      {"payment.status.sqlite", Work::kStatus, Engine::kSqlite, {OfFront(0.30, 0.45)}, {}},
      {"payment.in.webhook.sqlite", Work::kHookedDeposit, Engine::kSqlite, {}, {}},
      {"webhook.delivered.sqlite", Work::kWebhook, Engine::kSqlite, {}, {}, kIdlePaymentRate},
      {"webhook.delivered.mariadb", Work::kWebhook, Engine::kMariadb, {}, {}, kIdlePaymentRate},
      {"payment.in.10_thousand_stored.sqlite", Work::kStoredDeposit, Engine::kSqlite, {}, {}, 0, kFewStored},
      {"payment.in.10_million_stored.sqlite",
       Work::kStoredDeposit,
       Engine::kSqlite,
       {Over("payment.in.10_thousand_stored.sqlite", 0.85, 0.95)},
       {},
       0,
       kManyStored},
      Pinned(kMaximum),
      Overload("overload.1x.sqlite", 1, {}),
      Overload("overload.2x.sqlite", 2, {Over(kMaximum, 0.8, 0.9), P99WithinMs(10, 5)}),
      Overload("overload.3x.sqlite", 3, {}),
  };
}

}  // namespace

const std::vector<Measure>& AllMeasures() {
  static const std::vector<Measure> measures = MakeMeasures();
  return measures;
}

std::vector<Measure> Select(const std::vector<Measure>& all, const Selection& selection) {
  std::set<std::string> wanted = {std::string(kBareFrontName)};
  // From the end: what a goal divides by stands before its measure.
  for (auto measure = all.rbegin(); measure != all.rend(); ++measure) {
    const bool offered = measure->work != Work::kStoredDeposit || selection.big;
    if (offered && measure->name.find(selection.only) != std::string::npos) wanted.insert(measure->name);
    if (wanted.count(measure->name) == 0) continue;
    if (!measure->offer.of.empty()) wanted.insert(measure->offer.of);
    for (const Goal& goal : measure->goals) {
      if (goal.quantity == Quantity::kThroughput) wanted.insert(goal.to);
    }
  }
  std::vector<Measure> selected;
  std::copy_if(all.begin(), all.end(), std::back_inserter(selected),
               [&](const Measure& measure) { return wanted.count(measure.name) > 0; });
  return selected;
}

}  // namespace multihub::bench
