#include "cli/config.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <set>

#include "support/temp_dir.h"

namespace multihub::cli {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>(stream), {}};
}

base::Result<Config, std::string> LoadText(const std::string& yaml, const Environment& environment = {}) {
  const support::TempDir dir;
  const std::string path = dir.File("multihub.yaml");
  std::ofstream(path, std::ios::binary) << yaml;
  return LoadConfig(path, environment);
}

std::string ProblemOf(const std::string& yaml) {
  const auto loaded = LoadText(yaml);
  REQUIRE(!loaded.ok());
  return loaded.error();
}

std::string EnvironmentProblem(const Environment& environment) {
  const auto loaded = LoadConfig(std::nullopt, environment);
  REQUIRE(!loaded.ok());
  return loaded.error();
}

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("config/multihub.yaml shows every key with its default") {
  CHECK(ReadFile(MULTIHUB_SOURCE_DIR "/config/multihub.yaml") == RenderYaml(Config{}));
}

TEST_CASE("the shown configuration is a file that sets every key but the secrets, and changes nothing") {
  const auto loaded = LoadText(RenderYaml(Config{}));
  REQUIRE(loaded.ok());
  std::size_t in_file = 0;
  for (const ConfigKey& key : ConfigKeys()) in_file += std::holds_alternative<SecretKey>(key.type) ? 0 : 1;
  CHECK(loaded->given.size() == in_file);
  CHECK(RenderYaml(*loaded) == RenderYaml(Config{}));
}

TEST_CASE("keys are unique, and each stands in a section that exists") {
  std::set<std::string> sections, names, variables;
  for (const ConfigSection& section : ConfigSections()) CHECK(sections.insert(std::string(section.name)).second);
  for (const ConfigKey& key : ConfigKeys()) {
    INFO(key.FullName());
    CHECK(sections.count(std::string(key.section)) == 1);
    CHECK(names.insert(key.FullName()).second);
    CHECK(variables.insert(key.EnvironmentName()).second);
    CHECK_FALSE(key.help.empty());
  }
}

TEST_CASE("the default of every number lies within its own bounds") {
  Config config;
  for (const ConfigKey& key : ConfigKeys()) {
    const auto* integer = std::get_if<IntegerKey>(&key.type);
    if (integer == nullptr) continue;
    INFO(key.FullName());
    CHECK(integer->field(config) >= integer->min);
    CHECK(integer->field(config) <= integer->max);
  }
}

TEST_CASE("no two keys write the same field") {
  for (const ConfigKey& key : ConfigKeys()) {
    const auto* integer = std::get_if<IntegerKey>(&key.type);
    if (integer == nullptr) continue;
    INFO(key.FullName());
    Config config;
    REQUIRE(!SetFromText(&config, key, std::to_string(integer->max)));
    const std::string changed = RenderYaml(config);
    const std::string line = "  " + std::string(key.name) + ": " + std::to_string(integer->max) + "\n";
    CHECK(Contains(changed, line));
  }
}

TEST_CASE("every key has an environment override named after it") {
  for (const ConfigKey& key : ConfigKeys()) {
    INFO(key.EnvironmentName());
    std::string text = "true";
    if (const auto* integer = std::get_if<IntegerKey>(&key.type)) text = std::to_string(integer->min);
    const auto form_of = [](const auto& type) { return type.form; };
    std::optional<TextForm> form;
    if (const auto* type = std::get_if<TextKey>(&key.type)) form = form_of(*type);
    if (const auto* type = std::get_if<TextListKey>(&key.type)) form = form_of(*type);
    if (form == TextForm::kAddress) text = "127.0.0.1:1";
    if (form == TextForm::kDatabaseUrl) text = "sqlite:///./x.db";
    if (form == TextForm::kProxyNetwork) text = "10.0.0.0/24";
    if (form == TextForm::kForwardedHeader) text = "forwarded";
    if (form == TextForm::kLogLevel) text = "debug";
    if (form == TextForm::kFileOrNone) text = std::string(MULTIHUB_SOURCE_DIR) + "/README.md";
    const auto loaded = LoadConfig(std::nullopt, {{key.EnvironmentName(), text}});
    REQUIRE(loaded.ok());
    CHECK(loaded->Given(key.FullName()));
  }
}

TEST_CASE("a file that a key names must be there to read") {
  CHECK(LoadText("webhooks:\n  ca_file: \"\"\n").ok());
  for (const std::string path : {"/nowhere/authorities.pem", "/"}) {
    const auto loaded = LoadText("webhooks:\n  ca_file: " + path + "\n");
    REQUIRE_FALSE(loaded.ok());
    CHECK(Contains(loaded.error(), "webhooks.ca_file"));
    CHECK(Contains(loaded.error(), "must be a file that can be read"));
  }
}

TEST_CASE("the environment wins over the file") {
  const auto loaded =
      LoadText("limits:\n  enabled: true\n  payment_burst: 7\n", {{"MULTIHUB_LIMITS_ENABLED", "false"}});
  REQUIRE(loaded.ok());
  CHECK_FALSE(loaded->limits.enabled);
  CHECK(loaded->limits.payment_burst == 7);
}

