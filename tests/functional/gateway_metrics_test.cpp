// What /metrics says of traffic that is known to the last call, and that nothing of a merchant's stands on it.
#include <algorithm>
#include <set>

#include "multihub/errors/code.h"
#include "support/gateway_fixture.h"
#include "support/metrics_page.h"
#include "support/webhook_receiver.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::AskOps;
using support::MetricsPage;
using support::Reaction;
using support::ScrapeMetrics;
using support::SignedClient;
using support::WebhookReceiver;
using Labels = std::set<std::string>;

// Outcomes after 200 ms; one notification a minute, three unauthenticated refusals.
std::map<std::string, std::string> TightLimits() {
  return {{"MULTIHUB_SIMULATOR_DELAY_MS", "200"},
          {"MULTIHUB_LIMITS_NOTIFICATION_PER_MINUTE", "1"},
          {"MULTIHUB_LIMITS_NOTIFICATION_BURST", "1"},
          {"MULTIHUB_LIMITS_UNAUTHENTICATED_PER_MINUTE_SANDBOX", "3"}};
}

MetricsPage Scrape(Sandbox* sandbox) { return ScrapeMetrics(sandbox->gateway().ops_port()); }

// Calls, and how each was answered: by the method and code under which the page must count it.
class Tally {
 public:
  explicit Tally(const Sandbox& sandbox) : client_(sandbox.Client()) {}

  Answer Call(const json& request) {
    const Answer answer = client_.Call(request);
    Note(request["method"], answer);
    return answer;
  }
  // Refused before the method is known.
  void CallWith(const std::string& body, const std::vector<std::pair<std::string, std::string>>& headers) {
    Note("none", client_.CallWith(body, headers));
  }
  void CallRaw(const std::string& body) { Note("none", client_.Call(std::string_view(body))); }

  int Of(const std::string& method, int code) const {
    const auto found = counts_.find({method, code});
    return found == counts_.end() ? 0 : found->second;
  }
  const std::map<std::pair<std::string, int>, int>& counts() const { return counts_; }

 private:
  void Note(const std::string& method, const Answer& answer) {
    INFO(answer.raw);
    REQUIRE(answer.ok());
    ++counts_[{method, answer.success() ? 0 : answer.code()}];
  }

  SignedClient client_;
  std::map<std::pair<std::string, int>, int> counts_;
};

std::string RequestCount(const std::string& method, int code) {
  return "multihub_request_duration_seconds_count{method=\"" + method + "\",code=\"" + std::to_string(code) + "\"}";
}

std::string PaymentCount(int service, const std::string& direction, const std::string& status) {
  return "multihub_payments_total{service_id=\"" + std::to_string(service) + "\",provider=\"simulator\",direction=\"" +
         direction + "\",status=\"" + status + "\"}";
}

void CreateWebhook(const Sandbox& sandbox, const std::string& url, const std::string& event, const std::string& retries,
                   const std::string& delay) {
  sandbox.Cli({"webhook", "create", "--app", "1", "--url", url, "--events", event, "--timeout", "5", "--max-retries",
               retries, "--retry-delay", delay});
}

// Nine deposits and a payout that are accepted, and refusals of many kinds. Merchants' words begin with "canary".
void MakeTraffic(Tally* tally) {
  int number = 0;
  for (const int value : {5000, 5000, 5000, 5001, 5002, 5003, 5004, 5008, 5009, 5005}) {
    tally->Call(Deposit(14702, value, "INR", "canary-" + std::to_string(++number)));
  }
  tally->Call(Deposit(14702, 5000, "INR", "canary-1"));                // a duplicate
  tally->Call(Deposit(14702, 5000, "MXN", "canary-currency"));         // not the route's
  tally->Call(json{{"method", "payment.in"}, {"service_id", 14702}});  // no payment
  tally->Call(Deposit(99999, 5000, "INR", "canary-route"));
  tally->Call(MxnPayout(5000, "canary-out"));
  tally->Call(MxnPayout(99'999'900, "canary-poor"));
  tally->Call(json::parse(kPing));
  tally->CallRaw(R"({"method":"canary.method"})");
  tally->CallRaw("canary, not JSON");
  for (int i = 0; i < 3; ++i) tally->Call(NotificationOf(json{{"c_id", "canary-nobody"}}));
  for (int i = 0; i < 5; ++i) tally->CallWith(kPing, {{"X-Data-Hash", std::string(128, 'a')}});
}

