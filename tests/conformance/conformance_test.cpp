// The suite as QA people use it, against the real gateway: on both engines, behind proxies, and against what is no
// gateway at all.
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "multihub/errors/code.h"
#include "support/free_port.h"
#include "support/gateway_process.h"
#include "support/json.h"
#include "support/mariadb_server.h"
#include "support/proxies.h"
#include "support/signed_client.h"
#include "support/temp_dir.h"
#include "support/webhook_receiver.h"

namespace multihub::conformance {
namespace {

using nlohmann::json;
using support::Reaction;
using support::RunResult;

// Against hangs only.
constexpr std::chrono::minutes kPatience{8};

bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class Suite {
 public:
  Suite() {
    for (const int application : {1, 2}) {
      support::WriteFile(SecretFile(application), support::SandboxSecret(application) + "\n");
    }
  }

  std::string SecretFile(int application) const { return dir_.File("secret-" + std::to_string(application)); }
  const support::TempDir& dir() const { return dir_; }

  RunResult Run(const std::string& url, std::vector<std::string> more) const {
    support::CliCall call;
    call.args = {"conformance", "--url",  url, "--app",          "1",          "--secret-file",
                 SecretFile(1), "--app2", "2", "--secret2-file", SecretFile(2)};
    call.args.insert(call.args.end(), more.begin(), more.end());
    call.timeout = kPatience;
    return support::RunCli(std::move(call));
  }

  // The document of a run, whatever its verdict.
  json RunJson(const std::string& url, std::vector<std::string> more) const {
    return Document(Begin(url, std::move(more)).get());
  }

  // A run that others go on beside; it waits most of its time. Each at a sandbox of its own.
  std::future<RunResult> Begin(const std::string& url, std::vector<std::string> more) const {
    more.push_back("--json");
    return std::async(std::launch::async, [this, url, more] { return Run(url, more); });
  }

  static json Document(const RunResult& run) {
    INFO(run.err);
    INFO(run.out.substr(0, 2000));
    json document = json::parse(run.out, nullptr, false);
    REQUIRE(document.is_object());
    CHECK((run.exit_code == 0) == document["conforms"].get<bool>());
    return document;
  }

 private:
  support::TempDir dir_;
};

std::string UrlOf(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

// "id: reasons" of the cases with that verdict.
std::vector<std::string> With(const json& document, const std::string& verdict) {
  std::vector<std::string> found;
  for (const json& one : document["cases"]) {
    if (one["verdict"] == verdict) found.push_back(one["id"].get<std::string>() + ": " + one["reasons"].dump());
  }
  return found;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

void CheckConforms(const json& document) {
  INFO("failed: " << Joined(With(document, "failed")));
  CHECK(document["conforms"] == true);
  CHECK(With(document, "failed").empty());
}

std::unique_ptr<support::GatewayProcess> Sandbox(const std::string& database_url) {
  support::GatewayOptions options;
  options.database_url = database_url;
  options.discard_log = true;
  return std::make_unique<support::GatewayProcess>(std::move(options));
}

TEST_CASE("the gateway conforms on SQLite, twice in a row, on MariaDB, and behind nginx and HAProxy") {
  const Suite suite;
  const auto sqlite = Sandbox("");
  const auto mariadb = Sandbox(support::SharedMariadb().CreateDatabase());
  const auto behind_nginx = Sandbox("");
  const auto behind_haproxy = Sandbox("");
  const support::NginxProxy nginx(behind_nginx->port());
  const support::HaproxyProxy haproxy(behind_haproxy->port());

  std::vector<std::future<RunResult>> direct, proxied;
  direct.push_back(suite.Begin(sqlite->url(), {}));
  direct.push_back(suite.Begin(mariadb->url(), {"--direct"}));
  for (const std::uint16_t port : {nginx.port(), haproxy.port()}) proxied.push_back(suite.Begin(UrlOf(port), {}));

  std::vector<json> documents;
  for (auto& run : direct) documents.push_back(Suite::Document(run.get()));
  documents.push_back(suite.RunJson(sqlite->url(), {"--direct"}));
  for (const json& document : documents) {
    CheckConforms(document);
    INFO(Joined(With(document, "skipped")));
    CHECK(With(document, "skipped").empty());
    CHECK(document["cases"].size() > 500);
  }
  // Proxies may answer malformed requests themselves.
  for (auto& run : proxied) {
    const json document = Suite::Document(run.get());
    CheckConforms(document);
    for (const std::string& skipped : With(document, "skipped")) {
      INFO(skipped);
      CHECK(skipped.rfind("order.", 0) == 0);
      CHECK(Contains(skipped, "a proxy in front"));
    }
  }
}

TEST_CASE("over TLS a gateway is tested when its certificate is vouched for, and refused when not") {
  const Suite suite;
  const auto gateway = Sandbox("");
  const support::TlsFiles tls = support::MakeSelfSigned(suite.dir(), "localhost");
  const support::NginxProxy nginx(gateway->port(), tls);
  const std::string url = "https://localhost:" + std::to_string(nginx.port());
  CheckConforms(suite.RunJson(url, {"--only", "envelope.*", "--ca-file", tls.certificate}));
  const json refused = suite.RunJson(url, {"--only", "envelope.ping"});
  CHECK(Contains(Joined(With(refused, "failed")), "TLS: self"));
}

TEST_CASE("every code of the catalogue has a case, or a reason why it has none") {
  const Suite suite;
  const json document = suite.RunJson(UrlOf(support::FreePort()), {"--timeout", "1"});
  std::set<int> reserved;
  for (const errors::CatalogueRow& row : errors::Catalogue()) {
    if (!row.reserved.empty()) reserved.insert(static_cast<int>(row.code));
  }
  REQUIRE(document["codes"].size() == errors::Catalogue().size());
  for (const json& row : document["codes"]) {
    INFO(row.dump());
    if (row["cases"] > 0) continue;
    const int code = row["code"];
    CHECK((reserved.count(code) == 1 || code == 2000 || code == 2001));
    CHECK_FALSE(row["instead"].get<std::string>().empty());
  }
}

TEST_CASE("what is no gateway is told in bounded time, with a line for each case") {
  const Suite suite;
  struct Peer {
    std::string name, part;
    std::vector<Reaction> reactions;
  };
  Reaction big = Reaction::Answer(200, std::string(10 * 1024 * 1024, 'a'));
  Reaction endless = Reaction::Endless();
  endless.body = std::string(4096, 'b');
  Reaction html = Reaction::Answer(404, "<html>nothing here</html>", {{"Content-Type", "text/html"}});
  const std::vector<Peer> peers = {
      {"a plain web server", "no envelope", {html}},
      {"garbage", "no HTTP", {Reaction::Garbage()}},
      {"an early close", "without an answer", {Reaction::CloseUnanswered()}},
      {"a reset", "no answer", {Reaction::ResetUnanswered()}},
      {"silence", "no answer in time", {Reaction::NeverAnswer()}},
      {"ten megabytes", "over 1 MiB", {big}},
      {"no end", "over 1 MiB", {endless}},
      {"one byte at a time", "no answer in time", {Reaction::ByteByByte(std::chrono::milliseconds(400))}},
  };
  std::vector<support::WebhookReceiver> servers(peers.size());
  std::vector<std::future<RunResult>> runs;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const Reaction& reaction = peers[i].reactions.front();
    servers[i].OnAnyOther([&reaction](const support::ReceivedRequest&) { return reaction; });
    runs.push_back(suite.Begin(UrlOf(servers[i].port()), {"--timeout", "1"}));
  }
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const Peer& peer = peers[i];
    INFO(peer.name);
    const json document = Suite::Document(runs[i].get());
    CHECK(document["conforms"] == false);
    CHECK(With(document, "passed").empty());
    CHECK(Contains(Joined(With(document, "failed")), peer.part));
    for (const json& one : document["cases"]) {
      CHECK_FALSE(one["reasons"].empty());
      for (const json& reason : one["reasons"]) CHECK_FALSE(Contains(reason.get<std::string>(), "\n"));
    }
  }
}

// Answers every call with the same success, rightly signed.
class YesMan {
 public:
  explicit YesMan(const std::string& result)
      : body_(R"({"success":true,"result":)" + result +
              R"(,"request_id":"5f0c9a1e-0000-4000-8000-000000000001","processing_time":0})") {
    server_.OnAnyOther([this](const support::ReceivedRequest& request) {
      const std::string* application = request.Header("X-Data-Application-Id");
      const std::int64_t id = application == nullptr ? 1 : std::atoll(application->c_str());
      return Reaction::Answer(
          200, body_,
          {{"Content-Type", "application/json"}, {"X-Data-Hash", support::Sign(body_, support::SandboxSecret(id))}});
    });
  }
  std::uint16_t port() const { return server_.port(); }

