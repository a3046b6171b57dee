// What the gateway counts and measures for GET /metrics on the ops port, in Prometheus' text form.
//
// A part of the gateway counts in instruments of its own (Counter, Histogram): members that are plain atomics, found by
// index, so that counting costs a call a few relaxed additions, no lock and no text. States, such as the length of a
// queue, are not counted at all: they are looked at when somebody asks. Then each part's `Collect` puts its figures on
// a MetricsPage under their names.
//
// Figures are those of this process since its start, but for the few of which the table says "the database's". Labels
// come from the error catalogue, the method table, the configuration and the directory's routes only: nothing a
// merchant sends is ever a label value.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace multihub::observability {

// ---- instruments ---------------------------------------------------------------------------------------------------

// Only grows. Any thread.
class Counter {
 public:
  void Add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// The buckets of a histogram: whole numbers in a small unit, and how many of these are one of the unit that is shown.
inline constexpr std::size_t kMaxBounds = 13;
struct Scale {
  double shown_unit = 1;
  std::size_t count = 0;                        // of `bounds`
  std::array<std::int64_t, kMaxBounds> bounds;  // rising; each is the largest value of its bucket
};
// Microseconds, shown as seconds. Calls, provider calls: from half a millisecond to the 10 s of http.answer_within_ms.
inline constexpr Scale kCallScale{
    1e6,
    13,
    {500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 10'000'000}};
// Transactions and their COMMIT: from a tenth of a millisecond.
inline constexpr Scale kCommitScale{
    1e6, 12, {100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 500'000, 2'500'000}};
// Milliseconds, shown as seconds. Attempts of webhooks, up to their longest timeout.
inline constexpr Scale kAttemptScale{1e3, 9, {10, 25, 50, 100, 250, 1'000, 5'000, 15'000, 60'000}};
// Jobs in one transaction, up to the largest lanes.max_batch.
inline constexpr Scale kBatchScale{1, 11, {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1'024}};

struct HistogramFigures {
  const Scale* scale = nullptr;
  std::array<std::uint64_t, kMaxBounds + 1> counts{};  // of each bucket alone; the last is for what is above all bounds
  std::int64_t sum = 0;

  std::uint64_t count() const;
};

// How often something came out how large. Any thread; two relaxed additions.
template <const Scale& kScale>
class Histogram {
 public:
  void Observe(std::int64_t value) {
    std::size_t bucket = 0;
    while (bucket < kScale.count && value > kScale.bounds[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }
  // The sum may be ahead of the counts, or behind them, by what is being observed at this moment.
  HistogramFigures figures() const {
    HistogramFigures figures{&kScale, {}, sum_.load(std::memory_order_relaxed)};
    for (std::size_t i = 0; i <= kScale.count; ++i) figures.counts[i] = counts_[i].load(std::memory_order_relaxed);
    return figures;
  }

 private:
  std::array<std::atomic<std::uint64_t>, kMaxBounds + 1> counts_{};
  std::atomic<std::int64_t> sum_{0};
};

// ---- the metrics ---------------------------------------------------------------------------------------------------

// In the order of the page. What each one is: MetricRows(), and docs/operations.md, which repeats it.
enum class Metric {
  kRequestDuration,      // rpc/gateway, when a call is answered
  kCallsInFlight,        // http/front
  kHttpConnections,      // http/front
  kHttpRefusals,         // http/front
  kRateLimitRefusals,    // rpc/pipeline
  kPayments,             // payments/jobs, after the commit of the status
  kRouteEnabled,         // cli/directory_refresher
  kProviderCalls,        // payments/provider_runner, when the provider has answered or not
  kProviderCallTime,     // the same
  kProviderBreakerOpen,  // the same
  kProviderQueue,        // the same
  kWebhookAttempts,      // webhooks/dispatcher, when an attempt has ended
  kWebhookAttemptTime,   // the same
  kWebhookEnded,         // webhooks/dispatcher, when an attempt ended its delivery
  kWebhookQueue,         // webhooks/dispatcher
  kWebhookPending,       // cli/database_sample, from the database
  kWebhookOldestDue,     // webhooks/dispatcher, from its polls of the database
  kWebhookBreakersOpen,  // webhooks/dispatcher
  kLaneQueue,            // storage/commit_lane
  kLaneBatch,            // storage/commit_lane, at each commit
  kLaneTransactionTime,  // the same
  kLaneCommitTime,       // the same
  kLaneJobs,             // storage/commit_lane, when a job's end is known
  kLaneRetries,          // storage/commit_lane, before a batch is run again
  kLaneDeadlocks,        // storage/commit_lane, when the database has undone a transaction
  kReaders,              // storage/reader_pool
  kReadersBusy,          // the same
  kReaderQueue,          // the same
  kDatabaseClockOffset,  // cli/database_clock
  kDatabaseFreeBytes,    // cli/directory_refresher
  kLedgerSound,          // cli/database_sample, from the database
  kLedgerVerified,       // the same
  kAlerts,               // observability/log, with the line
  kLogLinesDropped,      // observability/log
  kReady,                // cli/serve_command
  kBuildInfo,            // cli/gateway_service
};

enum class MetricType { kCounter, kGauge, kHistogram };

struct MetricRow {
  Metric metric;
  std::string_view name;
  MetricType type;
  std::string_view labels;  // their names, separated by commas; empty: none
  std::string_view help;
};
// One row for each, in order.
std::span<const MetricRow> MetricRows();
std::string_view NameOf(MetricType type);  // "counter", "gauge", "histogram"

// What one GET /metrics answers. One thread.
class MetricsPage {
 public:
  MetricsPage();
  ~MetricsPage();
  MetricsPage(const MetricsPage&) = delete;
  MetricsPage& operator=(const MetricsPage&) = delete;

  // One sample. `labels`: a value for each of the metric's label names, in their order. A histogram's figures must be
  // added to a histogram, and anything else to a counter or gauge.
  void Add(Metric metric, std::initializer_list<std::string_view> labels, double value);
  void Add(Metric metric, std::initializer_list<std::string_view> labels, const HistogramFigures& figures);
  void Add(Metric metric, std::initializer_list<std::string_view> labels, const Counter& counter) {
    Add(metric, labels, static_cast<double>(counter.value()));
  }

  // Metrics without a sample are left out.
  std::string Text() const;
  // The Content-Type that belongs to it.
  static std::string ContentType();

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

// multihub_alerts_total and multihub_log_lines_dropped_total, for which log.h counts.
void CollectLog(MetricsPage* page);

}  // namespace multihub::observability