void CheckRequests(const MetricsPage& page, const Tally& tally) {
  double answered = 0;
  for (const auto& [row, count] : tally.counts()) {
    INFO(RequestCount(row.first, row.second));
    CHECK(page.Of(RequestCount(row.first, row.second)) == count);
    answered += count;
  }
  // And nothing else was answered.
  CHECK(page.Sum("multihub_request_duration_seconds_count") == answered);
  CHECK(page.Sum("multihub_request_duration_seconds_bucket", {"le=\"+Inf\""}) == answered);
  CHECK(page.Of("multihub_rate_limit_refusals_total{limit=\"notification\"}") ==
        tally.Of("payment.notification", 1000));
  CHECK(page.Of("multihub_rate_limit_refusals_total{limit=\"unauthenticated\"}") == tally.Of("none", 1000));
  CHECK(page.Sum("multihub_rate_limit_refusals_total") ==
        tally.Of("payment.notification", 1000) + tally.Of("none", 1000));
}

void CheckPayments(const Sandbox& sandbox, const MetricsPage& page) {
  const std::int64_t processing = sandbox.Count(
      "events e JOIN payments p ON p.h_id = e.h_id WHERE p.service_id = 14702 AND "
      "e.event = 'payment.processing'");
  CHECK(page.Of(PaymentCount(14702, "in", "processing")) == processing);
  CHECK(processing >= 2);  // two of them are still there
  CHECK(page.Of(PaymentCount(14702, "in", "created")) == 9);
  CHECK(page.Of(PaymentCount(14702, "in", "success")) == 4);
  CHECK(page.Of(PaymentCount(14702, "in", "error")) == 1);
  CHECK(page.Of(PaymentCount(14702, "in", "declined")) == 1);
  CHECK(page.Of(PaymentCount(14702, "in", "canceled")) == 1);
  CHECK(page.Of(PaymentCount(14801, "out", "created")) == 1);
  CHECK(page.Of(PaymentCount(14801, "out", "success")) == 1);
  // Every step of every payment has an event of its own.
  CHECK(page.Sum("multihub_payments_total") == sandbox.Count("events"));
  // A route without payments is there, so that its silence can be told.
  CHECK(page.Has(PaymentCount(14803, "out", "created")));
  CHECK(page.Of("multihub_route_enabled{service_id=\"14702\",provider=\"simulator\",direction=\"in\"}") == 1);
  CHECK(page.Has("multihub_route_enabled{service_id=\"14712\",provider=\"simulator\",direction=\"in\"}"));
  CHECK(page.Of("multihub_route_enabled{service_id=\"14712\",provider=\"simulator\",direction=\"in\"}") == 0);
}

void CheckLabels(const MetricsPage& page, const Sandbox& sandbox) {
  Labels codes = {"0"}, services, lanes;
  for (const errors::CatalogueRow& row : errors::Catalogue()) codes.insert(std::to_string(static_cast<int>(row.code)));
  for (const auto& row : sandbox.Sql("SELECT service_id FROM routes")) services.insert(row.at(0));
  for (int lane = 0; lane < (sandbox.engine() == TestEngine::kSqlite ? 1 : 4); ++lane)
    lanes.insert(std::to_string(lane));
  Labels methods = {"none"};
  for (const char* name :
       {"gateway.ping", "payment.in", "payment.out", "payment.status", "payment.notification", "balance.get",
        "webhook.create", "webhook.list", "webhook.get", "webhook.update", "webhook.delete", "webhook.enable",
        "webhook.disable", "webhook.test", "webhook.rotate_secret", "event.list", "event.get", "event.replay"}) {
    methods.insert(name);
  }
  const std::map<std::string, Labels> allowed = {
      {"method", methods},
      {"code", codes},
      {"service_id", services},
      {"provider", {"simulator"}},
      {"direction", {"in", "out"}},
      {"status", {"created", "processing", "success", "error", "declined", "canceled", "partial_refund", "refunded"}},
      {"limit", {"unauthenticated", "payment", "read", "notification", "webhook", "webhook_send"}},
      {"reason", {"malformed", "overload", "slow"}},
      {"call", {"start", "state"}},
      {"outcome", {"no_answer",      "not_known", "pending", "succeeded", "failed",  "declined", "canceled",
                   "committed",      "1xx",       "2xx",     "3xx",       "4xx",     "5xx",      "odd_status",
                   "refused_target", "resolve",   "connect", "tls",       "timeout", "network"}},
      {"state", {"delivered", "failed"}},
      {"place", {"waiting", "sending"}},
      {"lane", lanes},
      {"kind",
       {"merchant", "background", "amount_mismatch", "balance_limit", "database_damaged", "database_full",
        "database_not_writable", "late_message", "payment_stuck", "webhook_gone"}},
      {"engine", {sandbox.engine() == TestEngine::kSqlite ? "sqlite" : "mysql"}},
      {"version", page.LabelValues()["version"]},
  };
  for (const auto& [label, values] : page.LabelValues()) {
    INFO(label);
    if (label == "le") continue;
    REQUIRE(allowed.count(label) == 1);
    for (const std::string& value : values) {
      INFO(value);
      CHECK(allowed.at(label).count(value) == 1);
    }
  }
  CHECK(page.LabelValues()["service_id"] == services);
  REQUIRE(page.LabelValues()["version"].size() == 1);
}

