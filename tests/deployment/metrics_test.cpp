// deploy/prometheus and deploy/grafana against a living gateway: what they speak of is there, and Prometheus' own tool
// understands it.
#include <catch2/catch.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "support/cli_runs.h"
#include "support/gateway_process.h"
#include "support/json.h"
#include "support/metrics_page.h"
#include "support/signed_client.h"

namespace multihub::deployment {
namespace {

using functional::Contains;
using functional::Eventually;
using nlohmann::json;
using support::GatewayProcess;
using support::MetricsPage;

std::string DeployPath(const std::string& name) { return std::string(MULTIHUB_SOURCE_DIR) + "/deploy/" + name; }
std::string DeployText(const std::string& name) { return support::ReadFile(DeployPath(name)); }

support::RunResult Promtool(std::vector<std::string> words, const std::string& input = "") {
  support::SpawnOptions tool;
  words.insert(words.begin(), "promtool");
  tool.argv = std::move(words);
  tool.stdin_text = input;
  return support::Run(std::move(tool));
}

std::set<std::string> MatchesOf(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::set<std::string> found;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), expression); at != std::sregex_iterator(); ++at) {
    found.insert(at->str(at->size() - 1));
  }
  return found;
}

std::set<std::string> MetricsIn(const std::string& text) { return MatchesOf(text, "\\b(multihub_[a-z_]+)\\b"); }

// The metrics that docs/operations.md describes.
std::set<std::string> DocumentedMetrics() {
  return MatchesOf(support::ReadFile(std::string(MULTIHUB_SOURCE_DIR) + "/docs/operations.md"),
                   "\\n\\| `(multihub_[a-z_]+)` \\|");
}

// The page of a gateway that has seen a payment and a verification.
MetricsPage LivingPage() {
  GatewayProcess gateway;
  support::SignedClient client(gateway.port(), 1, support::SandboxSecret(1));
  REQUIRE(
      client
          .Call(std::string_view(R"({"method":"payment.in","service_id":14702,"params":{"payment":{"payer":{},)"
                                 R"("amount":{"value":5000,"currency":"INR"},"identifiers":{"c_id":"metrics-1"}}}})"))
          .success());
  REQUIRE(support::RunCli({"ledger", "verify", "--database", gateway.database_url()}).exit_code == 0);
  MetricsPage page;
  const bool complete = Eventually([&] {
    page = support::ScrapeMetrics(gateway.ops_port());
    return page.types.size() == DocumentedMetrics().size();
  });
  INFO(page.text);
  REQUIRE(complete);
  return page;
}

std::vector<json> PanelsOf(const json& dashboard) {
  std::vector<json> panels;
  for (const json& panel : dashboard["panels"]) {
    if (panel["type"] != "row") panels.push_back(panel);
  }
  return panels;
}

TEST_CASE("metrics: Prometheus' tool has nothing to say against the page of a living gateway") {
  const MetricsPage page = LivingPage();
  const support::RunResult checked = Promtool({"check", "metrics"}, page.text);
  INFO(checked.out << checked.err);
  CHECK(checked.exit_code == 0);
  CHECK(checked.out + checked.err == "");
  std::set<std::string> shown;
  for (const auto& [name, type] : page.types) shown.insert(name);
  CHECK(shown == DocumentedMetrics());
}

TEST_CASE("metrics: the tool would say so") {
  CHECK(Promtool({"check", "metrics"}, "# TYPE multihub_calls counter\nmultihub_calls 1\n").exit_code != 0);
}

