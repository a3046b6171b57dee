// The real gateway under everything at once, for as long as it is told: some seconds in the ordinary run, half an hour
// as `./dev soak mixed`, five minutes of a sanitizer's build as `./dev soak storm-asan` and `storm-tsan`.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <deque>
#include <iostream>
#include <memory>
#include <thread>

#include "endurance/mixed_load_fixture.h"

namespace multihub::endurance {
namespace {

using functional::Callers;
using functional::Eventually;
using functional::Rows;

constexpr int kMerchants = 32;
constexpr int kAborting = 2;
constexpr double kLoadShare = 0.7;
constexpr double kCalibrationShare = 0.1;
constexpr std::chrono::seconds kLongestCalibration{60};
// Of the steady part, before memory is compared.
constexpr double kWarmUpShare = 0.1;
constexpr double kMemoryGrowth = 1.05;
// What is left when the load ends has to come to its end.
constexpr std::chrono::seconds kRunOut{900};
constexpr std::chrono::minutes kCommandTimeout{20};
// Runs shorter than this have no quarters worth comparing.
constexpr std::chrono::seconds kComparable{120};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::chrono::seconds SecondsOf(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return std::chrono::seconds(text == nullptr ? otherwise : std::max(1, std::atoi(text)));
}

// MULTIHUB_ENDURANCE_ENGINE: "sqlite", or MariaDB.
bool OnSqlite() {
  const char* text = std::getenv("MULTIHUB_ENDURANCE_ENGINE");
  return text != nullptr && std::string(text) == "sqlite";
}

std::map<std::string, std::string> Environment() {
  auto env = functional::FastSandbox();
  // The log of half an hour would be read by nobody.
  env["MULTIHUB_LOG_LEVEL"] = "error";
  return env;
}

// A gateway with its database, its merchants and the receiver of their webhooks.
class Scene {
 public:
  Scene() {
    if (OnSqlite()) {
      sandbox_ = std::make_unique<Sandbox>(functional::TestEngine::kSqlite, Environment());
    } else {
      server_ = std::make_unique<support::MariadbServer>(
          std::vector<std::string>{"--innodb-buffer-pool-size=256M", "--innodb-log-file-size=256M"});
      sandbox_ = std::make_unique<Sandbox>(server_.get(), Environment());
    }
    for (const char* application : {"1", "2"}) {
      const std::string url = desk_.Url(std::string("/app") + application);
      sandbox_->Cli({"webhook", "create", "--app", application, "--url", url});
    }
    // Enough for every payout.
    sandbox_->Cli({"balance", "topup", "1", "MXN", "100000000000", "--reference", "endurance", "--reason", "test"});
    sandbox_->Cli({"balance", "topup", "2", "INR", "100000000000", "--reference", "endurance", "--reason", "test"});
  }

  void StartMerchants(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string own = desk_.Url("/own" + std::to_string(i % 2 + 1));
      merchants_.emplace_back(*sandbox_, i, own, desk_.Url("/idle"), &load_);
      Merchant* merchant = &merchants_.back();
      callers_.Start([merchant](const std::atomic<bool>& stop) { merchant->Run(stop); });
    }
  }
  void StartAborting(int count, std::chrono::milliseconds pause) {
    for (int i = 0; i < count; ++i) {
      callers_.Start(
          [this, i, pause](const std::atomic<bool>& stop) { RunAborting(*sandbox_, i, pause, &load_, stop); });
    }
  }
  void StopAll() { callers_.Stop(); }

  Load& load() { return load_; }
  Sandbox& sandbox() { return *sandbox_; }
  WebhookDesk& desk() { return desk_; }
  support::MariadbServer* server() { return server_.get(); }

  // The database away and back, under load.
  void RestartDatabase() {
    load_.outage = true;
    server_->Stop();
    server_->Start();
    // Every merchant is served again, and so often that every session has been used.
    std::vector<std::int64_t> enough;
    for (const Merchant& merchant : merchants_) enough.push_back(merchant.served() + 30);
    CHECK(Eventually([&] {
      for (std::size_t i = 0; i < enough.size(); ++i) {
        if (merchants_[i].served() < enough[i]) return false;
      }
      return true;
    }));
    load_.outage = false;
  }

