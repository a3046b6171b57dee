// multihub_bench: how fast the gateway is, as a share of what its own front could do at most on this machine now.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>

#include "bench/bare_front.h"
#include "bench/measures.h"
#include "bench/report.h"
#include "support/temp_dir.h"

namespace multihub::bench {
namespace {

// Below it the machine is busy with something else, or the generator is what is measured.
constexpr double kExpectedFrontRps = 80000;

constexpr const char* kUsage =
    "usage: multihub_bench [--only TEXT] [--rounds N] [--seconds S] [--connections N] [--load SHARE] [--json FILE]\n"
    "                      [--binary FILE]\n"
    "       multihub_bench serve-bare\n"
    "Example: multihub_bench --only payment.in --rounds 5 --json bench.json\n";

class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

double PositiveNumber(const std::string& name, const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !(value > 0)) throw UsageError(name + " needs a positive number");
  return value;
}

BenchOptions ParseOptions(int argc, char** argv) {
  BenchOptions options;
  options.binary = MULTIHUB_BINARY;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) throw UsageError(name + " needs a value");
    const std::string value = argv[i + 1];
    if (name == "--only") {
      options.only = value;
    } else if (name == "--rounds") {
      options.rounds = static_cast<int>(PositiveNumber(name, value));
    } else if (name == "--seconds") {
      options.seconds = PositiveNumber(name, value);
    } else if (name == "--connections") {
      options.connections = static_cast<int>(PositiveNumber(name, value));
    } else if (name == "--load") {
      options.load = PositiveNumber(name, value);
    } else if (name == "--json") {
      options.json_file = value;
    } else if (name == "--binary") {
      options.binary = value;
    } else {
      throw UsageError("unknown option " + name);
    }
  }
  if (options.rounds < 1 || options.connections < 1) throw UsageError("--rounds and --connections are at least 1");
  return options;
}

std::vector<Measure> Select(const BenchOptions& options, const Bench& bench) {
  std::vector<Measure> selected;
  for (const Measure& measure : AllMeasures()) {
    const bool wanted = measure.work == Work::kBareFront || measure.name.find(options.only) != std::string::npos;
    if (!wanted) continue;
    const std::string reason = bench.WhyNot(measure);
    if (reason.empty()) {
      selected.push_back(measure);
    } else {
      std::fprintf(stderr, "%s left out: %s\n", measure.name.c_str(), reason.c_str());
    }
  }
  return selected;
}

void Demand(const Measure& measure, const LoadResult& result) {
  if (result.failures == 0) return;
  throw std::runtime_error(measure.name + ": " + std::to_string(result.failures) +
                           " wrong or missing answers, the first: " + result.first_failure);
}

Sample RunRound(const Measure& measure, const BenchOptions& options, Bench* bench) {
  const LoadResult throughput = bench->Throughput(measure);
  Demand(measure, throughput);
  const LoadResult latency = bench->Latency(measure, options.load * throughput.rps());
  Demand(measure, latency);
  Sample sample;
  sample.rps = throughput.rps();
  sample.p50_ms = latency.latency.PercentileMs(50);
  sample.p99_ms = latency.latency.PercentileMs(99);
  sample.own_cpu = throughput.own_cpu;
  return sample;
}

int Run(const BenchOptions& options) {
  Bench bench(options);
  const std::vector<Measure> measures = Select(options, bench);
  std::vector<Line> lines;
  for (const Measure& measure : measures) lines.push_back({measure.name, measure.target_ratio, {}});
  for (int round = 1; round <= options.rounds; ++round) {
    double front_rps = 0;
    for (std::size_t i = 0; i < measures.size(); ++i) {
      Sample sample = RunRound(measures[i], options, &bench);
      if (measures[i].work == Work::kBareFront) front_rps = sample.rps;
      sample.ratio_to_front = sample.rps / front_rps;
      lines[i].samples.push_back(sample);
      std::fprintf(stderr, "round %d of %d: %s %.0f/s\n", round, options.rounds, measures[i].name.c_str(), sample.rps);
    }
  }
  std::fputs(Table(lines, options.load).c_str(), stdout);
  std::vector<double> front;
  for (const Sample& sample : lines.front().samples) front.push_back(sample.rps);
  if (Median(front) < kExpectedFrontRps) {
    std::printf("The bare front stayed below %.0f/s: this machine is slow or busy now; read the ratios with care.\n",
                kExpectedFrontRps);
  }
  if (!options.json_file.empty()) support::WriteFile(options.json_file, Json(lines));
  return 0;
}

int Main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--help") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (first == "serve-bare" && argc == 2) return ServeBareFront();
  return Run(ParseOptions(argc, argv));
}

}  // namespace
}  // namespace multihub::bench

int main(int argc, char** argv) {
  try {
    return multihub::bench::Main(argc, argv);
  } catch (const multihub::bench::UsageError& error) {
    std::fprintf(stderr, "%s\n%s", error.what(), multihub::bench::kUsage);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