TEST_CASE("an empty variable counts as not set") {
  const auto loaded = LoadConfig(std::nullopt, {{"MULTIHUB_LANES_MAX_BATCH", ""}});
  REQUIRE(loaded.ok());
  CHECK(loaded->lanes.max_batch == LanesConfig{}.max_batch);
}

TEST_CASE("a list is a YAML sequence, one scalar, or commas in the environment") {
  const std::vector<std::string> two = {"127.0.0.1:1", "[::1]:2"};
  CHECK(LoadText("http:\n  listen: [\"127.0.0.1:1\", \"[::1]:2\"]\n").value().http.listen == two);
  CHECK(LoadText("http:\n  listen: 127.0.0.1:1\n").value().http.listen == std::vector<std::string>{"127.0.0.1:1"});
  CHECK(LoadConfig(std::nullopt, {{"MULTIHUB_HTTP_LISTEN", "127.0.0.1:1, [::1]:2"}}).value().http.listen == two);
}

TEST_CASE("trusted proxies are addresses and networks of both families, or none") {
  CHECK(Config{}.http.trusted_proxies.empty());
  CHECK(LoadText("http:\n  trusted_proxies: []\n").value().http.trusted_proxies.empty());
  const std::vector<std::string> three = {"10.0.0.5", "192.0.2.0/24", "2001:db8::/64"};
  CHECK(LoadText("http:\n  trusted_proxies: [10.0.0.5, 192.0.2.0/24, \"2001:db8::/64\"]\n")
            .value()
            .http.trusted_proxies == three);
  const Environment variable = {{"MULTIHUB_HTTP_TRUSTED_PROXIES", "10.0.0.5, 192.0.2.0/24,2001:db8::/64"}};
  CHECK(LoadConfig(std::nullopt, variable).value().http.trusted_proxies == three);
}

struct BadFile {
  const char* yaml;
  std::vector<std::string> says;
};

TEST_CASE("a bad file is refused with the line, the key and what to change") {
  const BadFile rows[] = {
      {"http:\n  threds: 2\n", {"line 2", "http.threds", "nearest is http.threads"}},
      {"htp:\n  threads: 2\n", {"line 1", "no section htp", "nearest is http"}},
      {"http:\n  threads: many\n", {"line 2", "http.threads must be a whole number from 1 to 256"}},
      {"http:\n  threads: 0\n", {"line 2", "http.threads must be"}},
      {"http:\n  threads: 2x\n", {"line 2", "http.threads must be"}},
      {"http:\n  threads: 99999999999999999999\n", {"line 2", "http.threads must be"}},
      {"limits:\n  enabled: maybe\n", {"line 2", "limits.enabled must be true or false"}},
      {"log:\n  level: loud\n", {"line 2", "log.level must be debug, info, warn or error"}},
      {"ops:\n  listen: nowhere\n", {"line 2", "ops.listen must be ADDR:PORT"}},
      {"ops:\n  listen: \"127.0.0.1:70000\"\n", {"line 2", "ops.listen must be ADDR:PORT"}},
      {"http:\n  listen: []\n", {"line 2", "http.listen needs at least one value"}},
      {"http:\n  trusted_proxies: [10.0.0.5, 10.0.0.0/33]\n",
       {"line 2", "http.trusted_proxies must be addresses or networks", "10.0.0.0/33 is neither"}},
      {"http:\n  trusted_proxies: proxy.example.test\n", {"line 2", "proxy.example.test is neither"}},
      {"http:\n  trusted_proxies: [\"10.0.0.5:8080\"]\n", {"line 2", "10.0.0.5:8080 is neither"}},
      {"http:\n  trusted_proxies: [\"\"]\n", {"line 2", "http.trusted_proxies must be"}},
      {"http:\n  trusted_proxies: [10.0.0.5, 0.0.0.0/0]\n", {"line 2", "may not hold 0.0.0.0/0", "claim any address"}},
      {"http:\n  trusted_proxies: [\"::/0\"]\n", {"line 2", "may not hold ::/0"}},
      {"http:\n  trusted_proxies: [\"::ffff:0:0/96\"]\n", {"line 2", "may not hold ::ffff:0:0/96"}},
      {"http:\n  forwarded_header: via\n", {"line 2", "http.forwarded_header must be forwarded, x-forwarded-for"}},
      {"database:\n  url: postgres://x\n", {"line 2", "database.url is no database URL"}},
      {"http:\n  threads:\n", {"line 2", "http.threads has no value"}},
      {"http:\n  threads: [1]\n", {"line 2", "http.threads must be a single value"}},
      {"http: 8080\n", {"line 1", "http is a section"}},
      {"http:\n  threads: 1\n  threads: 2\n", {"line 3", "http.threads stands here a second time"}},
      {"log:\n  level: info\nlog:\n  level: warn\n", {"line 3", "the section log stands here a second time"}},
      {"- http\n", {"line 1", "must be sections"}},
      {"http:\n  threads: [1\n", {"not valid YAML"}},
      {"security:\n  master_key: abc\n", {"line 2", "security.master_key is a secret", "MULTIHUB_SECURITY_MASTER_KEY"}},
  };
  for (const BadFile& row : rows) {
    INFO(row.yaml);
    const std::string problem = ProblemOf(row.yaml);
    INFO(problem);
    for (const std::string& part : row.says) CHECK(Contains(problem, part));
    CHECK_FALSE(Contains(problem, "abc"));
  }
}