  // Everything that was promised, looked at when the load has ended.
  void CheckPromises() {
    INFO(load_.first_troubles());
    INFO(sandbox_->gateway().notices());
    CHECK(load_.troubles() == 0);
    REQUIRE(sandbox_->gateway().running());
    CHECK(Eventually([&] { return Count("payments WHERE status IN ('created', 'processing')") == 0; }, kRunOut));
    CHECK(Eventually([&] { return Count("webhook_deliveries WHERE state = 'pending'") == 0; }, kRunOut));
    CHECK(Count("provider_tasks") == 0);
    CheckAcknowledged();
    CheckWebhooks();
    support::CliCall verify;
    verify.args = {"ledger", "verify", "--database", sandbox_->gateway().database_url()};
    verify.timeout = kCommandTimeout;
    const support::RunResult verdict = support::RunCli(std::move(verify));
    INFO(verdict.out + verdict.err);
    CHECK(verdict.exit_code == 0);
    // It ends well, and a sanitizer has nothing to say.
    CHECK(sandbox_->gateway().Terminate() == 0);
    CHECK(sandbox_->gateway().notices().find("Sanitizer") == std::string::npos);
  }

 private:
  std::int64_t Count(const std::string& from_where) { return sandbox_->Count(from_where); }

  // Nothing acknowledged is lost, and nothing is there twice.
  void CheckAcknowledged() {
    std::size_t lost = 0, acknowledged = 0;
    for (const int application : {1, 2}) {
      std::map<std::string, std::string> stored;
      const std::string where = " WHERE application_id = " + std::to_string(application);
      for (auto& row : sandbox_->Sql("SELECT c_id, h_id FROM payments" + where)) stored[row.at(0)] = row.at(1);
      CHECK(static_cast<std::int64_t>(stored.size()) == Count("payments" + where));
      for (const Merchant& merchant : merchants_) {
        if (merchant.application() != application) continue;
        for (const auto& [number, h_id] : merchant.acknowledged()) {
          ++acknowledged;
          const auto found = stored.find(merchant.ClientId(number));
          if (found != stored.end() && found->second == h_id) continue;
          if (++lost <= 3)
            FAIL_CHECK(merchant.ClientId(number) << " was acknowledged as " << h_id << " and is not there");
        }
      }
    }
    CHECK(lost == 0);
    CHECK(acknowledged > 0);
  }

  // Every delivery is done, none has failed but those of endpoints that were switched off, and as many different events
  // came as there were to deliver.
  void CheckWebhooks() {
    const std::string to_stay =
        "FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id WHERE e.url NOT LIKE '%/idle/%'";
    CHECK(Count("(SELECT d.id " + to_stay + " AND d.state <> 'delivered') x") == 0);
    CHECK(Count("webhook_deliveries WHERE state = 'failed' AND outcome <> 'endpoint_disabled'") == 0);
    const std::int64_t different = Count("(SELECT DISTINCT d.endpoint_id, d.h_id, d.status_version " + to_stay + ") x");
    CHECK(different > 0);
    CHECK(static_cast<std::int64_t>(desk_.different()) == different);
  }

