#include "support/metrics_page.h"

#include <sstream>
#include <stdexcept>

#include "support/tcp_client.h"

namespace multihub::support {
namespace {

HttpResponse Ask(std::uint16_t port, const std::string& verb, const std::string& path) {
  TcpClient client;
  const bool sent = client.Connect("127.0.0.1", port) &&
                    client.SendAll(verb + " " + path + " HTTP/1.1\r\nHost: ops\r\nConnection: close\r\n\r\n");
  const auto response = sent ? client.ReadHttpResponse(TcpClient::Milliseconds(60'000), verb == "HEAD") : std::nullopt;
  if (!response) throw std::runtime_error("the ops port did not answer " + path + ": " + client.last_error());
  return *response;
}

std::string NameIn(const std::string& sample) { return sample.substr(0, sample.find('{')); }

void ReadLine(const std::string& line, MetricsPage* page) {
  if (line.rfind("# TYPE ", 0) == 0) {
    std::istringstream words(line.substr(7));
    std::string name, type;
    words >> name >> type;
    if (!page->types.emplace(name, type).second) throw std::runtime_error("described twice: " + name);
    return;
  }
  if (line.empty() || line.front() == '#') return;
  const std::size_t space = line.rfind(' ');
  if (space == std::string::npos) throw std::runtime_error("not understood: " + line);
  if (!page->samples.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second) {
    throw std::runtime_error("there twice: " + line);
  }
}

}  // namespace

double MetricsPage::Of(const std::string& sample) const {
  const auto found = samples.find(sample);
  return found == samples.end() ? 0 : found->second;
}

double MetricsPage::Sum(const std::string& name, const std::set<std::string>& holding) const {
  double sum = 0;
  for (const auto& [sample, value] : samples) {
    bool counts = NameIn(sample) == name;
    for (const std::string& part : holding) counts = counts && sample.find(part) != std::string::npos;
    if (counts) sum += value;
  }
  return sum;
}

std::set<std::string> MetricsPage::SampleNames() const {
  std::set<std::string> names;
  for (const auto& [sample, value] : samples) names.insert(NameIn(sample));
  return names;
}

std::map<std::string, std::set<std::string>> MetricsPage::LabelValues() const {
  std::map<std::string, std::set<std::string>> values;
  for (const auto& [sample, value] : samples) {
    // No value of ours needs an escape: one that did would be found here, as a name that nobody expects.
    for (std::size_t at = sample.find('{'); at < sample.size() && sample[at] != '}';) {
      const std::size_t equals = sample.find("=\"", at);
      const std::size_t end = sample.find('"', equals + 2);
      values[sample.substr(at + 1, equals - at - 1)].insert(sample.substr(equals + 2, end - equals - 2));
      at = end + 1;
    }
  }
  return values;
}

MetricsPage ScrapeMetrics(std::uint16_t ops_port) {
  const HttpResponse response = Ask(ops_port, "GET", "/metrics");
  if (response.status != 200) throw std::runtime_error("/metrics: " + std::to_string(response.status));
  MetricsPage page;
  page.text = response.body;
  const std::string* type = response.Header("Content-Type");
  if (type != nullptr) page.content_type = *type;
  std::istringstream lines(page.text);
  for (std::string line; std::getline(lines, line);) ReadLine(line, &page);
  return page;
}

std::string AskOps(std::uint16_t ops_port, const std::string& path, const std::string& verb) {
  const HttpResponse response = Ask(ops_port, verb, path);
  return std::to_string(response.status) + " " + response.body;
}

}  // namespace multihub::support
