// A whole gateway core in one thread, on one seed and one clock that is set by hand: merchants, provider, receivers and
// accidents. After every unit of work the database is compared with a model that knows nothing of the gateway's code.
// Prints its seed; MULTIHUB_SEED sets it, and the same seed gives the same run.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include "multihub/payments/operator.h"
#include "multihub/storage/directory_store.h"
#include "multihub/storage/retention.h"
#include "simulation/gateway_core_fixture.h"
#include "storage/engine_fixture.h"

using namespace multihub;
using namespace multihub::simulation;
using storage_test::FreshDatabase;
using storage_test::NameOf;
using storage_test::Scaled;

namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kHourMs = 3600 * kSecondMs;
constexpr std::int64_t kApplications = 3;
constexpr std::int64_t kKeptMs = 8 * kHourMs;
// One application stands just below the largest balance there may be.
constexpr std::int64_t kNearlyFull = 9'007'199'254'740'991 - 300'000;

std::uint64_t Seed() {
  const char* text = std::getenv("MULTIHUB_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20260501;
}

domain::Route MakeRoute(std::int64_t id, domain::Direction direction, const char* currency, const char* method,
                        std::int64_t fixed, std::int64_t bps) {
  domain::Route route;
  route.service_id = {id};
  route.direction = direction;
  REQUIRE(domain::Currency::Parse(currency, &route.currency));
  route.method = method;
  route.provider = "scripted";
  route.fee_fixed = fixed;
  route.fee_bps = bps;
  return route;
}

std::vector<domain::Route> Routes() {
  using domain::Direction;
  return {
      MakeRoute(1, Direction::kIn, "INR", "cash", 0, 150),   MakeRoute(2, Direction::kIn, "MXN", "cash", 7, 33),
      MakeRoute(3, Direction::kOut, "INR", "cash", 5, 0),    MakeRoute(4, Direction::kOut, "MXN", "cash", 0, 275),
      MakeRoute(5, Direction::kOut, "INR", "card", 11, 111), MakeRoute(6, Direction::kIn, "INR", "cash", 50, 9'999)};
}

std::map<std::int64_t, ModelFee> FeesOf(const std::vector<domain::Route>& routes) {
  std::map<std::int64_t, ModelFee> fees;
  for (const domain::Route& route : routes) fees[route.service_id.value] = {route.fee_fixed, route.fee_bps};
  return fees;
}

class Simulation {
 public:
  Simulation(const FreshDatabase& fresh, std::uint64_t seed)
      : observer_(fresh.Open()),
        random_(seed),
        clock_(1'800'000'000'000),
        key_(base::MasterKey::Generate(random_)),
        world_{fresh.database(),
               *observer_,
               random_,
               clock_,
               key_,
               Routes(),
               kFaults,
               Model(clock_, FeesOf(Routes())),
               OutsideProvider(clock_, random_),
               Receivers(clock_, random_),
               {},
               {}} {
    if (observer_->engine() == storage::Engine::kSqlite) observer_->Execute("PRAGMA synchronous=OFF");
    world_.interleave = [this](const GatewayCore& except) { Interleave(except); };
    Furnish();
  }

  // Until so many operations were made, then until nothing is left to do.
  void Run(std::int64_t operations) {
    std::int64_t verify_at = operations / 4;
    while (world_.operations < operations) {
      Step();
      if (world_.operations < verify_at) continue;
      verify_at += operations / 4;
      Verify();
    }
    Finish();
  }

  const World& world() const { return world_; }
  int deaths() const { return deaths_; }
  std::int64_t pruned() const { return pruned_; }

 private:
  static constexpr FaultRates kFaults{3'000, 1'200, 30, 15};
  struct Slot {
    std::unique_ptr<GatewayCore> core;
    base::UnixMs starts_ms = 0;  // when there is none
    bool busy = false;
  };

  void Furnish() {
    storage::RunUnit(*observer_, 10'000, [&](storage::Session& session) {
      storage::InsertMerchant(session, {{1}, "Simulated"}, clock_.NowMs());
      for (std::int64_t id = 1; id <= kApplications; ++id) {
        storage::ApplicationRow row;
        row.id = {id};
        row.merchant_id = {1};
        row.secret_digest = "digest" + std::to_string(id);
        storage::InsertApplication(session, row, clock_.NowMs());
      }
    });
    ChangeBalance({3}, payments::BalanceOperation::kTopUp, kNearlyFull, "nearly full");
    ChangeBalance({1}, payments::BalanceOperation::kTopUp, 1'000'000, "to begin with");
  }

  payments::Operator Operator() { return {*observer_, key_, clock_, random_}; }

  void ChangeBalance(domain::ApplicationId application, payments::BalanceOperation operation, std::int64_t amount,
                     const std::string& reference) {
    payments::BalanceChange change;
    change.application_id = application;
    change.currency = world_.routes.front().currency;
    change.operation = operation;
    change.amount = amount;
    change.reference = reference;
    const auto result = Operator().ChangeBalance(change);
    world_.model.ChangeBalance(change, result && result->repeated, !result);
  }

  // ---- one step ----

  void Step() {
    TakeTurn(&slots_[random_.Below(std::size(slots_))], 40);
    clock_.AdvanceMs(static_cast<std::int64_t>(random_.Below(2 * kSecondMs)));
    if (world_.OneIn(40)) clock_.AdvanceMs(static_cast<std::int64_t>(random_.Below(6 * kHourMs)));
    if (world_.OneIn(8)) world_.receivers.ChangeAMood();
    if (world_.OneIn(12)) Operate();
    if (world_.OneIn(40)) Prune();
    if (world_.OneIn(200)) StopOne();
  }

  void TakeTurn(Slot* slot, std::uint64_t calls) {
    if (slot->core == nullptr) {
      if (clock_.NowMs() < slot->starts_ms) return;
      slot->core = std::make_unique<GatewayCore>(world_, "process-" + std::to_string(++processes_));
    }
    slot->busy = true;
    try {
      slot->core->Turn(calls);
    } catch (const ProcessDied&) {
      Bury(slot);
    }
    slot->busy = false;
  }

  void Interleave(const GatewayCore& except) {
    for (Slot& slot : slots_) {
      if (!slot.busy && slot.core != nullptr && slot.core.get() != &except) return TakeTurn(&slot, 4);
    }
  }

  void Bury(Slot* slot) {
    ++deaths_;
    world_.model.ProcessEnds(slot->core->owner());
    slot->core.reset();
    slot->starts_ms = clock_.NowMs() + static_cast<std::int64_t>(random_.Below(20 * kSecondMs));
    world_.Check();
    world_.model.CheckAcknowledged(*observer_, random_);
  }

  void StopOne() {
    Slot& slot = slots_[random_.Below(std::size(slots_))];
    if (slot.core == nullptr) return;
    slot.busy = true;
    try {
      slot.core->Stop();
      world_.model.ProcessEnds(slot.core->owner());
      slot.core.reset();
    } catch (const ProcessDied&) {
      Bury(&slot);
    }
    slot.busy = false;
  }

  // ---- the operator, at the command line ----

  void Operate() {
    ++world_.operations;
    const std::uint64_t kind = random_.Below(3);
    if (kind == 0) {
      const domain::ApplicationId application{static_cast<std::int64_t>(1 + random_.Below(kApplications))};
      const bool enabled = random_.Below(3) > 0;
      Operator().SetBalanceEnabled(application, world_.routes[1].currency, enabled);
      world_.model.SetBalanceEnabled(application.value, "MXN", enabled);
    } else if (kind == 1) {
      ChangeBalance({static_cast<std::int64_t>(1 + random_.Below(kApplications))},
                    static_cast<payments::BalanceOperation>(random_.Below(4)),
                    static_cast<std::int64_t>(1 + random_.Below(50'000)), "cli-" + std::to_string(random_.Below(500)));
    } else if (!world_.known.empty()) {
      Settle(world_.known[random_.Below(world_.known.size())].h_id);
    }
    world_.Check();
  }

  void Settle(const std::string& h_id) {
    const bool open = world_.model.IsOpen(h_id);
    const bool succeeds = random_.Below(2) == 0;
    const bool force = random_.Below(2) == 0;
    payments::SettleCommand command;
    command.h_id = h_id;
    command.status = succeeds ? domain::PaymentStatus::kSuccess : domain::PaymentStatus::kError;
    command.reason = "simulated";
    command.force = force;
    const auto result = Operator().Settle(command);
    const bool allowed = open && (succeeds || force || world_.model.IsDeposit(h_id));
    if (!allowed) {
      if (result) throw Violation("the operator settled " + h_id + ", which must be refused");
      return;
    }
    payments::ReportJob job;
    job.h_id = h_id;
    job.report.state = succeeds ? providers::ReportedState::kSucceeded : providers::ReportedState::kFailed;
    job.outcome = result ? payments::ReportOutcome::kMoved : payments::ReportOutcome::kKept;
    payments::Job* const jobs[] = {&job};
    world_.model.Apply(jobs);
  }

  // By a process that may die of it.
  void Prune() {
    const std::int64_t before_ms = clock_.NowMs() - kKeptMs;
    world_.model.CheckPending(*observer_);
    world_.model.Pruned(before_ms);
    ++world_.operations;
    FaultySession session(world_.database, random_, world_.rates);
    try {
      const storage::Pruned pruned = storage::Prune(session, before_ms, false);
      pruned_ += pruned.events + pruned.deliveries;
    } catch (const ProcessDied&) {
      ++deaths_;
    } catch (const storage::StorageFailure& failure) {
      if (failure.kind() != storage::StorageFailure::Kind::kLost) throw;
    }
  }

  void Verify() {
    const payments::LedgerVerdict verdict = Operator().VerifyLedger(std::nullopt);
    if (verdict.problem) throw Violation("the ledger: " + verdict.problem->description);
  }

  // ---- the end ----

  // No more accidents; the clock runs on until nothing is left.
  void Finish() {
    world_.rates = {};
    world_.provider.CalmDown();
    world_.receivers.CalmDown();
    ChangeBalance({3}, payments::BalanceOperation::kWithdraw, kNearlyFull / 2, "room at last");
    constexpr int kMaxRounds = 200'000;
    for (int round = 0; !IsFinished(); ++round) {
      if (round == kMaxRounds) throw Violation("it does not come to an end");
      bool busy = false;
      for (Slot& slot : slots_) {
        slot.starts_ms = 0;
        TakeTurn(&slot, 0);
        busy = busy || slot.core->busy();
      }
      clock_.AdvanceMs(busy ? 20 : std::max<std::int64_t>(NextMs() - clock_.NowMs(), 1));
    }
    world_.Check();
    world_.model.CheckAll(*observer_);
    Verify();
  }

  bool IsFinished() {
    if (world_.model.open_payments() > 0 || world_.provider.next_callback_ms()) return false;
    for (const Slot& slot : slots_) {
      if (slot.core == nullptr || slot.core->busy() || slot.core->next_end_ms()) return false;
    }
    const auto pending = observer_->QueryInteger("SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'pending'");
    if (pending.value_or(0) > 0) return false;
    world_.model.CheckPending(*observer_);
    return world_.model.pending_deliveries() == 0;
  }

  // When the first attempt under way ends; with none, a good while later: what was due meanwhile is late and is done.
  base::UnixMs NextMs() {
    std::optional<base::UnixMs> next_ms;
    for (const Slot& slot : slots_) {
      const auto ends_ms = slot.core->next_end_ms();
      if (ends_ms) next_ms = std::min(next_ms.value_or(*ends_ms), *ends_ms);
    }
    return next_ms.value_or(clock_.NowMs() + 600 * kSecondMs);
  }

  std::unique_ptr<storage::Session> observer_;
  base::SeededRandom random_;
  base::ManualClock clock_;
  base::MasterKey key_;
  World world_;
  Slot slots_[2];
  int processes_ = 0, deaths_ = 0;
  std::int64_t pruned_ = 0;
};

// 20,000 operations in the ordinary run, 1,000,000 at scale 20; MariaDB takes a fifth of each.
int OperationsOn(storage::Engine engine) {
  const int scale = Scaled(1);
  const int all = scale == 1 ? 20'000 : 50'000 * scale;
  return engine == storage::Engine::kSqlite ? all : all / 5;
}

// Runs it, and says where it broke.
void RunToTheEnd(Simulation* simulation, std::int64_t operations) {
  try {
    simulation->Run(operations);
  } catch (const Violation& violation) {
    FAIL("after " << simulation->world().operations << " operations: " << violation.what());
  }
}

}  // namespace

TEST_CASE("a gateway keeps its promises through faults, deaths and other processes") {
  const storage::Engine engine = GENERATE(storage::Engine::kSqlite, storage::Engine::kMysql);
  CAPTURE(NameOf(engine));
  const std::uint64_t seed = Seed();
  std::cout << NameOf(engine) << ": seed " << seed << std::endl;
  const FreshDatabase fresh(engine);
  Simulation simulation(fresh, seed);
  const int operations = OperationsOn(engine);
  RunToTheEnd(&simulation, operations);

  const World& world = simulation.world();
  const Model::Counters& counted = world.model.counters();
  std::cout << NameOf(engine) << ": " << world.operations << " operations (" << world.calls << " calls, "
            << world.reports << " reports, " << world.claims << " claims, " << world.attempts << " attempts) in "
            << world.units << " units, " << world.model.payments() << " payments, " << world.refused << " refused, "
            << counted.kept << " messages kept, " << simulation.deaths() << " deaths, " << world.reruns << " reruns, "
            << world.failed_units << " failed units, " << world.unknown_ends << " unknown ends, " << counted.deliveries
            << " deliveries (" << counted.delivered << " delivered, " << counted.failed << " failed, " << counted.resent
            << " repeated attempts), " << simulation.pruned() << " rows pruned" << std::endl;
  // It went through everything it is made for.
  CHECK(counted.acknowledged > operations / 20);
  CHECK(counted.kept > operations / 500);
  CHECK(counted.delivered > operations / 20);
  CHECK(counted.failed > operations / 1'000);
  CHECK(counted.resent > operations / 500);
  CHECK(world.reruns > operations / 1'000);
  CHECK(simulation.deaths() > operations / 5'000);
  if (operations < 20'000) return;
  CHECK(world.failed_units > 0);
  CHECK(simulation.pruned() > operations / 1'000);
}

TEST_CASE("a seed gives the same simulation every time") {
  std::uint64_t fingerprints[2] = {};
  for (std::uint64_t& fingerprint : fingerprints) {
    const FreshDatabase fresh(storage::Engine::kSqlite);
    Simulation simulation(fresh, Seed() + 1);
    RunToTheEnd(&simulation, 1'000);
    fingerprint = simulation.world().model.fingerprint();
  }
  CHECK(fingerprints[0] == fingerprints[1]);
}