  Load load_;
  WebhookDesk desk_{&load_};
  std::unique_ptr<support::MariadbServer> server_;
  std::unique_ptr<Sandbox> sandbox_;
  std::deque<Merchant> merchants_;
  Callers callers_;
};

// Calls a second that the machine takes with everything on it.
double Calibrate(Scene* scene, std::chrono::duration<double> span) {
  scene->load().interval_us = 0;
  const auto begin = Clock::now();
  const std::int64_t before = scene->load().answers;
  std::this_thread::sleep_for(span);
  const std::chrono::duration<double> took = Clock::now() - begin;
  return static_cast<double>(scene->load().answers - before) / took.count();
}

// The steady part: in quarters, a server's database away at the middle.
std::vector<Vitals> RunSteadily(Scene* scene, std::chrono::duration<double> span) {
  std::vector<Vitals> samples;
  const auto begin = Clock::now();
  const auto pause = std::min<std::chrono::duration<double>>(span / 100, std::chrono::seconds(1));
  // A short run spares it: webhooks under way then wait for the end of their leases, a minute later.
  bool restarted = scene->server() == nullptr || span < kComparable;
  for (;;) {
    const std::chrono::duration<double> passed = Clock::now() - begin;
    const double share = passed / span;
    if (share >= 1) break;
    scene->load().phase = std::min(static_cast<int>(share * Load::kPhases), Load::kPhases - 1);
    if (share >= 0.5 && !restarted) {
      restarted = true;
      scene->RestartDatabase();
      continue;
    }
    samples.push_back(VitalsOf(scene->sandbox().gateway().pid()));
    samples.back().at_share = share;
    scene->desk().Forget();
    std::this_thread::sleep_for(pause);
  }
  scene->load().phase = -1;
  return samples;
}

void Print(Scene* scene, const std::vector<Vitals>& samples) {
  const Load& load = scene->load();
  std::cout << "quarter    answers    p50 ms    p99 ms    resident MiB    descriptors\n";
  for (int quarter = 0; quarter < Load::kPhases; ++quarter) {
    const Vitals vitals = MedianOf(samples, quarter / 4.0, (quarter + 1) / 4.0);
    std::cout << quarter + 1 << "          " << load.CountOf(quarter) << "    " << load.PercentileMs(quarter, 50)
              << "    " << load.PercentileMs(quarter, 99) << "    " << static_cast<double>(vitals.resident_kb) / 1024
              << "    " << vitals.descriptors << "\n";
  }
  std::cout << load.in_outage << " answers 2000 or 1000 while the database was away, " << load.aborted
            << " aborted connections, " << scene->desk().requests() << " webhooks\n";
  for (const auto& [method, count] : load.methods()) std::cout << "  " << method << " " << count << "\n";
  std::cout << std::flush;
}

void CompareQuarters(const Load& load, const std::vector<Vitals>& samples) {
  const Vitals first = MedianOf(samples, kWarmUpShare, 0.25), last = MedianOf(samples, 0.75, 1);
  REQUIRE(first.resident_kb > 0);
  CHECK(static_cast<double>(last.resident_kb) <= static_cast<double>(first.resident_kb) * kMemoryGrowth);
  CHECK(last.descriptors <= first.descriptors + first.descriptors / 10 + 8);
  // Only what would be felt: an order of magnitude.
  CHECK(load.PercentileMs(3, 99) <= std::max(10 * load.PercentileMs(0, 99), 500.0));
}

TEST_CASE("gateway: under a mixed load with every method it answers right, loses nothing and takes no more memory") {
  const auto span = SecondsOf("MULTIHUB_ENDURANCE_SECONDS", 5);
  Scene scene;
  scene.load().late_endings = span >= kComparable;
  scene.StartMerchants(kMerchants);
  scene.StartAborting(kAborting, std::chrono::milliseconds(10));
  const std::chrono::duration<double> calibration =
      std::min<std::chrono::duration<double>>(span * kCalibrationShare, kLongestCalibration);
  const double rate = Calibrate(&scene, calibration);
  scene.load().interval_us = static_cast<std::int64_t>(kMerchants * 1e6 / (kLoadShare * std::max(rate, 1.0)));
  std::cout << (OnSqlite() ? "SQLite: " : "MariaDB: ") << rate << " calls a second at most; going on at "
            << kLoadShare * rate << " for " << (span - calibration).count() << " s" << std::endl;
  const std::vector<Vitals> samples = RunSteadily(&scene, span - calibration);
  scene.StopAll();
  Print(&scene, samples);
  // A sanitizer keeps what was freed, and a short run is all warming up.
  if (!kSanitized && span >= kComparable) CompareQuarters(scene.load(), samples);
  CHECK(scene.load().aborted > 0);
  for (const char* method : {"payment.in", "payment.out", "payment.status", "balance.get", "gateway.ping"}) {
    INFO(method);
    CHECK(scene.load().methods()[method] > 0);
  }
  scene.CheckPromises();
}

TEST_CASE("gateway: beside a storm of aborting clients its merchants get their own answers and their payments") {
  const auto span = SecondsOf("MULTIHUB_STORM_SECONDS", 2);
  Scene scene;
  scene.load().late_endings = span >= kComparable;
  scene.StartMerchants(6);
  scene.StartAborting(3, std::chrono::milliseconds(0));
  const auto until = Clock::now() + span;
  while (Clock::now() < until && scene.sandbox().gateway().running()) {
    scene.desk().Forget();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  scene.StopAll();
  std::cout << "storm: " << scene.load().answers << " answers beside " << scene.load().aborted
            << " aborted connections, " << scene.desk().requests() << " webhooks" << std::endl;
  CHECK(scene.load().aborted > 0);
  scene.CheckPromises();
}

}  // namespace
}  // namespace multihub::endurance
