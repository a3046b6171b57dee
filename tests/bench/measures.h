// What is measured, and how one measurement is made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/generator.h"
#include "support/mariadb_server.h"
#include "support/webhook_receiver.h"

namespace multihub::bench {

enum class Work {
  kBareFront,
  kPing,
  kDeposit,
  kPayout,
  kStatus,
  kHookedDeposit,  // a deposit that an endpoint on this machine hears of
  kWebhook,        // webhooks arriving there; latency is from commit to arrival when next to nothing else happens
};
enum class Engine { kNone, kSqlite, kMariadb };

struct Measure {
  std::string name;
  Work work;
  Engine engine;
  double target_ratio;  // of the bare front; 0: none
};

// Every measure, the bare front first.
const std::vector<Measure>& AllMeasures();

struct BenchOptions {
  int rounds = 3;
  double seconds = 2;  // of each closed and each open loop
  int connections = 256;
  double load = 0.6;      // the open loop's rate as a share of the closed loop's throughput in the same round
  std::string binary;     // the gateway
  std::string only;       // measures whose name holds this, and the bare front; empty: all
  std::string json_file;  // empty: none
};

// Runs measures, each against a server and database of its own that nothing else has used, so that neither the work
// one measure leaves behind nor the size of its tables weighs on another.
class Bench {
 public:
  explicit Bench(const BenchOptions& options) : options_(options) {}

  // An English reason why the measure cannot run here; empty when it can.
  std::string WhyNot(const Measure& measure) const;
  LoadResult Throughput(const Measure& measure);
  LoadResult Latency(const Measure& measure, double requests_per_second);

 private:
  class Server;
  class BareFrontServer;
  class GatewayServer;

  std::unique_ptr<Server> StartServer(const Measure& measure);
  std::string NewDatabase(Engine engine);
  RequestPool MakePool(const Measure& measure, std::uint16_t port, std::size_t requests);
  LoadOptions LoadOn(const Measure& measure, std::uint16_t port) const;
  // An operator command that must succeed.
  void Command(const Server& server, std::vector<std::string> words) const;
  LoadResult Deliveries(const LoadResult& payments) const;

  const BenchOptions& options_;
  std::unique_ptr<support::MariadbServer> mariadb_;
  std::unique_ptr<support::WebhookReceiver> receiver_;  // of the measure that runs
};

}  // namespace multihub::bench
