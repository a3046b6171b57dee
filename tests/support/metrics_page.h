// The metrics page of a gateway, read as Prometheus reads it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace multihub::support {

struct MetricsPage {
  std::string text;
  std::string content_type;
  // By "name" or "name{label=\"value\",...}", as it stands there.
  std::map<std::string, double> samples;
  std::map<std::string, std::string> types;  // of each metric: "counter", "gauge", "histogram"

  // 0 for what is not there.
  double Of(const std::string& sample) const;
  bool Has(const std::string& sample) const { return samples.count(sample) > 0; }
  // Of all samples of a name whose labels hold each of these texts, such as "code=\"0\"".
  double Sum(const std::string& name, const std::set<std::string>& holding = {}) const;
  // Names that an expression may use: of a histogram those with _bucket, _sum and _count.
  std::set<std::string> SampleNames() const;
  // Every value of every label, by the label's name.
  std::map<std::string, std::set<std::string>> LabelValues() const;
};

// GET /metrics. Throws std::runtime_error when it is not answered by 200, or not understood.
MetricsPage ScrapeMetrics(std::uint16_t ops_port);
// GET of another page of the ops port: its status and body, "503 {...}".
std::string AskOps(std::uint16_t ops_port, const std::string& path, const std::string& verb = "GET");

}  // namespace multihub::support
