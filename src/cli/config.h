// The configuration: one struct per section with its defaults, and one list of keys from which the file reader, the
// environment overrides, `config print`, `config check` and config/multihub.yaml all come.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "multihub/base/result.h"
#include "multihub/base/secret_string.h"

namespace multihub::cli {

// The merchant port.
struct HttpConfig {
  std::vector<std::string> listen = {"127.0.0.1:8080"};
  std::vector<std::string> trusted_proxies;
  std::string forwarded_header = "either";
  std::int64_t threads = 1;
  std::int64_t max_connections = 10000;
  std::int64_t max_in_flight = 4096;
  std::int64_t max_pipelined = 64;
  std::int64_t max_header_bytes = 8 * 1024;
  std::int64_t max_headers = 100;
  std::int64_t max_body_bytes = 64 * 1024;
  std::int64_t max_output_bytes = 1024 * 1024;
  std::int64_t header_timeout_ms = 10000;
  std::int64_t body_timeout_ms = 20000;
  std::int64_t idle_timeout_ms = 75000;
  std::int64_t write_timeout_ms = 20000;
  std::int64_t answer_within_ms = 10000;
};

// The port of the operator's own monitoring.
struct OpsConfig {
  std::string listen = "127.0.0.1:9090";
  std::int64_t min_free_mb = 64;
};

struct DatabaseConfig {
  std::string url = "sqlite:///./var/multihub.db";
  base::SecretString password;
  std::int64_t connect_timeout_s = 3;
  std::int64_t statement_timeout_s = 8;
  std::int64_t readers = 2;
  std::int64_t reader_queue = 4096;
};

// The commit lanes: threads that write, each many calls in one transaction.
struct LanesConfig {
  std::int64_t count = 0;
  std::int64_t max_batch = 64;
  std::int64_t queue = 4096;
};

// Token buckets, per application and method and per gateway process.
struct LimitsConfig {
  bool enabled = true;
  std::int64_t payment_per_minute = 5000;
  std::int64_t payment_burst = 500;
  std::int64_t read_per_minute = 6000;
  std::int64_t read_burst = 6000;
  std::int64_t notification_per_minute = 10;
  std::int64_t notification_burst = 10;
  std::int64_t webhook_per_minute = 600;
  std::int64_t webhook_burst = 600;
  std::int64_t webhook_send_per_minute = 10;
  std::int64_t webhook_send_burst = 10;
  std::int64_t unauthenticated_per_minute = 300;
  std::int64_t unauthenticated_per_minute_sandbox = 6000;
  std::int64_t unauthenticated_sources = 65536;
};

struct SecurityConfig {
  base::SecretString master_key;
};

// The work of providers: telling them of payments, asking what became of them.
struct ProvidersConfig {
  std::int64_t workers = 4;
  std::int64_t queue = 8192;
  std::int64_t started_answer_ms = 8000;
  std::int64_t reconcile_poll_ms = 250;
};

struct SimulatorConfig {
  std::int64_t delay_ms = 2000;
};

struct WebhooksConfig {
  bool allow_private_networks = false;
  bool allow_private_networks_with_live = false;
  bool require_https = false;
  std::string ca_file;  // empty: the system's
  std::int64_t max_in_flight = 256;
  std::int64_t max_per_application = 32;
  std::int64_t max_per_origin = 8;
  std::int64_t poll_ms = 500;
  std::int64_t lease_slack_ms = 30000;
};

// What `prune` keeps.
struct RetentionConfig {
  std::int64_t days = 90;
};

struct LogConfig {
  std::string level = "info";
};

struct DrainConfig {
  std::int64_t lame_duck_ms = 0;
  std::int64_t timeout_ms = 25000;
};

struct Config {
  HttpConfig http;
  OpsConfig ops;
  DatabaseConfig database;
  LanesConfig lanes;
  LimitsConfig limits;
  SecurityConfig security;
  ProvidersConfig providers;
  SimulatorConfig simulator;
  WebhooksConfig webhooks;
  RetentionConfig retention;
  LogConfig log;
  DrainConfig drain;
  // Keys that a file or the environment set, "section.key".
  std::vector<std::string> given;

  bool Given(std::string_view key) const;
};

// Texts that must have a form of their own.
enum class TextForm { kAny, kAddress, kProxyNetwork, kForwardedHeader, kDatabaseUrl, kLogLevel, kFileOrNone };

struct BoolKey {
  bool& (*field)(Config&);
};
struct IntegerKey {
  std::int64_t& (*field)(Config&);
  std::int64_t min;
  std::int64_t max;
};
struct TextKey {
  std::string& (*field)(Config&);
  TextForm form;
};
struct TextListKey {
  std::vector<std::string>& (*field)(Config&);
  TextForm form;
  bool may_be_empty;
};
// Only by environment, or by a file that the environment names; never in a configuration file.
struct SecretKey {
  base::SecretString& (*field)(Config&);
};

struct ConfigKey {
  std::string_view section;
  std::string_view name;
  std::string_view help;  // what it does, its unit, what 0 means
  std::variant<BoolKey, IntegerKey, TextKey, TextListKey, SecretKey> type;

  std::string FullName() const;         // "http.listen"
  std::string EnvironmentName() const;  // "MULTIHUB_HTTP_LISTEN"
};

struct ConfigSection {
  std::string_view name;
  std::string_view help;
};

// In the order of the documentation; the keys of a section stand together, in the order of the sections.
std::span<const ConfigSection> ConfigSections();
std::span<const ConfigKey> ConfigKeys();

using Environment = std::map<std::string, std::string>;
Environment ProcessEnvironment();

// Defaults, then the file (if any), then the environment: MULTIHUB_<SECTION>_<KEY>, lists separated by commas, an empty
// value counts as not set; for secrets also MULTIHUB_<SECTION>_<KEY>_FILE. The error is a sentence for the operator: it
// names the key, the place, the nearest known key and what to change, and never repeats a secret.
base::Result<Config, std::string> LoadConfig(const std::optional<std::string>& file, const Environment& environment);

// Sets one key from text. The error is the rest of a sentence that the key's name begins.
std::optional<std::string> SetFromText(Config* config, const ConfigKey& key, const std::string& text);

// The whole configuration as a commented file, as compact JSON, and the JSON of one key. Secrets are redacted.
std::string RenderYaml(const Config& config);
std::string RenderJson(const Config& config);

// "Do you mean …" for an unknown name: the known name nearest to it.
std::string NearestName(std::string_view unknown, std::span<const std::string> known);

}  // namespace multihub::cli