 private:
  const std::string body_;
  support::WebhookReceiver server_;
};

std::size_t CountOf(const std::vector<std::string>& lines, const std::string& part) {
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(), [&part](const std::string& line) { return Contains(line, part); }));
}

TEST_CASE("a peer that says yes to everything is not waited for again and again") {
  const Suite suite;
  // Nothing is there that could change; and a payment of which nothing ever becomes.
  const YesMan nothing("{}");
  const YesMan created(
      R"({"payment":{"amount":{"value":1200,"currency":"INR"},"identifiers":{"c_id":"a","h_id":"pay_a"},"status":)"
      R"({"status":"created","final":false,"success":null,"error":null},"status_version":1,"timestamps":{"created":)"
      R"("2026-05-01T10:00:00.120Z","updated":"2026-05-01T10:00:00.120Z","finished":null}},"events":[],"balance":)"
      R"({"id":1,"amounts":[{"value":5000,"value_freezing":0,"value_blocking":0,"currency":"MXN","enabled":true}],)"
      R"("enabled":true},"webhook":{"id":"wh_a","secret":"whsec_a","enabled":true}})");
  auto of_nothing = suite.Begin(UrlOf(nothing.port()), {});
  auto of_created = suite.Begin(UrlOf(created.port()), {});
  const json quick = Suite::Document(of_nothing.get());
  CHECK(quick["conforms"] == false);
  const json patient = Suite::Document(of_created.get());
  CHECK(patient["conforms"] == false);
  CHECK(CountOf(With(quick, "failed"), "(waited ") == 0);
  // The first waits are made, and at most those to their end that had begun with them.
  const std::size_t waits = CountOf(With(patient, "failed"), "(waited ");
  CHECK(waits >= 3);
  CHECK(waits < 10);
  CHECK(CountOf(With(patient, "skipped"), "waits for a change before it were in vain") > 10);
}

