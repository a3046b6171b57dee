// What the rounds of a benchmark come to.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "bench/measures.h"

namespace multihub::bench {

// One round of one measure.
struct Sample {
  double rps = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double latency_rps = 0;               // the rate of the open loop the latencies are from
  double own_cpu = 0;                   // LoadResult::own_cpu of the closed loop
  std::map<std::string, double> notes;  // what else the measure has to say, by name with its unit
};

struct Line {
  Measure measure;
  std::vector<Sample> samples;  // one for each round, in order
};

struct Spread {
  double min = 0;
  double median = 0;
  double max = 0;
};

// The middle one; the mean of the two middle ones of an even number. `values` must not be empty.
double Median(std::vector<double> values);
Spread SpreadOf(const std::vector<double>& values);

enum class Reached { kNo, kTarget, kStretch };

// A goal against its rounds. A quotient is taken within each round, then the median of the quotients: what disturbs a
// whole round disturbs both parts of it.
struct Verdict {
  Goal goal;
  Spread value;
  Reached reached = Reached::kNo;
};
// `lines` holds every measure that goals divide by, with as many samples as `line`.
std::vector<Verdict> Judge(const Line& line, const std::vector<Line>& lines);
// Of each round; the bare front's own is 1.
std::vector<double> RatiosToFront(const Line& line, const std::vector<Line>& lines);

// For people: the loads, then the goals.
std::string Table(const std::vector<Line>& lines);

// [{"measure","rps","p50_ms","p99_ms","ratio_to_front", …}, …]: medians, with least and greatest, and the goals.
std::string Json(const std::vector<Line>& lines);

// What a raw file says besides the rounds: name and JSON text of a value.
using Circumstances = std::vector<std::pair<std::string, std::string>>;

// {"circumstances":{…},"rows":[as Json, each with "rounds":[…]]}: everything that was measured.
std::string RawJson(const std::vector<Line>& lines, const Circumstances& circumstances);

}  // namespace multihub::bench
