#include "bench/report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace multihub::bench {
namespace {

std::vector<double> Column(const Line& line, double Sample::*field) {
  std::vector<double> values;
  for (const Sample& sample : line.samples) values.push_back(sample.*field);
  return values;
}

double MedianOf(const Line& line, double Sample::*field) { return Median(Column(line, field)); }

template <typename... Values>
std::string Format(const char* format, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string Verdict(const Line& line) {
  if (line.target_ratio == 0) return "";
  const bool reached = MedianOf(line, &Sample::ratio_to_front) >= line.target_ratio;
  return Format("%s %.2f", reached ? ">=" : "BELOW", line.target_ratio);
}

}  // namespace

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string Table(const std::vector<Line>& lines, double load) {
  std::string text = Format("%-28s %10s %21s %9s %9s %7s %9s %8s\n", "measure", "requests/s", "least - greatest",
                            "p50 ms*", "p99 ms*", "ratio", "target", "own cpu");
  for (const Line& line : lines) {
    const std::vector<double> rps = Column(line, &Sample::rps);
    const auto [least, greatest] = std::minmax_element(rps.begin(), rps.end());
    text +=
        Format("%-28s %10.0f %10.0f %10.0f %9.3f %9.3f %7.3f %9s %7.0f%%\n", line.measure.c_str(), Median(rps), *least,
               *greatest, MedianOf(line, &Sample::p50_ms), MedianOf(line, &Sample::p99_ms),
               MedianOf(line, &Sample::ratio_to_front), Verdict(line).c_str(), 100 * MedianOf(line, &Sample::own_cpu));
  }
  text += Format("* from the moment a request was due, at %.0f %% of the throughput. own cpu: the generator's.\n",
                 100 * load);
  return text;
}

std::string Json(const std::vector<Line>& lines) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Line& line : lines) {
    nlohmann::ordered_json entry;
    entry["measure"] = line.measure;
    entry["rps"] = MedianOf(line, &Sample::rps);
    entry["p50_ms"] = MedianOf(line, &Sample::p50_ms);
    entry["p99_ms"] = MedianOf(line, &Sample::p99_ms);
    entry["ratio_to_front"] = MedianOf(line, &Sample::ratio_to_front);
    list.push_back(entry);
  }
  return list.dump(1) + "\n";
}

}  // namespace multihub::bench