TEST_CASE("a file that is not there is refused") {
  const auto loaded = LoadConfig("/nonexistent/multihub.yaml", {});
  REQUIRE(!loaded.ok());
  CHECK(Contains(loaded.error(), "cannot be opened"));
}

TEST_CASE("an empty file and one with empty sections keep the defaults") {
  for (const char* yaml : {"", "# nothing\n", "http:\nlimits:\n"}) {
    INFO(yaml);
    const auto loaded = LoadText(yaml);
    REQUIRE(loaded.ok());
    CHECK(RenderYaml(*loaded) == RenderYaml(Config{}));
  }
}

TEST_CASE("a bad variable is refused by its name") {
  CHECK(Contains(EnvironmentProblem({{"MULTIHUB_LANES_MAX_BATCH", "0"}}), "MULTIHUB_LANES_MAX_BATCH must be"));
  const std::string unknown = EnvironmentProblem({{"MULTIHUB_LANES_MAXBATCH", "1"}});
  CHECK(Contains(unknown, "MULTIHUB_LANES_MAXBATCH"));
  CHECK(Contains(unknown, "nearest is MULTIHUB_LANES_MAX_BATCH"));
}

TEST_CASE("variables of other things are left alone") {
  const auto loaded = LoadConfig(std::nullopt, {{"MULTIHUB_SECRET", "x"}, {"MULTIHUB_TEST_SEED", "1"}, {"PATH", "/"}});
  CHECK(loaded.ok());
  const Environment service_links = {{"MULTIHUB_HTTP_SERVICE_HOST", "10.0.0.7"},
                                     {"MULTIHUB_HTTP_SERVICE_PORT_API", "80"},
                                     {"MULTIHUB_HTTP_PORT", "tcp://10.0.0.7:80"},
                                     {"MULTIHUB_OPS_PORT_9090_TCP_PROTO", "tcp"}};
  CHECK(LoadConfig(std::nullopt, service_links).ok());
  CHECK(Contains(EnvironmentProblem({{"MULTIHUB_HTTP_PORT", "8080"}}), "MULTIHUB_HTTP_PORT"));
}

TEST_CASE("a secret comes from its variable or the file that its variable names") {
  const support::TempDir dir;
  const std::string path = dir.File("key");
  std::ofstream(path) << "from-file\n";
  const Environment by_file = {{"MULTIHUB_SECURITY_MASTER_KEY_FILE", path}};
  CHECK(LoadConfig(std::nullopt, by_file).value().security.master_key.Reveal() == "from-file");
  const Environment direct = {{"MULTIHUB_SECURITY_MASTER_KEY", "from-variable"}};
  CHECK(LoadConfig(std::nullopt, direct).value().security.master_key.Reveal() == "from-variable");

  const Environment both = {{"MULTIHUB_SECURITY_MASTER_KEY", "x"}, {"MULTIHUB_SECURITY_MASTER_KEY_FILE", path}};
  CHECK(Contains(EnvironmentProblem(both), "keep one of them"));
  const Environment missing = {{"MULTIHUB_SECURITY_MASTER_KEY_FILE", dir.File("none")}};
  CHECK(Contains(EnvironmentProblem(missing), "cannot be opened"));
  std::ofstream(dir.File("empty")) << "\n";
  const Environment empty = {{"MULTIHUB_SECURITY_MASTER_KEY_FILE", dir.File("empty")}};
  CHECK(Contains(EnvironmentProblem(empty), "is empty"));
}

TEST_CASE("secrets and passwords are never shown") {
  Config config;
  config.security.master_key = base::SecretString("very-secret-key");
  config.database.password = base::SecretString("very-secret-password");
  config.database.url = "mysql://hub:very-secret-word@db:3306/hub";
  for (const std::string& shown : {RenderYaml(config), RenderJson(config)}) {
    INFO(shown);
    CHECK_FALSE(Contains(shown, "very-secret"));
    CHECK(Contains(shown, "mysql://hub:"));
  }
  CHECK(Contains(RenderJson(config), R"x("master_key":"(set)")x"));
  CHECK(Contains(RenderJson(Config{}), R"x("master_key":"(not set)")x"));
}

TEST_CASE("the nearest name is the one with the fewest changes") {
  const std::vector<std::string> names = {"http.listen", "http.threads", "log.level"};
  CHECK(NearestName("http.lisen", names) == "http.listen");
  CHECK(NearestName("log.lvl", names) == "log.level");
  CHECK(NearestName("x", {}).empty());
}

}  // namespace
}  // namespace multihub::cli
