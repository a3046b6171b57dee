// Runs measures.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/databases.h"
#include "bench/generator.h"
#include "bench/measures.h"
#include "bench/report.h"
#include "bench/servers.h"
#include "support/webhook_receiver.h"

namespace multihub::bench {

struct BenchOptions {
  double seconds = 2;  // of each closed and each open loop
  int connections = 256;
  double load = 0.5;   // the open loop's rate as a share of the closed loop's throughput in the same round
  std::string binary;  // the gateway
};

// Each loop runs against a server and database of its own that nothing else has used, so that neither the work one
// measure leaves behind nor the size of its tables weighs on another. Failures, a single wrong answer among them,
// throw std::runtime_error.
class Bench {
 public:
  explicit Bench(const BenchOptions& options) : options_(options) {}

  // One round of one measure: throughput in a closed loop, then latency in an open one; of an overload, what the
  // server does of an offer in an open loop.
  Sample Run(const Measure& measure);

 private:
  Sample RunLoops(const Measure& measure);
  Sample RunOverload(const Measure& measure);
  // `requests_per_second` 0: the closed loop. What it has to say besides goes to `notes`.
  LoadResult Loop(const Measure& measure, double requests_per_second, std::map<std::string, double>* notes);
  LoadResult LoopOnStored(const Measure& measure, double requests_per_second);
  LoadResult RunLoad(RequestPool* pool, std::uint16_t port, const Measure& measure, double requests_per_second) const;
  double SecondsOf(const Measure& measure) const;
  // How many requests a loop is given.
  std::size_t RequestsFor(const Measure& measure, double requests_per_second) const;
  std::unique_ptr<Database> MakeDatabase(const Measure& measure);
  std::unique_ptr<Server> StartServer(const Measure& measure, const Database* database);
  void PrepareSpread(const Database& database) const;
  RequestPool MakePool(const Measure& measure, std::uint16_t port, double requests_per_second) const;
  void StoreStatusPayments(std::uint16_t port, const Measure& measure) const;
  LoadResult Outcome(const Measure& measure, const LoadResult& load, const Database& database,
                     std::map<std::string, double>* notes) const;
  void TopUp(const Database& database, std::int64_t application) const;
  LoadOptions LoadOn(std::uint16_t port, const Measure& measure) const;

  const BenchOptions options_;
  std::map<std::string, double> throughputs_;  // a second, of each measure in its latest round
  MariadbDatabases mariadb_;
  std::unique_ptr<support::WebhookReceiver> receiver_;  // of the measure that runs
};

}  // namespace multihub::bench