TEST_CASE("gateway: the metrics page counts known traffic exactly, and shows nothing of the merchants'") {
  Sandbox sandbox(EachEngine(), TightLimits());
  WebhookReceiver receiver;
  receiver.On("/canary-bad", Reaction::Answer(500));
  receiver.On("/canary-later", Reaction::Answer(503));
  CreateWebhook(sandbox, receiver.Url("/canary-ok"), "payment.completed", "3", "1");
  CreateWebhook(sandbox, receiver.Url("/canary-bad"), "payment.completed", "1", "1");
  CreateWebhook(sandbox, receiver.Url("/canary-later"), "payment.cancelled", "5", "3600");
  Tally tally(sandbox);
  MakeTraffic(&tally);
  CHECK(tally.Of("payment.in", 0) == 9);
  CHECK(tally.Of("payment.in", 2002) == 1);
  CHECK(tally.Of("payment.in", 6009) == 1);
  CHECK(tally.Of("payment.out", 1012) == 1);
  CHECK(tally.Of("payment.notification", 1000) == 2);
  CHECK(tally.Of("none", 3000) == 3);
  CHECK(tally.Of("none", 1000) == 2);
  support::TcpClient garbage;
  REQUIRE(garbage.Connect("127.0.0.1", sandbox.gateway().port()));
  REQUIRE(garbage.SendAll("canary\r\n\r\n"));
  REQUIRE(garbage.ReadHttpResponse());

  // Four completed deposits: one attempt each at the good receiver, two at the bad one; one canceled, tried again in an
  // hour.
  MetricsPage page;
  const bool settled = Eventually([&] {
    page = Scrape(&sandbox);
    return page.Of("multihub_webhook_deliveries_ended_total{state=\"delivered\"}") == 4 &&
           page.Of("multihub_webhook_deliveries_ended_total{state=\"failed\"}") == 4 &&
           page.Of("multihub_webhook_attempts_total{outcome=\"5xx\"}") == 9 &&
           page.Of("multihub_webhook_pending_deliveries") == 1 &&
           page.Of("multihub_alerts_total{kind=\"amount_mismatch\"}") == 1 &&
           page.Of("multihub_alerts_total{kind=\"late_message\"}") == 1 &&
           page.Of(PaymentCount(14801, "out", "success")) == 1;
  });
  INFO(page.text);
  REQUIRE(settled);
  CHECK(page.Of("multihub_webhook_attempts_total{outcome=\"2xx\"}") == 4);
  CHECK(page.Sum("multihub_webhook_attempts_total") == 13);
  CHECK(page.Of("multihub_webhook_attempt_duration_seconds_count") == 13);
  CHECK(receiver.count() == 13);
  CHECK(page.Has("multihub_webhook_oldest_due_age_seconds"));
  CHECK(page.Of("multihub_webhook_breakers_open") == 0);
  CHECK(page.Sum("multihub_alerts_total") == 2);

  CheckRequests(page, tally);
  CheckPayments(sandbox, page);
  CheckLabels(page, sandbox);
  CHECK(page.Of("multihub_http_refusals_total{reason=\"malformed\"}") == 1);
  CHECK(page.Sum("multihub_http_refusals_total") == 1);
  CHECK(page.Of("multihub_calls_in_flight") == 0);
  CHECK(page.Sum("multihub_provider_calls_total", {"call=\"start\""}) == 10);
  CHECK(page.Of("multihub_provider_call_duration_seconds_count{provider=\"simulator\",call=\"start\"}") == 10);
  CHECK(page.Of("multihub_provider_breaker_open{provider=\"simulator\"}") == 0);
  CHECK(page.Of("multihub_readers") == 2);
  CHECK(page.Of("multihub_ready") == 1);
  CHECK(page.Of("multihub_database_clock_offset_seconds") == 0);
  CHECK(page.Has("multihub_database_free_bytes") == (sandbox.engine() == TestEngine::kSqlite));
  CHECK(page.Sum("multihub_lane_jobs_total", {"outcome=\"failed\""}) == 0);
  // Ten payments that were stored, three that were refused where only the database could tell.
  CHECK(page.Sum("multihub_lane_jobs_total", {"outcome=\"committed\""}) >= 13);
  const double batches = page.Sum("multihub_lane_batch_jobs_count");
  CHECK(batches > 0);
  CHECK(page.Sum("multihub_lane_commit_duration_seconds_count") == batches);
  CHECK(page.Sum("multihub_lane_transaction_duration_seconds_count") == batches);
  CHECK(page.Sum("multihub_lane_transaction_duration_seconds_sum") >=
        page.Sum("multihub_lane_commit_duration_seconds_sum"));

  for (const std::string& secret : {std::string("canary"), std::to_string(receiver.port()), std::string("pay_"),
                                    std::string("127.0.0.1"), std::string("INR"), std::string("Sandbox merchant")}) {
    INFO(secret);
    CHECK_FALSE(Contains(page.text, secret));
  }
}

