// The operator's commands for webhooks, events and deliveries.
#include "support/gateway_fixture.h"
#include "support/webhook_receiver.h"

namespace multihub::functional {
namespace {

using support::Reaction;
using support::ReceivedRequest;
using support::RunResult;
using support::WebhookReceiver;
using Words = std::vector<std::string>;

const std::string kNobody = "wh_00000000000000000000000000";

// A migrated database with applications 1 and 2.
void MakeApplications(const CliDatabase& db) {
  db.Json({"migrate"});
  db.Json({"merchant", "create", "--name", "M"});
  db.Json({"app", "create", "--merchant", "1", "--test"});
  db.Json({"app", "create", "--merchant", "1", "--test"});
}

std::string Text(const json& value) { return value.get<std::string>(); }

json Create(const CliDatabase& db, const std::string& url, Words more = {}) {
  Words words = {"webhook", "create", "--app", "1", "--url", url};
  words.insert(words.end(), more.begin(), more.end());
  return db.Json(words)["webhook"];
}

TEST_CASE("webhooks are created, shown, changed and switched by the operator, on both engines") {
  const CliDatabase db(EachEngine());
  MakeApplications(db);
  const json made = Create(db, "https://shop.example/hooks");
  const std::string id = Text(made["id"]);
  const std::string secret = Text(made["secret"]);
  CHECK(secret.rfind("whsec_", 0) == 0);
  CHECK(made["application_id"] == 1);
  CHECK(made["source"] == "configured");
  CHECK(made["enabled"] == true);
  CHECK(made["disabled_reason"].is_null());
  CHECK(made["events"].size() == 7);
  CHECK(made["max_retries"].is_null());

  const json full = Create(
      db, "https://shop.example/all",
      {"--events", "*", "--description", "Caf\xc3\xa9", "--max-retries", "0", "--retry-delay", "60", "--timeout", "5"});
  CHECK(full["events"] == json::array({"*"}));
  CHECK(full["description"] == "Caf\xc3\xa9");
  CHECK(full["max_retries"] == 0);
  CHECK(full["retry_delay_seconds"] == 60);
  CHECK(full["timeout_seconds"] == 5);
  CHECK(Create(db, "https://shop.example/two", {"--events", "payout.failed", "payment.failed"})["events"] ==
        json::array({"payment.failed", "payout.failed"}));
  db.Json({"webhook", "create", "--app", "2", "--url", "https://shop.example/hooks"});

  const json listed = db.Json({"webhook", "list", "--app", "1"})["webhooks"];
  REQUIRE(listed.size() == 3);
  CHECK(listed[0]["id"] == id);
  CHECK(db.Json({"webhook", "list"})["webhooks"].size() == 4);
  CHECK(db.Json({"webhook", "list", "--app", "1", "--source", "in_request"})["webhooks"].empty());

  json changed =
      db.Json({"webhook", "update", id, "--url", "https://shop.example/new", "--max-retries", "20"})["webhook"];
  CHECK(changed["url"] == "https://shop.example/new");
  CHECK(changed["max_retries"] == 20);
  CHECK(changed["events"] == made["events"]);
  changed = db.Json({"webhook", "disable", id})["webhook"];
  CHECK(changed["enabled"] == false);
  CHECK(changed["disabled_reason"] == "operator");
  CHECK(db.Json({"webhook", "show", id})["webhook"] == changed);
  CHECK(db.Json({"webhook", "enable", id})["webhook"]["disabled_reason"].is_null());
  CHECK(db.Json({"webhook", "enable", id})["webhook"]["enabled"] == true);

  const std::string second = Text(db.Json({"webhook", "rotate-secret", id})["webhook"]["secret"]);
  CHECK(second != secret);
  for (const Words& words :
       std::vector<Words>{{"webhook", "list"}, {"webhook", "show", id}, {"webhook", "enable", id}}) {
    const RunResult run = db.Run(words);
    CHECK(run.exit_code == 0);
    CHECK(Contains(run.out, id));
    CHECK_FALSE(Contains(run.out, "whsec_"));
  }
  const RunResult printed = db.Run({"webhook", "rotate-secret", id});
  CHECK(Contains(printed.out, "whsec_"));
  CHECK(Contains(printed.out, "not shown again"));

  CHECK(db.Json({"webhook", "delete", id})["webhook"]["id"] == id);
  db.Refuses({"webhook", "show", id}, "There is no webhook " + id);
  CHECK(db.Json({"webhook", "list", "--app", "1"})["webhooks"].size() == 2);
}

TEST_CASE("what a webhook cannot be is a sentence") {
  const CliDatabase db(EachEngine());
  MakeApplications(db);
  const std::string id = Text(Create(db, "https://shop.example/hooks")["id"]);
  const std::string other = Text(Create(db, "https://shop.example/other")["id"]);
  const auto refuses = [&](Words more, const std::string& part) {
    Words words = {"webhook", "update", id};
    words.insert(words.end(), more.begin(), more.end());
    db.Refuses(words, part);
    words = {"webhook", "create", "--app", "1"};
    if (more.front() != "--url") words.insert(words.end(), {"--url", "https://shop.example/x"});
    words.insert(words.end(), more.begin(), more.end());
    db.Refuses(words, part);
  };
  refuses({"--url", "shop.example"}, "--url must be");
  refuses({"--url", "https://10.0.0.1/"}, "--url");
  refuses({"--url", "http://127.0.0.1:8000/"}, "--url");
  refuses({"--url", "https://shop.example/#x"}, "--url");
  refuses({"--url", "https://shop.example/other"}, "--url is the URL of another webhook");
  refuses({"--events", "payment.exploded"}, "--events must be");
  refuses({"--events", "*", "payment.failed"}, "--events must be");
  refuses({"--description", std::string(256, 'x')}, "--description must be at most 255");
  refuses({"--description", "a\tb"}, "--description");
  refuses({"--description", "a\xff"}, "--description");
  refuses({"--max-retries", "21"}, "--max-retries must be a whole number from 0 to 20");
  refuses({"--retry-delay", "0"}, "--retry-delay must be a whole number from 1 to 3600");
  refuses({"--timeout", "31"}, "--timeout must be a whole number from 1 to 30");
  db.Refuses({"webhook", "create", "--app", "9", "--url", "https://shop.example/x"}, "There is no application 9");
  db.Refuses({"webhook", "list", "--app", "9"}, "There is no application 9");
  for (const char* word : {"show", "update", "test", "enable", "disable", "delete", "rotate-secret"}) {
    db.Refuses({"webhook", word, kNobody}, "There is no");
  }
  CHECK(db.Run({"webhook", "list", "--source", "nowhere"}).exit_code == 2);
  CHECK(db.Json({"webhook", "list"})["webhooks"].size() == 2);
}

TEST_CASE("only the commands that touch secrets need the master key") {
  CliDatabase db(TestEngine::kSqlite);
  MakeApplications(db);
  const std::string id = Text(Create(db, "https://shop.example/hooks")["id"]);
  db.master_key = false;
  for (const Words& words : std::vector<Words>{{"webhook", "list"},
                                               {"webhook", "show", id},
                                               {"webhook", "update", id, "--description", "x"},
                                               {"webhook", "disable", id},
                                               {"webhook", "enable", id},
                                               {"event", "list", "--app", "1"},
                                               {"delivery", "list"}}) {
    db.Json(words);
  }
  db.Refuses({"webhook", "create", "--app", "1", "--url", "https://shop.example/x"}, "master key");
  db.Refuses({"webhook", "rotate-secret", id}, "master key");
  db.Refuses({"webhook", "test", id}, "master key");
  db.Json({"webhook", "delete", id});
}

TEST_CASE("events and deliveries are listed, shown and sent again, on both engines") {
  Sandbox sandbox(EachEngine());
  support::SignedClient client = sandbox.Client();
  WebhookReceiver receiver;
  const std::string configured =
      Text(sandbox.Cli({"webhook", "create", "--app", "1", "--url", "https://shop.example/never"})["webhook"]["id"]);
  sandbox.Cli({"webhook", "disable", configured});
  json request = Deposit(14702, 5000, "INR", "order-1");
  request["params"]["payment"]["webhook_url"] = receiver.Url("/own");
  const std::string h_id = IdOf(PaymentIn(client.Call(request)));
  AwaitFinal(&client, h_id);
  const std::string other = IdOf(PaymentIn(client.Call(Deposit(14702, 5001, "INR", 7))));
  AwaitFinal(&client, other);
  // Nothing moves from here but what the commands do.
  sandbox.gateway().Terminate();

  const json events = sandbox.Cli({"event", "list", "--app", "1"});
  REQUIRE(events["events"].size() == 6);
  CHECK(events["next_cursor"].is_null());
  CHECK(events["events"][0]["h_id"] == other);
  CHECK(events["events"][0]["c_id"] == 7);
  CHECK(events["events"][0]["application_id"] == 1);
  CHECK(events["events"][5]["id"] == h_id + ":payment.created");
  const json page = sandbox.Cli({"event", "list", "--app", "1", "--limit", "4"});
  CHECK(page["events"].size() == 4);
  const json rest = sandbox.Cli({"event", "list", "--app", "1", "--after", Text(page["next_cursor"])});
  CHECK(rest["events"].size() == 2);
  CHECK(sandbox.Cli({"event", "list", "--app", "1", "--payment", h_id})["events"].size() == 3);
  CHECK(sandbox.Cli({"event", "list", "--app", "1", "--type", "payment.failed"})["events"].size() == 1);
  CHECK(sandbox.Cli({"event", "list", "--app", "1", "--since", "2999-01-01"})["events"].empty());
  CHECK(sandbox.Cli({"event", "list", "--app", "1", "--until", "2020-01-01"})["events"].empty());
  CHECK(sandbox.Cli({"event", "list", "--app", "2"})["events"].empty());

  const std::string event = h_id + ":payment.completed";
  const json shown = sandbox.Cli({"event", "show", event})["event"];
  CHECK(shown["body"]["id"] == event);
  CHECK(shown["body"]["data"]["result"]["payment"]["identifiers"]["h_id"] == h_id);
  REQUIRE(shown["deliveries"].size() == 1);
  const std::string delivery = Text(shown["deliveries"][0]["id"]);
  const std::string own = Text(shown["deliveries"][0]["webhook_id"]);
  const json endpoint = sandbox.Cli({"webhook", "show", own})["webhook"];
  CHECK(endpoint["source"] == "in_request");
  CHECK(endpoint["url"] == receiver.Url("/own"));
  CHECK(endpoint["events"].empty());
  CHECK(sandbox.Cli({"webhook", "list", "--app", "1", "--source", "in_request"})["webhooks"].size() == 1);
  CheckRefusal(sandbox.Run({"webhook", "update", own, "--description", "x"}), "There is no configured webhook");
  CheckRefusal(sandbox.Run({"webhook", "rotate-secret", own}), "There is no configured webhook");

  const json one = sandbox.Cli({"delivery", "show", delivery})["delivery"];
  CHECK(one["h_id"] == h_id);
  CHECK(one["attempts"].is_array());
  CHECK(sandbox.Run({"delivery", "show", delivery}).exit_code == 0);
  const std::size_t before = sandbox.Cli({"delivery", "list"})["deliveries"].size();
  CHECK(before >= 1);

  // Sent again: one event, a payment, a span of time, a delivery.
  const json again = sandbox.Cli({"event", "replay", event});
  CHECK(again["queued"] == 1);
  CHECK(again["deliveries"][0]["state"] == "pending");
  CHECK(again["deliveries"][0]["webhook_id"] == own);
  CHECK(sandbox.Cli({"event", "replay", "--payment", h_id, "--webhook", own})["queued"] == 3);
  const json span = sandbox.Cli({"event", "replay", "--app", "1", "--since", "2020-01-01"});
  CHECK(span["events"] == 6);
  CHECK(span["queued"] == 3);
  CHECK(sandbox.Cli({"event", "replay", "--app", "1", "--since", "2020-01-01", "--until", "2020-01-02"})["events"] ==
        0);
  CHECK(sandbox.Cli({"delivery", "replay", delivery})["queued"] == 1);
  CHECK(sandbox.Cli({"delivery", "list"})["deliveries"].size() == before + 8);
  CHECK(sandbox.Cli({"delivery", "list", "--limit", "2"})["deliveries"].size() == 2);
  CHECK(sandbox.Cli({"delivery", "list", "--payment", other})["deliveries"].empty());
  CHECK(sandbox.Cli({"delivery", "list", "--app", "2"})["deliveries"].empty());

  CheckRefusal(sandbox.Run({"event", "replay", other + ":payment.created"}), "No enabled webhook");
  CheckRefusal(sandbox.Run({"event", "replay", event, "--webhook", configured}), "No enabled webhook");
  CheckRefusal(sandbox.Run({"event", "replay", event, "--webhook", kNobody}), "no webhook " + kNobody);
  CheckRefusal(sandbox.Run({"event", "replay", "pay_none:payment.created"}), "There is no event");
  CheckRefusal(sandbox.Run({"event", "replay", "--payment", "pay_none"}), "There is no payment");
  CheckRefusal(sandbox.Run({"event", "replay"}), "Give an event");
  CheckRefusal(sandbox.Run({"event", "replay", event, "--payment", h_id}), "Give an event");
  CheckRefusal(sandbox.Run({"event", "replay", "--app", "1"}), "--since");
  CheckRefusal(sandbox.Run({"event", "replay", "--app", "1", "--since", "yesterday"}), "--since must be");
  CheckRefusal(sandbox.Run({"event", "replay", "--app", "1", "--since", "2020-01-02", "--until", "2020-01-01"}),
               "--until must be later");
  CheckRefusal(sandbox.Run({"event", "show", "pay_none:payment.created"}), "There is no event");
  CheckRefusal(sandbox.Run({"event", "list", "--app", "1", "--type", "payment.exploded"}), "--type");
  CheckRefusal(sandbox.Run({"event", "list", "--app", "1", "--after", "x"}), "--after");
  CheckRefusal(sandbox.Run({"event", "list", "--app", "1", "--limit", "0"}), "--limit");
  CheckRefusal(sandbox.Run({"event", "list", "--app", "99"}), "There is no application 99");
  CheckRefusal(sandbox.Run({"delivery", "show", "dlv_none"}), "There is no delivery");
  CheckRefusal(sandbox.Run({"delivery", "replay", "dlv_none"}), "There is no delivery");
  CheckRefusal(sandbox.Run({"delivery", "list", "--limit", "0"}), "--limit");

  // Switched off, what waits has failed, and nothing more is queued.
  const std::size_t failed = sandbox.Cli({"delivery", "list", "--failed", "--webhook", own})["deliveries"].size();
  sandbox.Cli({"webhook", "disable", own});
  const json lost = sandbox.Cli({"delivery", "list", "--failed", "--webhook", own})["deliveries"];
  CHECK(lost.size() >= failed + 8);
  CHECK(lost[0]["outcome"] == "endpoint_disabled");
  CheckRefusal(sandbox.Run({"event", "replay", event}), "No enabled webhook");
  CheckRefusal(sandbox.Run({"delivery", "replay", delivery}), "No enabled webhook");
}

TEST_CASE("a test of a webhook tells what the receiver answered, on both engines") {
  Sandbox sandbox(EachEngine());
  WebhookReceiver receiver;
  receiver.On("/good", Reaction::Answer(204));
  receiver.On("/bad", Reaction::Answer(503, "come back later"));
  receiver.On("/gone", Reaction::CloseUnanswered());
  const auto create = [&](const std::string& url, std::map<std::string, std::string> env = {}) {
    const RunResult run = support::RunCli(
        {"webhook", "create", "--app", "1", "--url", url, "--json", "--database", sandbox.gateway().database_url()},
        std::move(env));
    INFO(run.err);
    REQUIRE(run.exit_code == 0);
    return Text(json::parse(run.out)["webhook"]["id"]);
  };
  const std::string good = create(receiver.Url("/good"));
  const json answer = sandbox.Cli({"webhook", "test", good});
  CHECK(answer["webhook"]["id"] == good);
  CHECK(answer["attempt"]["http_status"] == 204);
  CHECK(answer["attempt"]["error"].is_null());
  REQUIRE(receiver.count() == 1);
  const ReceivedRequest request = receiver.Received().front();
  const json body = json::parse(request.body);
  CHECK(Text(body["id"]).rfind("test_", 0) == 0);
  CHECK(body["merchant_id"] == "1");
  const std::string* webhook_id = request.Header("webhook-id");
  REQUIRE(webhook_id != nullptr);
  CHECK(*webhook_id == Text(body["id"]));
  const std::string* hash = request.Header("X-Data-Hash");
  REQUIRE(hash != nullptr);
  CHECK(*hash == support::Sign(request.body, support::SandboxSecret(1)));

  const auto fails = [&](const std::string& id, const std::string& part) {
    const RunResult run = sandbox.Run({"webhook", "test", id, "--json"});
    INFO(run.out);
    INFO(run.err);
    CHECK(run.exit_code == 1);
    CHECK(Contains(run.err, part));
    return json::parse(run.out)["attempt"];
  };
  const json bad = fails(create(receiver.Url("/bad")), "HTTP 503");
  CHECK(bad["http_status"] == 503);
  CHECK(bad["answer"] == "come back later");
  CHECK(fails(create(receiver.Url("/gone")), "network")["http_status"].is_null());
  // A target that only development may call.
  const json refused =
      fails(create("http://10.255.255.1/", {{"MULTIHUB_WEBHOOKS_ALLOW_PRIVATE_NETWORKS", "true"}}), "refused_target");
  CHECK(refused["error"] == "refused_target");
  CHECK(refused["answer"] == "");
  CHECK(receiver.count() == 3);
  CHECK(sandbox.Cli({"delivery", "list"})["deliveries"].empty());
}

}  // namespace
}  // namespace multihub::functional
