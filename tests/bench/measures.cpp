#include "bench/measures.h"

#include <unistd.h>

#include <cmath>
#include <stdexcept>

#include "bench/bare_front.h"
#include "multihub/base/clock.h"
#include "support/gateway_process.h"
#include "support/signed_client.h"

namespace multihub::bench {
namespace {

constexpr std::int64_t kApplication = 1;
// The most requests prepared for a second of a closed loop: a run that uses them up ends early.
constexpr double kMaxPaymentRate = 80000;
constexpr std::size_t kReusedRequests = 4096;
constexpr std::size_t kStatusPayments = 10000;
constexpr std::size_t kRequestBytes = 768;
constexpr std::chrono::seconds kStartTimeout{60};
constexpr std::chrono::minutes kAllArrive{2};
constexpr double kIdlePaymentRate = 50;  // a second

std::string PingBody(std::size_t n) { return R"({"method":"gateway.ping","params":{"n":)" + std::to_string(n) + "}}"; }

std::string OwnCid(std::size_t n) { return "\"c_id\":\"bench-" + std::to_string(n) + "\""; }

std::string DepositBody(std::size_t n) {
  return R"({"method":"payment.in","service_id":14703,"params":{"payment":{"description":"Bench deposit",)"
         R"("identifiers":{)" +
         OwnCid(n) +
         R"(},"amount":{"value":150000,"currency":"MXN"},"payer":{"email":"payer@example.test",)"
         R"("person":{"first_name":"Bench","last_name":"Payer"}}}}})";
}

std::string PayoutBody(std::size_t n) {
  return R"({"method":"payment.out","service_id":14801,"params":{"payment":{"description":"Bench payout",)"
         R"("identifiers":{)" +
         OwnCid(n) +
         R"(},"amount":{"value":150000,"currency":"MXN"},"receiver":{"person":{"first_name":"Bench",)"
         R"("last_name":"Payee"},"bank":{"account":{"id":"646180000000000423"}}}}}})";
}

std::string StatusBody(std::size_t n) {
  return R"({"method":"payment.status","params":{"payment":{"identifiers":{)" + OwnCid(n) + "}}}}";
}

bool IsHooked(const Measure& measure) { return measure.work == Work::kHookedDeposit || measure.work == Work::kWebhook; }

// `created_at` of a webhook's body; 0 when there is none.
std::int64_t CreatedMs(const std::string& body) {
  constexpr std::string_view kKey = R"("created_at":")";
  const std::size_t at = body.find(kKey);
  base::UnixMs created_ms = 0;
  if (at == std::string::npos || !base::ParseIso8601(body.substr(at + kKey.size(), 24), &created_ms)) return 0;
  return created_ms;
}

bool InPath(const std::string& program) {
  for (const char* folder : {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"}) {
    if (::access((folder + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

RequestPool MakeDeposits(std::size_t requests) {
  RequestPool pool(kApplication, support::SandboxSecret(kApplication), false);
  pool.Reserve(requests, kRequestBytes);
  for (std::size_t n = 0; n < requests; ++n) pool.Add(DepositBody(n), OwnCid(n));
  return pool;
}

}  // namespace

class Bench::Server {
 public:
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  virtual std::string database_url() const { return ""; }
};

// In a process of its own, as the gateway is.
class Bench::BareFrontServer : public Server {
 public:
  BareFrontServer() : process_(Options()) {
    const auto line = process_.WaitForLine(support::Stream::kStderr, "ready http://127.0.0.1:", kStartTimeout);
    if (!line.has_value()) {
      throw std::runtime_error("the bare front did not start: " + process_.Output(support::Stream::kStderr));
    }
    port_ = static_cast<std::uint16_t>(std::stoul(line->substr(line->rfind(':') + 1)));
  }
  std::uint16_t port() const override { return port_; }

 private:
  static support::SpawnOptions Options() {
    support::SpawnOptions options;
    options.argv = {"/proc/" + std::to_string(::getpid()) + "/exe", "serve-bare"};
    return options;
  }

  support::ChildProcess process_;
  std::uint16_t port_ = 0;
};

class Bench::GatewayServer : public Server {
 public:
  explicit GatewayServer(const support::GatewayOptions& options) : gateway_(options) {}
  std::uint16_t port() const override { return gateway_.port(); }
  std::string database_url() const override { return gateway_.database_url(); }
  const support::GatewayProcess& gateway() const { return gateway_; }

 private:
  support::GatewayProcess gateway_;
};

const std::vector<Measure>& AllMeasures() {
  static const std::vector<Measure> measures = {
      {"bare_front", Work::kBareFront, Engine::kNone, 0},
      {"gateway.ping", Work::kPing, Engine::kSqlite, 0.4},
      {"payment.in.sqlite", Work::kDeposit, Engine::kSqlite, 0.10},
      {"payment.in.mariadb", Work::kDeposit, Engine::kMariadb, 0.05},
      {"payout.hot_balance.sqlite", Work::kPayout, Engine::kSqlite, 0},
      {"payout.hot_balance.mariadb", Work::kPayout, Engine::kMariadb, 0},
      {"payment.status.sqlite", Work::kStatus, Engine::kSqlite, 0},
      {"payment.in.webhook.sqlite", Work::kHookedDeposit, Engine::kSqlite, 0},
      {"webhook.delivered.sqlite", Work::kWebhook, Engine::kSqlite, 0},
      {"webhook.delivered.mariadb", Work::kWebhook, Engine::kMariadb, 0},
  };
  return measures;
}

std::string Bench::WhyNot(const Measure& measure) const {
  if (measure.work == Work::kBareFront) return "";
  if (::access(options_.binary.c_str(), X_OK) != 0) return "there is no gateway binary at '" + options_.binary + "'";
  if (measure.engine == Engine::kMariadb && !InPath("mariadbd")) return "mariadbd is not installed";
  return "";
}

std::string Bench::NewDatabase(Engine engine) {
  if (engine != Engine::kMariadb) return "";
  if (mariadb_ == nullptr) {
    mariadb_ = std::make_unique<support::MariadbServer>(
        std::vector<std::string>{"--innodb-buffer-pool-size=256M", "--innodb-log-file-size=256M"});
  }
  return mariadb_->CreateDatabase("bench");
}

std::unique_ptr<Bench::Server> Bench::StartServer(const Measure& measure) {
  if (measure.work == Work::kBareFront) return std::make_unique<BareFrontServer>();
  support::GatewayOptions options;
  options.binary = options_.binary;
  options.database_url = NewDatabase(measure.engine);
  // Payments stay under way for the whole run: settling is not what is measured.
  options.env = {{"MULTIHUB_LIMITS_ENABLED", "false"}, {"MULTIHUB_SIMULATOR_DELAY_MS", "3600000"}};
  options.discard_log = true;
  auto server = std::make_unique<GatewayServer>(options);
  const std::string application = std::to_string(kApplication);
  if (measure.work == Work::kPayout) {
    Command(*server,
            {"balance", "topup", application, "MXN", "9000000000000", "--reference", "bench-one", "--reason", "bench"});
  }
  if (IsHooked(measure)) {
    receiver_ = std::make_unique<support::WebhookReceiver>();
    Command(*server, {"webhook", "create", "--app", application, "--url", receiver_->Url("/hook"), "--events",
                      "payment.created"});
  }
  return server;
}

void Bench::Command(const Server& server, std::vector<std::string> words) const {
  support::CliCall call;
  call.binary = options_.binary;
  call.args = std::move(words);
  call.args.insert(call.args.end(), {"--database", server.database_url()});
  const std::string name = call.args[0] + " " + call.args[1];
  const support::RunResult result = support::RunCli(std::move(call));
  if (result.exit_code != 0) throw std::runtime_error(name + " failed: " + result.out + result.err);
}

// The webhooks of the payments of a load, as if they were its answers: over the time until the last had come.
LoadResult Bench::Deliveries(const LoadResult& payments) const {
  LoadResult result = payments;
  result.latency = LatencyHistogram();
  const auto expected = static_cast<std::size_t>(payments.answers);
  if (!receiver_->WaitFor(expected, kAllArrive)) {
    ++result.failures;
    result.first_failure = std::to_string(receiver_->count()) + " of " + std::to_string(expected) + " webhooks arrived";
    return result;
  }
  const auto received = receiver_->Received();
  result.answers = received.size();
  result.seconds = std::chrono::duration<double>(received.back().at - received.front().at).count();
  // What the bodies say of the commit is the time of day.
  const auto offset =
      std::chrono::system_clock::now().time_since_epoch() - std::chrono::steady_clock::now().time_since_epoch();
  for (const support::ReceivedRequest& request : received) {
    const std::int64_t arrived_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(request.at.time_since_epoch() + offset).count();
    result.latency.Record(arrived_ns - CreatedMs(request.body) * 1'000'000);
  }
  return result;
}

LoadOptions Bench::LoadOn(const Measure& measure, std::uint16_t port) const {
  LoadOptions load;
  load.port = port;
  load.connections = options_.connections;
  load.seconds = options_.seconds;
  if (measure.work == Work::kBareFront) load.exact_body = BareFrontBody();
  return load;
}

RequestPool Bench::MakePool(const Measure& measure, std::uint16_t port, std::size_t requests) {
  const std::string secret = support::SandboxSecret(kApplication);
  RequestPool reused(kApplication, secret, true);
  switch (measure.work) {
    case Work::kBareFront:
      for (std::size_t n = 0; n < kReusedRequests; ++n) reused.Add(DepositBody(n), "");
      return reused;
    case Work::kPing:
      for (std::size_t n = 0; n < kReusedRequests; ++n) reused.Add(PingBody(n), "");
      return reused;
    case Work::kDeposit:
    case Work::kHookedDeposit:
    case Work::kWebhook:
      return MakeDeposits(requests);
    case Work::kPayout: {
      RequestPool pool(kApplication, secret, false);
      pool.Reserve(requests, kRequestBytes);
      for (std::size_t n = 0; n < requests; ++n) pool.Add(PayoutBody(n), OwnCid(n));
      return pool;
    }
    case Work::kStatus: {
      RequestPool deposits = MakeDeposits(kStatusPayments);
      LoadOptions load = LoadOn(measure, port);
      load.seconds = 600;
      const LoadResult created = RunClosedLoop(deposits, load);
      if (created.failures > 0) throw std::runtime_error("preparing payments: " + created.first_failure);
      // A stride that meets every payment once, far from the order they were made in.
      for (std::size_t n = 0; n < kStatusPayments; ++n) {
        const std::size_t which = n * 7919 % kStatusPayments;
        reused.Add(StatusBody(which), OwnCid(which));
      }
      return reused;
    }
  }
  throw std::logic_error("unknown work");
}

LoadResult Bench::Throughput(const Measure& measure) {
  const std::unique_ptr<Server> server = StartServer(measure);
  RequestPool pool =
      MakePool(measure, server->port(), static_cast<std::size_t>(std::ceil(kMaxPaymentRate * options_.seconds)));
  const LoadResult load = RunClosedLoop(pool, LoadOn(measure, server->port()));
  return measure.work == Work::kWebhook ? Deliveries(load) : load;
}

LoadResult Bench::Latency(const Measure& measure, double requests_per_second) {
  const std::unique_ptr<Server> server = StartServer(measure);
  const double rate = measure.work == Work::kWebhook ? kIdlePaymentRate : requests_per_second;
  RequestPool pool =
      MakePool(measure, server->port(), static_cast<std::size_t>(std::ceil(rate * options_.seconds)) + 1);
  const LoadResult load = RunOpenLoop(pool, LoadOn(measure, server->port()), rate);
  return measure.work == Work::kWebhook ? Deliveries(load) : load;
}

}  // namespace multihub::bench