TEST_CASE("who pays as the same application meanwhile is named where the balance does not add up") {
  const Suite suite;
  const auto gateway = Sandbox("");
  auto run = suite.Begin(gateway->url(), {"--only", "money.payout-success", "--direct"});
  support::SignedClient other(gateway->port(), 1, support::SandboxSecret(1));
  int paid = 0;
  while (run.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    const json payment = {{"receiver", {{"bank", {{"account", {{"id", "032180000118359719"}}}}}}},
                          {"amount", {{"value", 1001}, {"currency", "MXN"}}},
                          {"identifiers", {{"c_id", "somebody-" + std::to_string(++paid)}}}};
    other.Call(json{{"method", "payment.out"}, {"service_id", 14801}, {"params", {{"payment", payment}}}});
  }
  const std::vector<std::string> failed = With(Suite::Document(run.get()), "failed");
  INFO(paid << " payments\n" << Joined(failed));
  CHECK(CountOf(failed, "somebody else paid as app1 at the same time (c_id somebody-") == 1);
}

TEST_CASE("after a few dead answers the rest is skipped with the reason") {
  const Suite suite;
  const json document = suite.RunJson(UrlOf(support::FreePort()), {"--timeout", "1"});
  CHECK(With(document, "failed").size() <= 16);
  const std::vector<std::string> skipped = With(document, "skipped");
  CHECK(skipped.size() > 500);
  CHECK(Contains(Joined(skipped), "the gateway has stopped answering"));
  CHECK(Contains(Joined(With(document, "failed")), "Connection refused"));
}

TEST_CASE("a wrong secret is told once, and nothing else is tried") {
  const Suite suite;
  const auto gateway = Sandbox("");
  support::WriteFile(suite.SecretFile(1), "some-other-secret");
  const json document = suite.RunJson(gateway->url(), {});
  CHECK(With(document, "skipped").size() == document["cases"].size());
  CHECK(Contains(document["cases"][0]["reasons"].dump(), "refuses --app with 3000"));
}

TEST_CASE("the merchant profile makes no payment, and the published contract counts nothing else") {
  const Suite suite;
  const auto gateway = Sandbox("");
  const json merchant = suite.RunJson(gateway->url(), {"--profile", "merchant", "--contract", "published", "--direct"});
  CheckConforms(merchant);
  for (const json& one : merchant["cases"]) {
    INFO(one.dump());
    CHECK(one["counted"] == (one["contract"] == "published"));
  }
  const RunResult events = support::RunCli({"payment", "list", "--json", "--database", gateway->database_url()});
  INFO(events.err);
  CHECK(json::parse(events.out)["payments"].empty());
}

