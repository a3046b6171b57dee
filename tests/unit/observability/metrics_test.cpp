#include "multihub/observability/metrics.h"

#include <catch2/catch.hpp>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "multihub/observability/log.h"
#include "support/temp_dir.h"
#include "unit/base/expect_abort.h"

namespace multihub::observability {
namespace {

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST_CASE("metrics: a value at a bound belongs to the bucket of that bound, one above all to the last") {
  Histogram<kBatchScale> histogram;
  for (const int value : {0, 1, 2, 3, 1024, 1025, 9999}) histogram.Observe(value);
  const HistogramFigures figures = histogram.figures();
  CHECK(figures.count() == 7);
  CHECK(figures.sum == 0 + 1 + 2 + 3 + 1024 + 1025 + 9999);
  CHECK(figures.counts[0] == 2);  // up to 1
  CHECK(figures.counts[1] == 1);  // up to 2
  CHECK(figures.counts[2] == 1);  // up to 4
  CHECK(figures.counts[kBatchScale.count - 1] == 1);
  CHECK(figures.counts[kBatchScale.count] == 2);
}

TEST_CASE("metrics: the bounds of every scale rise") {
  for (const Scale* scale : {&kCallScale, &kCommitScale, &kAttemptScale, &kBatchScale}) {
    for (std::size_t i = 1; i < scale->count; ++i) CHECK(scale->bounds[i] > scale->bounds[i - 1]);
  }
}

TEST_CASE("metrics: nothing is lost when threads count together") {
  constexpr int kThreads = 4, kEach = 20'000;
  Counter counter;
  Histogram<kCallScale> histogram;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) {
        counter.Add();
        histogram.Observe(n);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(counter.value() == kThreads * kEach);
  CHECK(histogram.figures().count() == kThreads * kEach);
  CHECK(histogram.figures().sum == std::int64_t{kThreads} * kEach * (kEach - 1) / 2);
}

TEST_CASE("metrics: a page shows counters, gauges and histograms in base units, and only what it was given") {
  Counter retries;
  retries.Add(3);
  Histogram<kCommitScale> commits;
  commits.Observe(100);         // 0.1 ms
  commits.Observe(2'000);       // 2 ms
  commits.Observe(60'000'000);  // a minute
  MetricsPage page;
  page.Add(Metric::kLaneRetries, {"0"}, retries);
  page.Add(Metric::kDatabaseClockOffset, {}, -2.5);
  page.Add(Metric::kLaneCommitTime, {"0"}, commits.figures());
  const std::vector<std::string> lines = LinesOf(page.Text());
  const std::set<std::string> all(lines.begin(), lines.end());
  for (const std::string line :
       {"# TYPE multihub_lane_retries_total counter", "multihub_lane_retries_total{lane=\"0\"} 3",
        "# TYPE multihub_database_clock_offset_seconds gauge", "multihub_database_clock_offset_seconds -2.5",
        "# TYPE multihub_lane_commit_duration_seconds histogram",
        "multihub_lane_commit_duration_seconds_bucket{lane=\"0\",le=\"0.0001\"} 1",
        "multihub_lane_commit_duration_seconds_bucket{lane=\"0\",le=\"0.001\"} 1",
        "multihub_lane_commit_duration_seconds_bucket{lane=\"0\",le=\"0.0025\"} 2",
        "multihub_lane_commit_duration_seconds_bucket{lane=\"0\",le=\"2.5\"} 2",
        "multihub_lane_commit_duration_seconds_bucket{lane=\"0\",le=\"+Inf\"} 3",
        "multihub_lane_commit_duration_seconds_count{lane=\"0\"} 3"}) {
    INFO(line);
    INFO(page.Text());
    CHECK(all.count(line) == 1);
  }
  // Three metrics, in the order of the catalogue: a help and a type each, one sample twice and 15 for the histogram.
  CHECK(lines.size() == 3 * 2 + 2 + kCommitScale.count + 3);
  CHECK(lines.front().rfind("# HELP multihub_lane_commit_duration_seconds ", 0) == 0);
  CHECK(MetricsPage().Text().empty());
}

TEST_CASE("metrics: a label too few or too many, or figures of another type, are a mistake of ours") {
  CHECK(base::Aborts([] { MetricsPage().Add(Metric::kLaneQueue, {"0"}, 1); }));
  CHECK(base::Aborts([] { MetricsPage().Add(Metric::kReady, {"0"}, 1); }));
  CHECK(base::Aborts([] { MetricsPage().Add(Metric::kLaneCommitTime, {"0"}, 1); }));
  CHECK(base::Aborts([] { MetricsPage().Add(Metric::kReady, {}, Histogram<kBatchScale>().figures()); }));
}

TEST_CASE("metrics: every alert the gateway knows is shown from 0 on, and counted with its line") {
  MetricsPage before;
  CollectLog(&before);
  for (const char* kind : {"amount_mismatch", "balance_limit", "database_damaged", "database_full",
                           "database_not_writable", "late_message", "payment_stuck", "webhook_gone"}) {
    INFO(kind);
    CHECK(before.Text().find("multihub_alerts_total{kind=\"" + std::string(kind) + "\"} ") != std::string::npos);
  }
  const std::uint64_t count = AlertCount("payment_stuck");
  Alert("payment_stuck");
  Alert("payment_stuck");
  MetricsPage after;
  CollectLog(&after);
  const std::string sample = "multihub_alerts_total{kind=\"payment_stuck\"} " + std::to_string(count + 2) + "\n";
  CHECK(after.Text().find(sample) != std::string::npos);
}

TEST_CASE("metrics: docs/operations.md has one line for each, and no other") {
  std::vector<std::string> expected;
  for (const MetricRow& row : MetricRows()) {
    std::string labels;
    for (const char c : row.labels) labels += c == ',' ? std::string(", ") : std::string(1, c);
    expected.push_back("| `" + std::string(row.name) + "` | " + std::string(NameOf(row.type)) + " | " + labels +
                       (labels.empty() ? "| " : " | ") + std::string(row.help) + " |");
  }
  std::vector<std::string> found;
  for (const std::string& line : LinesOf(support::ReadFile(std::string(MULTIHUB_SOURCE_DIR) + "/docs/operations.md"))) {
    if (line.rfind("| `multihub_", 0) == 0) found.push_back(line);
  }
  CHECK(found == expected);
}

}  // namespace
}  // namespace multihub::observability
