#include "bench/report.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "support/json.h"

namespace multihub::bench {
namespace {

using Object = nlohmann::ordered_json;

std::vector<double> Column(const Line& line, double Sample::*field) {
  std::vector<double> values;
  for (const Sample& sample : line.samples) values.push_back(sample.*field);
  return values;
}

Spread FieldSpread(const Line& line, double Sample::*field) { return SpreadOf(Column(line, field)); }

template <typename... Values>
std::string Format(const char* format, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

const Line& FindLine(const std::vector<Line>& lines, std::string_view name) {
  const auto found = std::find_if(lines.begin(), lines.end(), [&](const Line& l) { return l.measure.name == name; });
  if (found == lines.end()) throw std::logic_error("no measure " + std::string(name));
  return *found;
}

std::vector<double> Quotients(const Line& of, const Line& by) {
  std::vector<double> quotients;
  for (std::size_t round = 0; round < of.samples.size(); ++round) {
    quotients.push_back(of.samples[round].rps / by.samples.at(round).rps);
  }
  return quotients;
}

bool Meets(const Goal& goal, double value, double limit) {
  return goal.quantity == Quantity::kP99 ? value <= limit : value >= limit;
}

std::string NameOf(const Goal& goal) { return goal.quantity == Quantity::kP99 ? "p99 ms" : "/ " + goal.to; }

const char* NameOf(Reached reached) {
  switch (reached) {
    case Reached::kNo:
      return "missed";
    case Reached::kTarget:
      return "reached";
    case Reached::kStretch:
      return "stretch";
  }
  return "";
}

void AddSpread(Object* object, const std::string& name, const Spread& spread) {
  (*object)[name] = spread.median;
  (*object)[name + "_min"] = spread.min;
  (*object)[name + "_max"] = spread.max;
}

Object ToJson(const Verdict& verdict) {
  const bool p99 = verdict.goal.quantity == Quantity::kP99;
  Object object;
  object["of"] = p99 ? "p99_ms" : "rps";
  if (!p99) object["divided_by"] = verdict.goal.to;
  object["better"] = p99 ? "smaller" : "bigger";
  object["median"] = verdict.value.median;
  object["min"] = verdict.value.min;
  object["max"] = verdict.value.max;
  object["target"] = verdict.goal.target;
  object["stretch"] = verdict.goal.stretch;
  object["reached"] = NameOf(verdict.reached);
  return object;
}

// Medians of the notes that every round has.
std::map<std::string, double> NotesOf(const Line& line) {
  std::map<std::string, double> notes;
  for (const auto& [name, first] : line.samples.front().notes) {
    std::vector<double> values;
    for (const Sample& sample : line.samples) {
      if (const auto found = sample.notes.find(name); found != sample.notes.end()) values.push_back(found->second);
    }
    notes[name] = Median(values);
  }
  return notes;
}

Object ToJson(const Line& line, const std::vector<Line>& lines) {
  Object row;
  row["measure"] = line.measure.name;
  AddSpread(&row, "rps", FieldSpread(line, &Sample::rps));
  AddSpread(&row, "p50_ms", FieldSpread(line, &Sample::p50_ms));
  AddSpread(&row, "p99_ms", FieldSpread(line, &Sample::p99_ms));
  row["latency_at_rps"] = FieldSpread(line, &Sample::latency_rps).median;
  AddSpread(&row, "ratio_to_front", SpreadOf(RatiosToFront(line, lines)));
  row["generator_cpu"] = FieldSpread(line, &Sample::own_cpu).median;
  for (const auto& [name, value] : NotesOf(line)) row[name] = value;
  row["goals"] = Object::array();
  for (const Verdict& verdict : Judge(line, lines)) row["goals"].push_back(ToJson(verdict));
  return row;
}

Object ToJson(const Sample& sample) {
  Object object;
  object["rps"] = sample.rps;
  object["p50_ms"] = sample.p50_ms;
  object["p99_ms"] = sample.p99_ms;
  object["latency_at_rps"] = sample.latency_rps;
  object["generator_cpu"] = sample.own_cpu;
  for (const auto& [name, value] : sample.notes) object[name] = value;
  return object;
}

std::string Loads(const std::vector<Line>& lines) {
  std::string text = Format("%-37s %9s %19s %8s %8s %9s %7s\n", "measure", "a second", "least - greatest", "p50 ms*",
                            "p99 ms*", "of front", "own cpu");
  for (const Line& line : lines) {
    const Spread rps = FieldSpread(line, &Sample::rps);
    text +=
        Format("%-37s %9.0f %9.0f %9.0f %8.2f %8.2f %9.3f %6.0f%%\n", line.measure.name.c_str(), rps.median, rps.min,
               rps.max, FieldSpread(line, &Sample::p50_ms).median, FieldSpread(line, &Sample::p99_ms).median,
               Median(RatiosToFront(line, lines)), 100 * FieldSpread(line, &Sample::own_cpu).median);
    for (const auto& [name, value] : NotesOf(line)) {
      text += Format("    %s: %.6g\n", name.c_str(), value);
    }
  }
  return text +
         "* from the moment a request was due; webhooks and full lives from the commit. own cpu: the generator's.\n";
}

std::string Goals(const std::vector<Line>& lines) {
  std::string text;
  for (const Line& line : lines) {
    for (const Verdict& verdict : Judge(line, lines)) {
      const bool p99 = verdict.goal.quantity == Quantity::kP99;
      std::string name = line.measure.name + " " + NameOf(verdict.goal);
      if (p99) name += Format(" at %.0f/s", FieldSpread(line, &Sample::latency_rps).median);
      text += Format("%-72s %8.3f %8.3f %8.3f %8s %8g  %s\n", name.c_str(), verdict.value.median, verdict.value.min,
                     verdict.value.max, Format("%s%g", p99 ? "<=" : ">=", verdict.goal.target).c_str(),
                     verdict.goal.stretch, NameOf(verdict.reached));
    }
  }
  if (text.empty()) return text;
  return Format("\n%-72s %8s %8s %8s %8s %8s\n", "goal", "median", "least", "greatest", "target", "stretch") + text;
}

}  // namespace

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Spread SpreadOf(const std::vector<double>& values) {
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  return {*least, Median(values), *greatest};
}

std::vector<Verdict> Judge(const Line& line, const std::vector<Line>& lines) {
  std::vector<Verdict> verdicts;
  for (const Goal& goal : line.measure.goals) {
    Verdict verdict{goal, {}, Reached::kNo};
    verdict.value = goal.quantity == Quantity::kP99 ? FieldSpread(line, &Sample::p99_ms)
                                                    : SpreadOf(Quotients(line, FindLine(lines, goal.to)));
    if (Meets(goal, verdict.value.median, goal.target)) verdict.reached = Reached::kTarget;
    if (Meets(goal, verdict.value.median, goal.stretch)) verdict.reached = Reached::kStretch;
    verdicts.push_back(verdict);
  }
  return verdicts;
}

std::vector<double> RatiosToFront(const Line& line, const std::vector<Line>& lines) {
  return Quotients(line, FindLine(lines, kBareFrontName));
}

std::string Table(const std::vector<Line>& lines) { return Loads(lines) + Goals(lines); }

std::string Json(const std::vector<Line>& lines) {
  Object list = Object::array();
  for (const Line& line : lines) list.push_back(ToJson(line, lines));
  return list.dump(1) + "\n";
}

std::string RawJson(const std::vector<Line>& lines, const Circumstances& circumstances) {
  Object all;
  all["circumstances"] = Object::object();
  for (const auto& [name, value] : circumstances) all["circumstances"][name] = Object::parse(value);
  all["rows"] = Object::array();
  for (const Line& line : lines) {
    Object row = ToJson(line, lines);
    row["rounds"] = Object::array();
    for (const Sample& sample : line.samples) row["rounds"].push_back(ToJson(sample));
    all["rows"].push_back(row);
  }
  return all.dump(1) + "\n";
}

}  // namespace multihub::bench
