#include "cli/config.h"

#include <algorithm>
#include <array>

namespace multihub::cli {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kGigabyte = 1'073'741'824;

constexpr ConfigSection kSections[] = {
    {"http", "The merchant port."},
    {"ops", "The port for the operator's own monitoring. Keep it off the public network."},
    {"database", "Where everything is kept."},
    {"lanes", "The writers: each takes all calls that wait, up to a batch, and commits them once."},
    {"limits", "Rate limits: token buckets per application and method, in each gateway process."},
    {"security", "The master key that seals the secrets in the database."},
    {"providers", "The work of providers: telling them of payments, asking what became of them."},
    {"simulator", "The provider of test applications."},
    {"webhooks", "Which webhook addresses are accepted, and how webhooks are sent."},
    {"retention", "How long `multihub prune` keeps what is finished. Payments and the ledger stay for ever."},
    {"log", "JSON lines on the stdout of `serve`. Other commands write theirs to stderr."},
    {"drain", "What happens after SIGTERM."},
};

#define MULTIHUB_FIELD(type, member) [](Config& config) -> type& { return config.member; }
#define MULTIHUB_BOOL(member) \
  BoolKey { MULTIHUB_FIELD(bool, member) }
#define MULTIHUB_INTEGER(member, min, max) \
  IntegerKey { MULTIHUB_FIELD(std::int64_t, member), min, max }
#define MULTIHUB_TEXT(member, form) \
  TextKey { MULTIHUB_FIELD(std::string, member), form }
#define MULTIHUB_TEXTS(member, form, may_be_empty) \
  TextListKey { MULTIHUB_FIELD(std::vector<std::string>, member), form, may_be_empty }
#define MULTIHUB_SECRET(member) \
  SecretKey { MULTIHUB_FIELD(base::SecretString, member) }

const ConfigKey kKeys[] = {
    {"http", "listen", "ADDR:PORT, one or more; [::]:PORT takes IPv4 and IPv6; port 0 picks a free one.",
     MULTIHUB_TEXTS(http.listen, TextForm::kAddress, false)},
    {"http", "trusted_proxies",
     "Addresses or networks of proxies (10.0.0.5, 2001:db8::/64) that are believed when they name the client.",
     MULTIHUB_TEXTS(http.trusted_proxies, TextForm::kProxyNetwork, true)},
    {"http", "forwarded_header",
     "Which header they do it by: forwarded, x-forwarded-for, or either (Forwarded, where both are sent).",
     MULTIHUB_TEXT(http.forwarded_header, TextForm::kForwardedHeader)},
    {"http", "threads", "Reactor threads.", MULTIHUB_INTEGER(http.threads, 1, 256)},
    {"http", "max_connections", "Open connections; further ones are closed at once.",
     MULTIHUB_INTEGER(http.max_connections, 1, 1'000'000)},
    {"http", "max_in_flight",
     "Calls taken and not yet answered, all connections together; further ones are answered 429.",
     MULTIHUB_INTEGER(http.max_in_flight, 1, 1'000'000)},
    {"http", "max_pipelined", "Requests of one connection read ahead of their answers.",
     MULTIHUB_INTEGER(http.max_pipelined, 1, 10'000)},
    {"http", "max_header_bytes", "Request line and header block.",
     MULTIHUB_INTEGER(http.max_header_bytes, 1024, 1'048'576)},
    {"http", "max_headers", "Header fields of a request.", MULTIHUB_INTEGER(http.max_headers, 10, 10'000)},
    {"http", "max_body_bytes", "Request body; a larger one is refused with 1005.",
     MULTIHUB_INTEGER(http.max_body_bytes, 1024, 16'777'216)},
    {"http", "max_output_bytes", "Unsent answers of one connection; a peer that does not read them is dropped.",
     MULTIHUB_INTEGER(http.max_output_bytes, 65'536, kGigabyte)},
    {"http", "header_timeout_ms", "From a request's first byte to the end of its headers.",
     MULTIHUB_INTEGER(http.header_timeout_ms, 10, kDayMs)},
    {"http", "body_timeout_ms", "From the end of the headers to the end of the body.",
     MULTIHUB_INTEGER(http.body_timeout_ms, 10, kDayMs)},
    {"http", "idle_timeout_ms", "Between two requests of a kept connection.",
     MULTIHUB_INTEGER(http.idle_timeout_ms, 10, kDayMs)},
    {"http", "write_timeout_ms", "An answer not taken for this long drops its connection.",
     MULTIHUB_INTEGER(http.write_timeout_ms, 10, kDayMs)},
    {"http", "answer_within_ms", "An authenticated call not answered by then is answered 2000.",
     MULTIHUB_INTEGER(http.answer_within_ms, 100, 30'000)},
    {"ops", "listen", "ADDR:PORT; port 0 picks a free one.", MULTIHUB_TEXT(ops.listen, TextForm::kAddress)},
    {"ops", "min_free_mb",
     "SQLite: /readyz says 503 while its disk has less room than this. 0: however little. A server's disk is not seen.",
     MULTIHUB_INTEGER(ops.min_free_mb, 0, 1'000'000'000)},
    {"database", "url",
     "sqlite:///absolute/path.db, sqlite:///./relative/path.db or "
     "mysql://user:password@host:port/database[?ssl_ca=FILE].",
     MULTIHUB_TEXT(database.url, TextForm::kDatabaseUrl)},
    {"database", "password", "The password of a mysql:// URL that names none.", MULTIHUB_SECRET(database.password)},
    {"database", "connect_timeout_s", "Seconds.", MULTIHUB_INTEGER(database.connect_timeout_s, 1, 300)},
    {"database", "statement_timeout_s", "Seconds until a statement of the gateway is given up.",
     MULTIHUB_INTEGER(database.statement_timeout_s, 1, 300)},
    {"database", "readers", "Sessions that only read (payment.status, balance.get).",
     MULTIHUB_INTEGER(database.readers, 1, 64)},
    {"database", "reader_queue", "Calls waiting for those; further ones are answered 429.",
     MULTIHUB_INTEGER(database.reader_queue, 1, 1'000'000)},
    {"lanes", "count", "0: one on SQLite, four on a MySQL-protocol server. SQLite always has one.",
     MULTIHUB_INTEGER(lanes.count, 0, 64)},
    {"lanes", "max_batch", "Calls in one transaction; 1: each has its own.",
     MULTIHUB_INTEGER(lanes.max_batch, 1, 1024)},
    {"lanes", "queue", "Calls waiting for one lane; further ones are answered 429.",
     MULTIHUB_INTEGER(lanes.queue, 1, 1'000'000)},
    {"limits", "enabled", "false: no rate limit at all.", MULTIHUB_BOOL(limits.enabled)},
    {"limits", "payment_per_minute", "payment.in and payment.out.",
     MULTIHUB_INTEGER(limits.payment_per_minute, 1, 100'000'000)},
    {"limits", "payment_burst", "Calls at once before the rate counts.",
     MULTIHUB_INTEGER(limits.payment_burst, 1, 100'000'000)},
    {"limits", "read_per_minute", "payment.status and balance.get.",
     MULTIHUB_INTEGER(limits.read_per_minute, 1, 100'000'000)},
    {"limits", "read_burst", "Calls at once before the rate counts.",
     MULTIHUB_INTEGER(limits.read_burst, 1, 100'000'000)},
    {"limits", "notification_per_minute", "payment.notification and its REST twin.",
     MULTIHUB_INTEGER(limits.notification_per_minute, 1, 100'000'000)},
    {"limits", "notification_burst", "Calls at once before the rate counts.",
     MULTIHUB_INTEGER(limits.notification_burst, 1, 100'000'000)},
    {"limits", "webhook_per_minute", "Each webhook and event method but the two below.",
     MULTIHUB_INTEGER(limits.webhook_per_minute, 1, 100'000'000)},
    {"limits", "webhook_burst", "Calls at once before the rate counts.",
     MULTIHUB_INTEGER(limits.webhook_burst, 1, 100'000'000)},
    {"limits", "webhook_send_per_minute", "webhook.test and event.replay.",
     MULTIHUB_INTEGER(limits.webhook_send_per_minute, 1, 100'000'000)},
    {"limits", "webhook_send_burst", "Calls at once before the rate counts.",
     MULTIHUB_INTEGER(limits.webhook_send_burst, 1, 100'000'000)},
    {"limits", "unauthenticated_per_minute", "Refusals of calls that did not authenticate, per source address.",
     MULTIHUB_INTEGER(limits.unauthenticated_per_minute, 1, 100'000'000)},
    {"limits", "unauthenticated_per_minute_sandbox", "The same in a sandbox.",
     MULTIHUB_INTEGER(limits.unauthenticated_per_minute_sandbox, 1, 100'000'000)},
    {"limits", "unauthenticated_sources", "Source addresses remembered for that.",
     MULTIHUB_INTEGER(limits.unauthenticated_sources, 64, 100'000'000)},
    {"security", "master_key", "32 bytes in base64. Without it nothing starts but a sandbox, which keeps its own.",
     MULTIHUB_SECRET(security.master_key)},
    {"providers", "workers", "Threads that talk to providers.", MULTIHUB_INTEGER(providers.workers, 1, 256)},
    {"providers", "queue", "Work kept in memory; what does not fit is found in the database a little later.",
     MULTIHUB_INTEGER(providers.queue, 1, 1'000'000)},
    {"providers", "started_answer_ms", "The longest that a route with `answer: started` keeps a call waiting.",
     MULTIHUB_INTEGER(providers.started_answer_ms, 1, 8000)},
    {"providers", "reconcile_poll_ms", "How often payments are looked for whose provider is to be asked.",
     MULTIHUB_INTEGER(providers.reconcile_poll_ms, 10, 60'000)},
    {"simulator", "delay_ms", "From a payment's acceptance to its outcome.",
     MULTIHUB_INTEGER(simulator.delay_ms, 0, kDayMs)},
    {"webhooks", "allow_private_networks",
     "true: webhooks may go to private and local addresses. For development; refused when live applications exist.",
     MULTIHUB_BOOL(webhooks.allow_private_networks)},
    {"webhooks", "allow_private_networks_with_live", "true: the same with live applications. Know why.",
     MULTIHUB_BOOL(webhooks.allow_private_networks_with_live)},
    {"webhooks", "require_https", "true: webhooks to http:// are refused.", MULTIHUB_BOOL(webhooks.require_https)},
    {"webhooks", "ca_file",
     "PEM file of the authorities that vouch for https receivers. Empty: those this machine trusts.",
     MULTIHUB_TEXT(webhooks.ca_file, TextForm::kFileOrNone)},
    {"webhooks", "max_in_flight", "Webhooks being sent at once by this process.",
     MULTIHUB_INTEGER(webhooks.max_in_flight, 1, 10'000)},
    {"webhooks", "max_per_application", "Of these, to one application.",
     MULTIHUB_INTEGER(webhooks.max_per_application, 1, 10'000)},
    {"webhooks", "max_per_origin", "Of these, to one origin (scheme, host and port) of one application.",
     MULTIHUB_INTEGER(webhooks.max_per_origin, 1, 10'000)},
    {"webhooks", "poll_ms", "How often webhooks are looked for that are due again or were left by another process.",
     MULTIHUB_INTEGER(webhooks.poll_ms, 10, 60'000)},
    {"webhooks", "lease_slack_ms",
     "A process that is killed delays the webhooks it was sending by an attempt's timeout and this.",
     MULTIHUB_INTEGER(webhooks.lease_slack_ms, 1000, 600'000)},
    {"retention", "days", "Finished webhook deliveries and superseded events are removed when older.",
     MULTIHUB_INTEGER(retention.days, 7, 36'500)},
    {"log", "level", "debug, info, warn or error.", MULTIHUB_TEXT(log.level, TextForm::kLogLevel)},
    {"drain", "lame_duck_ms",
     "After SIGTERM /readyz says 503, and calls are taken as before for so long: what sends them here notices first.",
     MULTIHUB_INTEGER(drain.lame_duck_ms, 0, 60'000)},
    {"drain", "timeout_ms", "After that no connection is taken, and calls that were are still answered for so long.",
     MULTIHUB_INTEGER(drain.timeout_ms, 0, 600'000)},
};

#undef MULTIHUB_FIELD
#undef MULTIHUB_BOOL
#undef MULTIHUB_INTEGER
#undef MULTIHUB_TEXT
#undef MULTIHUB_TEXTS
#undef MULTIHUB_SECRET

char Upper(char letter) { return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter; }

// Levenshtein, one row at a time.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t column = 0; column <= b.size(); ++column) row[column] = column;
  for (std::size_t line = 1; line <= a.size(); ++line) {
    std::size_t diagonal = row[0];
    row[0] = line;
    for (std::size_t column = 1; column <= b.size(); ++column) {
      const std::size_t replaced = diagonal + (a[line - 1] == b[column - 1] ? 0 : 1);
      diagonal = row[column];
      row[column] = std::min({replaced, row[column] + 1, row[column - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::span<const ConfigSection> ConfigSections() { return kSections; }
std::span<const ConfigKey> ConfigKeys() { return kKeys; }

std::string ConfigKey::FullName() const { return std::string(section) + "." + std::string(name); }

std::string ConfigKey::EnvironmentName() const {
  std::string text = "MULTIHUB_" + std::string(section) + "_" + std::string(name);
  std::transform(text.begin(), text.end(), text.begin(), Upper);
  return text;
}

bool Config::Given(std::string_view key) const { return std::find(given.begin(), given.end(), key) != given.end(); }

std::string NearestName(std::string_view unknown, std::span<const std::string> known) {
  const auto nearer = [&](const std::string& a, const std::string& b) {
    return EditDistance(unknown, a) < EditDistance(unknown, b);
  };
  const auto nearest = std::min_element(known.begin(), known.end(), nearer);
  return nearest == known.end() ? std::string() : *nearest;
}

}  // namespace multihub::cli
