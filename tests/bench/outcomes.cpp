#include "bench/outcomes.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "multihub/base/clock.h"

namespace multihub::bench {
namespace {

constexpr std::chrono::minutes kAllArrive{2};
constexpr std::chrono::minutes kAllEnd{5};
// Looking costs the machine that is measured; when the last payment ended is taken from its row.
constexpr std::chrono::milliseconds kBetweenLooks{250};
constexpr double kMaySkipAStep = 0.01;
constexpr std::int64_t kNsPerMs = 1'000'000;

// `created_at` of a webhook's body; 0 when there is none.
std::int64_t CreatedMs(const std::string& body) {
  constexpr std::string_view kKey = R"("created_at":")";
  const std::size_t at = body.find(kKey);
  base::UnixMs created_ms = 0;
  if (at == std::string::npos || !base::ParseIso8601(body.substr(at + kKey.size(), 24), &created_ms)) return 0;
  return created_ms;
}

void Fail(LoadResult* result, const std::string& what) {
  if (++result->failures == 1) result->first_failure = what;
}

bool AwaitNoTasks(const Database& database) {
  const auto give_up = std::chrono::steady_clock::now() + kAllEnd;
  while (database.QueryNumber("SELECT COUNT(*) FROM provider_tasks") > 0) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return true;
}

LatencyHistogram Ages(const Database& database) {
  LatencyHistogram ages;
  for (const auto& row : database.Query("SELECT finished_ms - created_ms, COUNT(*) FROM payments GROUP BY 1")) {
    const std::int64_t age_ns = std::stoll(row.at(0)) * kNsPerMs;
    for (long long n = std::stoll(row.at(1)); n > 0; --n) ages.Record(age_ns);
  }
  return ages;
}

}  // namespace

LoadResult Deliveries(const LoadResult& payments, const support::WebhookReceiver& receiver) {
  LoadResult result = payments;
  result.latency = LatencyHistogram();
  const auto expected = static_cast<std::size_t>(payments.answers);
  if (!receiver.WaitFor(expected, kAllArrive)) {
    Fail(&result, std::to_string(receiver.count()) + " of " + std::to_string(expected) + " webhooks arrived");
    return result;
  }
  const auto received = receiver.Received();
  result.answers = received.size();
  result.seconds = std::chrono::duration<double>(received.back().at - received.front().at).count();
  // What the bodies say of the commit is the time of day.
  const auto offset =
      std::chrono::system_clock::now().time_since_epoch() - std::chrono::steady_clock::now().time_since_epoch();
  for (const support::ReceivedRequest& request : received) {
    const std::int64_t arrived_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(request.at.time_since_epoch() + offset).count();
    result.latency.Record(arrived_ns - CreatedMs(request.body) * kNsPerMs);
  }
  return result;
}

Lives AwaitLives(const LoadResult& payments, const Database& database, int events, int entries) {
  Lives lives;
  lives.load = payments;
  if (!AwaitNoTasks(database)) {
    Fail(&lives.load, "payments are still under way");
    return lives;
  }
  const auto row = database
                       .Query(
                           "SELECT COUNT(*), SUM(status = 'success'), MIN(created_ms), MAX(finished_ms) "
                           "FROM payments")
                       .at(0);
  const auto count = static_cast<double>(std::stoll(row.at(0)));
  if (row.at(0) != row.at(1)) Fail(&lives.load, row.at(1) + " of " + row.at(0) + " payments ended in success");
  lives.load.answers = static_cast<std::uint64_t>(count);
  lives.load.seconds = static_cast<double>(std::stoll(row.at(3)) - std::stoll(row.at(2))) / 1000;
  lives.load.latency = Ages(database);
  const auto number = [&](const char* sql) { return static_cast<double>(database.QueryNumber(sql)); };
  lives.events_per_payment = number("SELECT COUNT(*) FROM events") / count;
  lives.entries_per_payment =
      number("SELECT COUNT(*) FROM ledger_entries WHERE kind LIKE 'payout%' OR kind LIKE 'deposit%'") / count;
  if (lives.events_per_payment < events - kMaySkipAStep) Fail(&lives.load, "payments do not have all their events");
  if (lives.entries_per_payment != entries) Fail(&lives.load, "payments do not have all their ledger entries");
  return lives;
}

}  // namespace multihub::bench