TEST_CASE("gateway: the metrics page is Prometheus' text, for those who read and nobody else") {
  Sandbox sandbox(TestEngine::kSqlite);
  const std::uint16_t port = sandbox.gateway().ops_port();
  CHECK(ScrapeMetrics(port).content_type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(AskOps(port, "/metrics", "HEAD") == "200 ");
  CHECK(AskOps(port, "/metrics?name=x").substr(0, 4) == "200 ");
  CHECK(AskOps(port, "/metrics", "POST").substr(0, 4) == "404 ");
  // And not on the merchants' port.
  CHECK(AskOps(sandbox.gateway().port(), "/metrics").substr(0, 4) == "400 ");
}

TEST_CASE("gateway: what the last verification of the ledger found stands on the metrics page") {
  Sandbox sandbox(EachEngine());
  MetricsPage page;
  const auto becomes = [&](const std::function<bool()>& fact) {
    const bool came = Eventually([&] {
      page = Scrape(&sandbox);
      return fact();
    });
    INFO(page.text);
    CHECK(came);
  };
  becomes([&] { return page.Has("multihub_ledger_verified_timestamp_seconds"); });
  CHECK(page.Of("multihub_ledger_verified_timestamp_seconds") == 0);
  CHECK_FALSE(page.Has("multihub_ledger_sound"));
  REQUIRE(sandbox.Run({"ledger", "verify", "--app", "1"}).exit_code == 0);  // one application says nothing of the whole
  CHECK(sandbox.Count("settings WHERE name = 'ledger_verification'") == 0);

  REQUIRE(sandbox.Run({"ledger", "verify"}).exit_code == 0);
  becomes([&] { return page.Of("multihub_ledger_sound") == 1; });
  const double first = page.Of("multihub_ledger_verified_timestamp_seconds");
  CHECK(first > 1.7e9);

  sandbox.Sql("UPDATE balances SET value = value + 1 WHERE application_id = 2 AND currency = 'INR'");
  REQUIRE(sandbox.Run({"ledger", "verify", "--app", "2"}).exit_code == 1);
  becomes([&] { return page.Has("multihub_ledger_sound") && page.Of("multihub_ledger_sound") == 0; });
  CHECK(page.Of("multihub_ledger_verified_timestamp_seconds") >= first);

  // A sound part does not make the whole sound.
  sandbox.Sql("UPDATE balances SET value = value - 1 WHERE application_id = 2 AND currency = 'INR'");
  REQUIRE(sandbox.Run({"ledger", "verify", "--app", "2"}).exit_code == 0);
  CHECK(sandbox.Count("settings WHERE name = 'ledger_verification' AND value LIKE 'different %'") == 1);
  REQUIRE(sandbox.Run({"ledger", "verify"}).exit_code == 0);
  becomes([&] { return page.Of("multihub_ledger_sound") == 1; });
}

TEST_CASE("gateway: a webhook that nobody takes grows old on the metrics page") {
  Sandbox sandbox(EachEngine());
  // Due for an hour; of an endpoint that is not there, so that it is never sent.
  const std::string now = sandbox.engine() == TestEngine::kSqlite ? "CAST(strftime('%s', 'now') AS INTEGER) * 1000"
                                                                  : "UNIX_TIMESTAMP() * 1000";
  sandbox.Sql(
      "INSERT INTO webhook_deliveries (id, endpoint_id, application_id, h_id, status_version, state, due_ms, "
      "created_ms, attempts, lease_owner, expires_ms, finished_ms, outcome) VALUES ('dlv_x', 'wh_x', 1, 'pay_x', "
      "1, 'pending', " +
      now + " - 3600000, 0, 0, '', 9000000000000000, 0, '')");
  MetricsPage page;
  CHECK(Eventually([&] {
    page = Scrape(&sandbox);
    return page.Of("multihub_webhook_oldest_due_age_seconds") >= 3590;
  }));
  INFO(page.text);
  CHECK(page.Of("multihub_webhook_oldest_due_age_seconds") < 3600 + 600);
  sandbox.Sql("DELETE FROM webhook_deliveries WHERE id = 'dlv_x'");
  CHECK(Eventually([&] { return Scrape(&sandbox).Of("multihub_webhook_oldest_due_age_seconds") < 3590; }));
}

}  // namespace
}  // namespace multihub::functional