TEST_CASE("metrics: rules, dashboard and autoscaler speak only of what a gateway shows") {
  const MetricsPage page = LivingPage();
  const std::set<std::string> names = page.SampleNames();
  for (const char* file : {"prometheus/multihub.rules.yaml", "prometheus/multihub.rules_test.yaml",
                           "grafana/multihub.json", "kubernetes/availability.yaml"}) {
    const std::set<std::string> used = MetricsIn(DeployText(file));
    CHECK_FALSE(used.empty());
    for (const std::string& name : used) {
      INFO(file << ": " << name);
      CHECK(names.count(name) == 1);
    }
  }
  // And the labels that are grouped by are labels of something.
  const auto labels = page.LabelValues();
  std::set<std::string> grouped;
  for (const char* file : {"prometheus/multihub.rules.yaml", "grafana/multihub.json"}) {
    for (const std::string& list : MatchesOf(DeployText(file), "\\bby \\(([a-z_, ]+)\\)")) {
      grouped.merge(MatchesOf(list, "([a-z_]+)"));
    }
  }
  CHECK(grouped.size() > 5);
  for (const std::string& label : grouped) {
    INFO(label);
    CHECK((label == "instance" || labels.count(label) == 1));
  }
}

TEST_CASE("metrics: the rules hold, each where it must speak and where it must not") {
  const support::RunResult rules = Promtool({"check", "rules", DeployPath("prometheus/multihub.rules.yaml")});
  INFO(rules.out << rules.err);
  CHECK(rules.exit_code == 0);
  const support::RunResult config = Promtool({"check", "config", DeployPath("prometheus/prometheus.yaml")});
  INFO(config.out << config.err);
  CHECK(config.exit_code == 0);
  const support::RunResult tests = Promtool({"test", "rules", DeployPath("prometheus/multihub.rules_test.yaml")});
  INFO(tests.out << tests.err);
  CHECK(tests.exit_code == 0);
  // No rule without a test that makes it speak, none without a word in the documentation.
  const std::string cases = DeployText("prometheus/multihub.rules_test.yaml");
  const std::string page = support::ReadFile(std::string(MULTIHUB_SOURCE_DIR) + "/docs/operations.md");
  const std::set<std::string> alerts = MatchesOf(DeployText("prometheus/multihub.rules.yaml"), "- alert: ([A-Za-z]+)");
  CHECK(alerts.size() >= 7);
  for (const std::string& alert : alerts) {
    INFO(alert);
    CHECK(std::regex_search(cases, std::regex("alertname: " + alert + "\\n        exp_alerts:")));
    CHECK(Contains(page, "`" + alert + "`"));
  }
}

TEST_CASE("metrics: every expression of the dashboard is one") {
  const json dashboard = json::parse(DeployText("grafana/multihub.json"));
  CHECK(dashboard["uid"] == "multihub");
  std::set<int> ids;
  std::set<std::pair<int, int>> taken;
  std::ostringstream rules;
  rules << "groups:\n  - name: dashboard\n    rules:\n";
  int expressions = 0;
  for (const json& panel : PanelsOf(dashboard)) {
    INFO(panel["title"]);
    CHECK(ids.insert(panel["id"].get<int>()).second);
    CHECK(panel["datasource"]["uid"] == "${datasource}");
    CHECK_FALSE(panel["description"].get<std::string>().empty());
    REQUIRE_FALSE(panel["targets"].empty());
    const json& place = panel["gridPos"];
    CHECK(place["x"].get<int>() + place["w"].get<int>() <= 24);
    for (int x = place["x"]; x < place["x"].get<int>() + place["w"].get<int>(); ++x) {
      for (int y = place["y"]; y < place["y"].get<int>() + place["h"].get<int>(); ++y) {
        CHECK(taken.insert({x, y}).second);
      }
    }
    for (const json& target : panel["targets"]) {
      // A JSON text is a YAML text.
      rules << "      - record: dashboard:" << ++expressions << "\n        expr: " << target["expr"].dump() << "\n";
    }
  }
  CHECK(expressions > 30);
  const support::TempDir dir;
  support::WriteFile(dir.File("dashboard.yaml"), rules.str());
  const support::RunResult checked = Promtool({"check", "rules", dir.File("dashboard.yaml")});
  INFO(checked.out << checked.err);
  CHECK(checked.exit_code == 0);
  CHECK(Contains(checked.out, std::to_string(expressions) + " rules found"));
}

}  // namespace
}  // namespace multihub::deployment
