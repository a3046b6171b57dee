// multihub_bench: how fast the gateway is, as a share of what its own front could do at most on this machine now, and
// against other ways to do the same. See README.md beside it.

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <string>

#include "bench/bare_front.h"
#include "bench/bench.h"
#include "bench/instructions.h"
#include "bench/plans.h"
#include "bench/report.h"
#include "support/json.h"
#include "support/temp_dir.h"

namespace multihub::bench {
namespace {

// Below it the machine is busy with something else, or the generator is what is measured.
constexpr double kExpectedFrontRps = 80000;
constexpr std::size_t kCountedPayments = 4000;

constexpr const char* kUsage =
    "usage: multihub_bench [--only TEXT] [--big] [--rounds N] [--seconds S] [--connections N] [--load SHARE]\n"
    "                      [--json FILE] [--raw FILE] [--binary FILE]\n"
    "       multihub_bench --instructions     instructions of one payment.in, under callgrind\n"
    "       multihub_bench --plans            which index each statement of the hot paths uses\n"
    "       multihub_bench serve-bare\n"
    "Example: multihub_bench --only payment.in --rounds 5 --json bench.json\n";

class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct CommandLine {
  BenchOptions bench;
  Selection selection;
  int rounds = 5;
  std::string json_file;  // empty: none
  std::string raw_file;   // empty: none
  bool instructions = false;
  bool plans = false;
};

double PositiveNumber(const std::string& name, const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !(value > 0)) throw UsageError(name + " needs a positive number");
  return value;
}

bool TakeSwitch(const std::string& name, CommandLine* line) {
  if (name == "--big") {
    line->selection.big = true;
  } else if (name == "--instructions") {
    line->instructions = true;
  } else if (name == "--plans") {
    line->plans = true;
  } else {
    return false;
  }
  return true;
}

void TakeValue(const std::string& name, const std::string& value, CommandLine* line) {
  if (name == "--only") {
    line->selection.only = value;
  } else if (name == "--rounds") {
    line->rounds = static_cast<int>(PositiveNumber(name, value));
  } else if (name == "--seconds") {
    line->bench.seconds = PositiveNumber(name, value);
  } else if (name == "--connections") {
    line->bench.connections = static_cast<int>(PositiveNumber(name, value));
  } else if (name == "--load") {
    line->bench.load = PositiveNumber(name, value);
  } else if (name == "--json") {
    line->json_file = value;
  } else if (name == "--raw") {
    line->raw_file = value;
  } else if (name == "--binary") {
    line->bench.binary = value;
  } else {
    throw UsageError("unknown option " + name);
  }
}

CommandLine Parse(int argc, char** argv) {
  CommandLine line;
  line.bench.binary = MULTIHUB_BINARY;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (TakeSwitch(name, &line)) continue;
    if (i + 1 == argc) throw UsageError(name + " needs a value, or is no option");
    TakeValue(name, argv[++i], &line);
  }
  if (line.rounds < 1 || line.bench.connections < 1) throw UsageError("--rounds and --connections are at least 1");
  if (::access(line.bench.binary.c_str(), X_OK) != 0) {
    throw std::runtime_error("there is no gateway binary at '" + line.bench.binary + "'");
  }
  return line;
}

std::string LoadAverage() {
  double load[3] = {0, 0, 0};
  ::getloadavg(load, 3);
  return nlohmann::json(load).dump();
}

std::string TimeOfDay() {
  char text[32];
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return nlohmann::json(text).dump();
}

Circumstances CircumstancesOf(const CommandLine& line) {
  utsname system{};
  ::uname(&system);
  return {{"begun", TimeOfDay()},
          {"load_average_before", LoadAverage()},
          {"processors", std::to_string(::sysconf(_SC_NPROCESSORS_ONLN))},
          {"kernel", nlohmann::json(system.release).dump()},
          {"rounds", std::to_string(line.rounds)},
          {"seconds", std::to_string(line.bench.seconds)},
          {"connections", std::to_string(line.bench.connections)},
          {"load", std::to_string(line.bench.load)}};
}

void Measure(const CommandLine& line) {
  Circumstances circumstances = CircumstancesOf(line);
  std::vector<Line> lines;
  for (const auto& measure : Select(AllMeasures(), line.selection)) lines.push_back({measure, {}});
  Bench bench(line.bench);
  for (int round = 1; round <= line.rounds; ++round) {
    for (Line& measured : lines) {
      measured.samples.push_back(bench.Run(measured.measure));
      const Sample& sample = measured.samples.back();
      std::fprintf(stderr, "round %d of %d: %s %.0f/s, p99 %.2f ms\n", round, line.rounds,
                   measured.measure.name.c_str(), sample.rps, sample.p99_ms);
    }
  }
  circumstances.push_back({"load_average_after", LoadAverage()});
  circumstances.push_back({"ended", TimeOfDay()});
  std::fputs(Table(lines).c_str(), stdout);
  std::vector<double> front;
  for (const Sample& sample : lines.front().samples) front.push_back(sample.rps);
  if (Median(front) < kExpectedFrontRps) {
    std::printf("The bare front stayed below %.0f/s: this machine is slow or busy now; read the ratios with care.\n",
                kExpectedFrontRps);
  }
  if (!line.json_file.empty()) support::WriteFile(line.json_file, Json(lines));
  if (!line.raw_file.empty()) support::WriteFile(line.raw_file, RawJson(lines, circumstances));
}

void ReportInstructions(const CommandLine& line) {
  const InstructionCount count = CountInstructions(line.bench.binary, kCountedPayments);
  std::printf("payment.in.sqlite: %.0f instructions (%zu payments and twice as many; %.0f besides them)\n",
              count.per_payment, count.payments, count.of_start_and_stop);
  if (line.json_file.empty()) return;
  nlohmann::ordered_json row;
  row["measure"] = "payment.in.instructions.sqlite";
  row["instructions"] = count.per_payment;
  row["payments"] = count.payments;
  row["besides"] = count.of_start_and_stop;
  support::WriteFile(line.json_file, nlohmann::ordered_json::array({row}).dump(1) + "\n");
}

int Main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--help") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (first == "serve-bare" && argc == 2) return ServeBareFront();
  const CommandLine line = Parse(argc, argv);
  if (line.instructions) {
    ReportInstructions(line);
  } else if (line.plans) {
    return ReportPlans(line.bench.binary, line.selection.big) ? 0 : 1;
  } else {
    Measure(line);
  }
  return 0;
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