TEST_CASE("reports are written in every form, and a failure stands in them with its request, answer and clause") {
  const Suite suite;
  const auto gateway = Sandbox("");
  const std::string cases = suite.dir().path() + "/cases";
  REQUIRE(std::system(("mkdir '" + cases + "'").c_str()) == 0);
  support::WriteFile(cases + "/wrong.yaml",
                     "cases:\n"
                     "  - id: wrong.house\n    title: A <b>house</b> rule\n    clause: docs/api/protocol.md#request\n"
                     "    contract: house\n    steps:\n      - request: {method: gateway.ping}\n"
                     "        expect: {code: 1005}\n"
                     "  - id: right.ping\n    title: pong\n    clause: docs/api/gateway_ping.md#gatewayping\n"
                     "    contract: published\n    steps:\n      - request: {method: gateway.ping}\n"
                     "        expect: {code: 0}\n");
  const auto file = [&suite](const std::string& name) { return suite.dir().File(name); };
  const std::vector<std::string> reports = {"--cases",  cases,
                                            "--report", "junit=" + file("r.xml"),
                                            "--report", "html=" + file("r.html"),
                                            "--report", "md=" + file("r.md")};
  const RunResult house = suite.Run(gateway->url(), reports);
  CHECK(house.exit_code == 1);
  CHECK(Contains(house.out, "DOES NOT CONFORM: 1 of 2 cases"));
  const std::string html = support::ReadFile(file("r.html"));
  for (const char* part : {"does not conform", "wrong.house", "A &lt;b&gt;house&lt;/b&gt; rule", "gateway.ping",
                           "&quot;pong&quot;", "docs/api/protocol.md#request", "answered success"}) {
    INFO(part);
    CHECK(Contains(html, part));
  }
  for (const char* part : {"src=", "http-equiv", "<script", "<link", "@import", "url("}) CHECK(!Contains(html, part));
  const std::string junit = support::ReadFile(file("r.xml"));
  CHECK(Contains(junit, "failures=\"1\""));
  CHECK(Contains(junit, "A &lt;b&gt;house"));
  CHECK(Contains(support::ReadFile(file("r.md")), "### wrong.house"));
  CHECK_FALSE(Contains(html + junit, support::SandboxSecret(1)));

  const RunResult published = suite.Run(gateway->url(), {"--cases", cases, "--contract", "published"});
  CHECK(published.exit_code == 0);
  CHECK(Contains(published.out, "CONFORMS: 1 of 1 cases"));
  CHECK(Contains(published.out, "0 hold, 1 do not"));

  const RunResult tap = suite.Run(gateway->url(), {"--cases", cases, "--tap"});
  CHECK(Contains(tap.out, "TAP version 13\n1..2\nnot ok 1 - wrong.house"));
  CHECK(Contains(tap.out, "\nok 2 - right.ping"));
}

TEST_CASE("what cannot be run is one sentence") {
  const Suite suite;
  const std::string nowhere = UrlOf(support::FreePort());
  const std::string broken = suite.dir().path() + "/broken";
  REQUIRE(std::system(("mkdir '" + broken + "'").c_str()) == 0);
  support::WriteFile(broken + "/a.yaml", "cases:\n  - id: a\n    colour: red\n");
  support::WriteFile(suite.dir().File("services.yaml"), "services:\n  upi_in: {min: 5}\n");
  struct Row {
    std::string url, part;
    std::vector<std::string> more;
  };
  for (const Row& row : std::vector<Row>{{nowhere, "No case of this profile fits", {"--only", "nothing.*"}},
                                         {nowhere, "a.yaml:3: a case has no 'colour'", {"--cases", broken}},
                                         {nowhere, "needs its id", {"--services", suite.dir().File("services.yaml")}},
                                         {nowhere, "There is no report 'pdf'", {"--report", "pdf=x"}},
                                         {nowhere, "cannot be listened on", {"--webhook-listen", "192.0.2.1:1"}},
                                         {nowhere, "--timeout must be", {"--timeout", "0"}},
                                         {"gateway", "--url must be", {}}}) {
    INFO(row.part);
    const RunResult run = suite.Run(row.url, row.more);
    INFO(run.out);
    INFO(run.err);
    CHECK(run.exit_code == 1);
    CHECK(run.out.empty());
    CHECK(Contains(run.err, row.part));
  }
}

TEST_CASE("a rate limit nobody expected is waited out") {
  const Suite suite;
  support::GatewayOptions options;
  options.discard_log = true;
  options.env = {{"MULTIHUB_LIMITS_PAYMENT_PER_MINUTE", "60"}, {"MULTIHUB_LIMITS_PAYMENT_BURST", "6"}};
  const support::GatewayProcess gateway(options);
  const json document = suite.RunJson(gateway.url(), {"--only", "payments.c-id-distinct.*"});
  CheckConforms(document);
  CHECK(With(document, "skipped").empty());
  CHECK(document["waited_ms"] > 0);
}

TEST_CASE("the cases are listed without a gateway") {
  const RunResult listed = support::RunCli({"conformance", "--list", "--only", "envelope.*"});
  CHECK(listed.exit_code == 0);
  CHECK(Contains(listed.out, "envelope.ping"));
  CHECK_FALSE(Contains(listed.out, "signature."));
}

}  // namespace
}  // namespace multihub::conformance
