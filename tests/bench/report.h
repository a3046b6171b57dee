// What the rounds of a benchmark come to.
#pragma once

#include <string>
#include <vector>

namespace multihub::bench {

// One round of one measure.
struct Sample {
  double rps = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double ratio_to_front = 0;  // to the bare front of the same round
  double own_cpu = 0;         // LoadResult::own_cpu of the closed loop
};

struct Line {
  std::string measure;
  double target_ratio = 0;  // 0: none
  std::vector<Sample> samples;
};

// The middle one; the mean of the two middle ones of an even number. `values` must not be empty.
double Median(std::vector<double> values);

// Medians with the least and greatest throughput, for people.
std::string Table(const std::vector<Line>& lines, double load);

// [{"measure","rps","p50_ms","p99_ms","ratio_to_front"}, …], medians.
std::string Json(const std::vector<Line>& lines);

}  // namespace multihub::bench
