#include "multihub/observability/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <sstream>
#include <vector>

#include "multihub/base/check.h"
#include "multihub/observability/log.h"

namespace multihub::observability {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

constexpr MetricRow kRows[] = {
    {Metric::kRequestDuration, "multihub_request_duration_seconds", MetricType::kHistogram, "method,code",
     "From taking a call to its answer. code 0 is success; method none: refused before its method was known."},
    {Metric::kCallsInFlight, "multihub_calls_in_flight", MetricType::kGauge, "",
     "Calls taken and not yet answered, of http.max_in_flight."},
    {Metric::kHttpConnections, "multihub_http_connections", MetricType::kGauge, "",
     "Open connections of the merchant port, of http.max_connections."},
    {Metric::kHttpRefusals, "multihub_http_refusals_total", MetricType::kCounter, "reason",
     "Requests that never became a call: malformed, overload (over http.max_in_flight), slow (a peer that was dropped "
     "because it did not read its answers)."},
    {Metric::kRateLimitRefusals, "multihub_rate_limit_refusals_total", MetricType::kCounter, "limit",
     "Calls answered 1000 because a limit of the configuration's section limits was used up."},
    {Metric::kPayments, "multihub_payments_total", MetricType::kCounter, "service_id,provider,direction,status",
     "Payments that reached a status on a route, counted after its commit by the process that committed it."},
    {Metric::kRouteEnabled, "multihub_route_enabled", MetricType::kGauge, "service_id,provider,direction",
     "1: route and provider are switched on."},
    {Metric::kProviderCalls, "multihub_provider_calls_total", MetricType::kCounter, "provider,call,outcome",
     "Calls of providers by what they said: call start or state."},
    {Metric::kProviderCallTime, "multihub_provider_call_duration_seconds", MetricType::kHistogram, "provider,call",
     "How long they took, those without an answer included."},
    {Metric::kProviderBreakerOpen, "multihub_provider_breaker_open", MetricType::kGauge, "provider",
     "1: the provider has not answered for a while, new payments are refused with 2002."},
    {Metric::kProviderQueue, "multihub_provider_queue_jobs", MetricType::kGauge, "",
     "Calls of providers that wait for a worker, of providers.queue."},
    {Metric::kWebhookAttempts, "multihub_webhook_attempts_total", MetricType::kCounter, "outcome",
     "Attempts to send a webhook: by the class of the HTTP status, or why no answer came."},
    {Metric::kWebhookAttemptTime, "multihub_webhook_attempt_duration_seconds", MetricType::kHistogram, "",
     "How long they took."},
    {Metric::kWebhookEnded, "multihub_webhook_deliveries_ended_total", MetricType::kCounter, "state",
     "Deliveries that an attempt ended: delivered, or failed for good."},
    {Metric::kWebhookQueue, "multihub_webhook_queue_deliveries", MetricType::kGauge, "place",
     "Deliveries in this process: waiting for their turn, sending."},
    {Metric::kWebhookPending, "multihub_webhook_pending_deliveries", MetricType::kGauge, "",
     "The database's: deliveries that have not ended, retries that are due later included; counted up to 100000."},
    {Metric::kWebhookOldestDue, "multihub_webhook_oldest_due_age_seconds", MetricType::kGauge, "",
     "The database's: how long ago the delivery was due that should have been taken first and was not; 0: none is "
     "overdue."},
    {Metric::kWebhookBreakersOpen, "multihub_webhook_breakers_open", MetricType::kGauge, "",
     "Origins of receivers that this process keeps away from."},
    {Metric::kLaneQueue, "multihub_lane_queue_jobs", MetricType::kGauge, "lane,kind",
     "Jobs that wait in a commit lane, of lanes.queue for each kind: merchant (calls), background."},
    {Metric::kLaneBatch, "multihub_lane_batch_jobs", MetricType::kHistogram, "lane",
     "Jobs in one committed transaction, of lanes.max_batch."},
    {Metric::kLaneTransactionTime, "multihub_lane_transaction_duration_seconds", MetricType::kHistogram, "lane",
     "A committed transaction, from BEGIN to the end of its COMMIT."},
    {Metric::kLaneCommitTime, "multihub_lane_commit_duration_seconds", MetricType::kHistogram, "lane",
     "Its COMMIT alone: the flush to disk."},
    {Metric::kLaneJobs, "multihub_lane_jobs_total", MetricType::kCounter, "lane,outcome",
     "Jobs that ended: committed, or failed (not stored, or nobody knows)."},
    {Metric::kLaneRetries, "multihub_lane_retries_total", MetricType::kCounter, "lane",
     "Transactions that were run again, whatever the reason."},
    {Metric::kLaneDeadlocks, "multihub_lane_deadlocks_total", MetricType::kCounter, "lane",
     "Transactions that the database undid: deadlock, lock timeout, database busy."},
    {Metric::kReaders, "multihub_readers", MetricType::kGauge, "", "Sessions that only read: database.readers."},
    {Metric::kReadersBusy, "multihub_readers_busy", MetricType::kGauge, "", "Those of them that are at work."},
    {Metric::kReaderQueue, "multihub_reader_queue_jobs", MetricType::kGauge, "",
     "Reads that wait for one, of database.reader_queue."},
    {Metric::kDatabaseClockOffset, "multihub_database_clock_offset_seconds", MetricType::kGauge, "",
     "The database's clock minus this machine's, measured twice a second. 0 on SQLite."},
    {Metric::kDatabaseFreeBytes, "multihub_database_free_bytes", MetricType::kGauge, "",
     "Room on the disk of the SQLite file. Not there for a server: its disk is its own."},
    {Metric::kLedgerSound, "multihub_ledger_sound", MetricType::kGauge, "",
     "The database's: result of the last `multihub ledger verify`: 1 sound, 0 a difference. Not there before the "
     "first."},
    {Metric::kLedgerVerified, "multihub_ledger_verified_timestamp_seconds", MetricType::kGauge, "",
     "The database's: when that result was found; 0: never."},
    {Metric::kAlerts, "multihub_alerts_total", MetricType::kCounter, "kind", "Alerts in the log."},
    {Metric::kLogLinesDropped, "multihub_log_lines_dropped_total", MetricType::kCounter, "",
     "Lines that were not written because whoever reads the log stood still."},
    {Metric::kReady, "multihub_ready", MetricType::kGauge, "", "1: /readyz says ready."},
    {Metric::kBuildInfo, "multihub_build_info", MetricType::kGauge, "version,engine",
     "Always 1: which version runs on which kind of database."},
};

constexpr bool InOrder() {
  std::size_t place = 0;
  for (const MetricRow& row : kRows) {
    if (static_cast<std::size_t>(row.metric) != place++) return false;
  }
  return place == static_cast<std::size_t>(Metric::kBuildInfo) + 1;
}
static_assert(InOrder(), "a metric is missing, or out of its place");

const MetricRow& RowOf(Metric metric) { return kRows[static_cast<std::size_t>(metric)]; }

prometheus::MetricType TypeOf(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return prometheus::MetricType::Counter;
    case MetricType::kGauge:
      return prometheus::MetricType::Gauge;
    case MetricType::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  MULTIHUB_CHECK(false);
}

std::vector<ClientMetric::Label> LabelsOf(std::string_view names, std::initializer_list<std::string_view> values) {
  std::vector<ClientMetric::Label> labels;
  labels.reserve(values.size());
  for (const std::string_view value : values) {
    MULTIHUB_CHECK(!names.empty());
    const std::size_t comma = std::min(names.find(','), names.size());
    labels.push_back({std::string(names.substr(0, comma)), std::string(value)});
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  MULTIHUB_CHECK(names.empty());
  return labels;
}

ClientMetric::Histogram Cumulated(const HistogramFigures& figures) {
  const Scale& scale = *figures.scale;
  ClientMetric::Histogram histogram;
  histogram.sample_sum = static_cast<double>(figures.sum) / scale.shown_unit;
  for (std::size_t i = 0; i < scale.count; ++i) {
    histogram.sample_count += figures.counts[i];
    histogram.bucket.push_back({histogram.sample_count, static_cast<double>(scale.bounds[i]) / scale.shown_unit});
  }
  // The serializer adds the bucket without a bound.
  histogram.sample_count += figures.counts[scale.count];
  return histogram;
}

}  // namespace

std::uint64_t HistogramFigures::count() const {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::span<const MetricRow> MetricRows() { return kRows; }

std::string_view NameOf(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  MULTIHUB_CHECK(false);
}

struct MetricsPage::Families {
  // At the place of their row.
  std::vector<MetricFamily> rows = std::vector<MetricFamily>(std::size(kRows));

  ClientMetric& Make(Metric metric, bool histogram, std::initializer_list<std::string_view> labels) {
    const MetricRow& row = RowOf(metric);
    MULTIHUB_CHECK((row.type == MetricType::kHistogram) == histogram);
    ClientMetric& sample = rows[static_cast<std::size_t>(metric)].metric.emplace_back();
    sample.label = LabelsOf(row.labels, labels);
    return sample;
  }
};

MetricsPage::MetricsPage() : families_(std::make_unique<Families>()) {
  for (const MetricRow& row : kRows) {
    MetricFamily& family = families_->rows[static_cast<std::size_t>(row.metric)];
    family.name = row.name;
    family.help = row.help;
    family.type = TypeOf(row.type);
  }
}

MetricsPage::~MetricsPage() = default;

void MetricsPage::Add(Metric metric, std::initializer_list<std::string_view> labels, double value) {
  ClientMetric& sample = families_->Make(metric, false, labels);
  if (RowOf(metric).type == MetricType::kCounter) {
    sample.counter.value = value;
  } else {
    sample.gauge.value = value;
  }
}

void MetricsPage::Add(Metric metric, std::initializer_list<std::string_view> labels, const HistogramFigures& figures) {
  families_->Make(metric, true, labels).histogram = Cumulated(figures);
}

std::string MetricsPage::Text() const {
  std::vector<MetricFamily> given;
  std::copy_if(families_->rows.begin(), families_->rows.end(), std::back_inserter(given),
               [](const MetricFamily& family) { return !family.metric.empty(); });
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, given);
  return out.str();
}

std::string MetricsPage::ContentType() { return "text/plain; version=0.0.4; charset=utf-8"; }

void CollectLog(MetricsPage* page) {
  for (const auto& [kind, count] : AlertCounts()) page->Add(Metric::kAlerts, {kind}, static_cast<double>(count));
  page->Add(Metric::kLogLinesDropped, {}, static_cast<double>(LogLinesDropped()));
}

}  // namespace multihub::observability
