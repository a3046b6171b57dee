#include "bench/bench.h"

#include <cmath>
#include <optional>
#include <stdexcept>

#include "bench/bare_front.h"
#include "bench/outcomes.h"
#include "bench/processors.h"
#include "bench/requests.h"
#include "bench/stored_payments.h"
#include "support/temp_dir.h"

namespace multihub::bench {
namespace {

// The most requests prepared for a second of a closed loop: a run that uses them up ends early.
constexpr double kMaxPaymentRps = 80'000;
// The same where each request is a commit.
constexpr double kMaxSingleRps = 20'000;
constexpr std::size_t kStatusPayments = 10'000;
constexpr const char* kPayoutCurrency = "MXN";
// Queues take a while to fill: so much longer than other loops.
constexpr double kOverloadLength = 3;
// Of the rate asked for. With less the generator was overloaded, and not the gateway.
constexpr double kOfferedAtLeast = 0.98;
// A payout has three events and moves money twice: held when accepted, taken when it has succeeded.
constexpr int kPayoutEvents = 3;
constexpr int kPayoutEntries = 2;

bool IsHooked(const Measure& measure) { return measure.work == Work::kHookedDeposit || measure.work == Work::kWebhook; }
bool IsPayout(const Measure& measure) { return measure.work == Work::kPayout || measure.work == Work::kLife; }

double MaxRps(const Measure& measure) {
  const bool single = measure.work == Work::kTwinDeposit || measure.env.count("MULTIHUB_LANES_MAX_BATCH") > 0;
  return single ? kMaxSingleRps : kMaxPaymentRps;
}

void Demand(const std::string& name, const LoadResult& result) {
  if (result.failures == 0) return;
  throw std::runtime_error(name + ": " + std::to_string(result.failures) +
                           " wrong or missing answers, the first: " + result.first_failure);
}

}  // namespace

Sample Bench::Run(const Measure& measure) {
  Sample sample = measure.work == Work::kOverload ? RunOverload(measure) : RunLoops(measure);
  throughputs_[measure.name] = sample.rps;
  return sample;
}

Sample Bench::RunOverload(const Measure& measure) {
  Sample sample;
  const double maximum = throughputs_.at(measure.offer.of);
  sample.latency_rps = measure.offer.times * maximum;
  const LoadResult load = Loop(measure, sample.latency_rps, &sample.notes);
  const double offered = static_cast<double>(load.sent) / load.seconds;
  if (offered < kOfferedAtLeast * sample.latency_rps) {
    throw std::runtime_error(measure.name + ": only " + std::to_string(offered) + " a second were sent of " +
                             std::to_string(sample.latency_rps));
  }
  sample.rps = load.rps();
  sample.own_cpu = load.own_cpu;
  sample.p50_ms = load.shed_latency.PercentileMs(50);
  sample.p99_ms = load.shed_latency.PercentileMs(99);
  sample.notes["of_maximum"] = sample.rps / maximum;
  sample.notes["offered_rps"] = offered;
  sample.notes["shed_rps"] = static_cast<double>(load.shed) / load.seconds;
  sample.notes["accepted_p50_ms"] = load.latency.PercentileMs(50);
  sample.notes["accepted_p99_ms"] = load.latency.PercentileMs(99);
  return sample;
}

Sample Bench::RunLoops(const Measure& measure) {
  Sample sample;
  const LoadResult throughput = Loop(measure, 0, &sample.notes);
  Demand(measure.name, throughput);
  sample.rps = throughput.rps();
  sample.own_cpu = throughput.own_cpu;
  sample.latency_rps = measure.latency_rps > 0 ? measure.latency_rps : options_.load * sample.rps;
  std::map<std::string, double> unused;
  const LoadResult latency = Loop(measure, sample.latency_rps, &unused);
  Demand(measure.name, latency);
  sample.p50_ms = latency.latency.PercentileMs(50);
  sample.p99_ms = latency.latency.PercentileMs(99);
  return sample;
}

LoadResult Bench::Loop(const Measure& measure, double requests_per_second, std::map<std::string, double>* notes) {
  if (measure.work == Work::kStoredDeposit) return LoopOnStored(measure, requests_per_second);
  const std::unique_ptr<Database> database = MakeDatabase(measure);
  const std::unique_ptr<Server> server = StartServer(measure, database.get());
  RequestPool pool = MakePool(measure, server->port(), requests_per_second);
  const LoadResult load = RunLoad(&pool, server->port(), measure, requests_per_second);
  Demand(measure.name, load);
  return database == nullptr ? load : Outcome(measure, load, *database, notes);
}

LoadResult Bench::LoopOnStored(const Measure& measure, double requests_per_second) {
  StoredPayments stored(options_.binary, measure.stored_payments);
  const std::unique_ptr<Server> server = StartServer(measure, &stored.database());
  RequestPool pool = ScatteredDeposits(measure.stored_payments, RequestsFor(measure, requests_per_second));
  return RunLoad(&pool, server->port(), measure, requests_per_second);
}

LoadResult Bench::RunLoad(RequestPool* pool, std::uint16_t port, const Measure& measure,
                          double requests_per_second) const {
  LoadOptions load = LoadOn(port, measure);
  if (measure.work == Work::kBareFront) load.exact_body = BareFrontBody();
  load.overload = measure.work == Work::kOverload;
  std::optional<PinnedThread> pinned;
  if (measure.pinned) pinned.emplace(GeneratorProcessor());
  return requests_per_second > 0 ? RunOpenLoop(*pool, load, requests_per_second) : RunClosedLoop(*pool, load);
}

std::size_t Bench::RequestsFor(const Measure& measure, double requests_per_second) const {
  const double rps = requests_per_second > 0 ? requests_per_second : MaxRps(measure);
  return static_cast<std::size_t>(std::ceil(rps * SecondsOf(measure))) + 1;
}

double Bench::SecondsOf(const Measure& measure) const {
  return measure.pinned ? kOverloadLength * options_.seconds : options_.seconds;
}

std::unique_ptr<Database> Bench::MakeDatabase(const Measure& measure) {
  switch (measure.engine) {
    case Engine::kNone:
      return nullptr;
    case Engine::kSqlite:
      return NewSqliteDatabase();
    case Engine::kMariadb:
      if (measure.work != Work::kSpreadPayout) return mariadb_.New();
      return mariadb_.Copied([this](const Database& database) { PrepareSpread(database); });
  }
  throw std::logic_error("unknown engine");
}

std::unique_ptr<Server> Bench::StartServer(const Measure& measure, const Database* database) {
  if (measure.work == Work::kBareFront) return StartBareFront();
  if (measure.work == Work::kTwinDeposit) return StartTwin(*database);
  const auto wrapper = measure.pinned ? RunOn(GatewayProcessor()) : std::vector<std::string>();
  auto server = StartGateway({options_.binary, database, measure.env, wrapper});
  const std::int64_t application = SandboxCaller().application_id;
  if (IsPayout(measure)) TopUp(*database, application);
  if (IsHooked(measure)) {
    receiver_ = std::make_unique<support::WebhookReceiver>();
    RunCommand(options_.binary, *database,
               {"webhook", "create", "--app", std::to_string(application), "--url", receiver_->Url("/hook"), "--events",
                "payment.created"});
  }
  return server;
}

void Bench::TopUp(const Database& database, std::int64_t application) const {
  RunCommand(options_.binary, database,
             {"balance", "topup", std::to_string(application), kPayoutCurrency, "9000000000000", "--reference",
              "bench-one", "--reason", "bench"});
}

void Bench::PrepareSpread(const Database& database) const {
  // The sandbox is what a gateway makes of an empty database.
  StartGateway({options_.binary, &database, {}, {}})->Stop();
  const support::TempDir dir;
  for (const Caller& caller : SpreadCallers()) {
    const std::string id = std::to_string(caller.application_id);
    support::WriteFile(dir.File(id), caller.secret);
    RunCommand(options_.binary, database,
               {"app", "create", "--merchant", "1", "--test", "--id", id, "--secret-file", dir.File(id)});
    RunCommand(options_.binary, database, {"service", "assign", "--app", id, "--service", "14801"});
    RunCommand(options_.binary, database, {"balance", "create", id, kPayoutCurrency});
    TopUp(database, caller.application_id);
  }
}

RequestPool Bench::MakePool(const Measure& measure, std::uint16_t port, double requests_per_second) const {
  const std::size_t requests = RequestsFor(measure, requests_per_second);
  switch (measure.work) {
    case Work::kBareFront:
      return ReusedDeposits();
    case Work::kPing:
      return Pings();
    case Work::kDeposit:
    case Work::kTwinDeposit:
    case Work::kHookedDeposit:
    case Work::kWebhook:
    case Work::kOverload:
      return Deposits(requests);
    case Work::kPayout:
    case Work::kLife:
      return Payouts(requests, {SandboxCaller()});
    case Work::kSpreadPayout:
      return Payouts(requests, SpreadCallers());
    case Work::kStatus:
      StoreStatusPayments(port, measure);
      return Statuses(kStatusPayments);
    case Work::kStoredDeposit:
      break;
  }
  throw std::logic_error("no requests for this work");
}

void Bench::StoreStatusPayments(std::uint16_t port, const Measure& measure) const {
  RequestPool deposits = Deposits(kStatusPayments);
  LoadOptions load = LoadOn(port, measure);
  load.seconds = 600;
  Demand("preparing payments", RunClosedLoop(deposits, load));
}

LoadResult Bench::Outcome(const Measure& measure, const LoadResult& load, const Database& database,
                          std::map<std::string, double>* notes) const {
  if (measure.work == Work::kWebhook) return Deliveries(load, *receiver_);
  if (measure.work != Work::kLife) return load;
  const Lives lives = AwaitLives(load, database, kPayoutEvents, kPayoutEntries);
  Demand(measure.name, lives.load);
  RunCommand(options_.binary, database, {"ledger", "verify"});
  (*notes)["accepted_rps"] = load.rps();
  (*notes)["events_per_payment"] = lives.events_per_payment;
  (*notes)["ledger_entries_per_payment"] = lives.entries_per_payment;
  return lives.load;
}

LoadOptions Bench::LoadOn(std::uint16_t port, const Measure& measure) const {
  LoadOptions load;
  load.port = port;
  load.connections = measure.connections > 0 ? measure.connections : options_.connections;
  load.seconds = SecondsOf(measure);
  return load;
}

}  // namespace multihub::bench
