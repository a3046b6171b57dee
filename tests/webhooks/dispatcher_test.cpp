#include "multihub/webhooks/dispatcher.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/domain/retry_schedule.h"
#include "multihub/observability/log.h"
#include "webhooks/dispatcher_fixture.h"

using namespace multihub;
using namespace multihub::webhooks_test;
using storage::Engine;
using support::Reaction;

namespace {

constexpr std::int64_t kSecondMs = 1'000;
constexpr std::int64_t kHourMs = 3'600'000;

Engine EachEngine() { return GENERATE(Engine::kSqlite, Engine::kMysql); }

std::string Header(const support::ReceivedRequest& request, const std::string& name) {
  const std::string* value = request.Header(name);
  return value == nullptr ? "" : *value;
}

}  // namespace

TEST_CASE("what is due is claimed, signed, sent byte for byte, and recorded") {
  World world(EachEngine());
  const auto endpoint = world.AddEndpoint(1, world.receiver.Url("/hook"));
  const std::string id = world.AddDelivery(endpoint, "pay_1");
  Process process(world);
  REQUIRE(world.WaitState(id, "delivered"));
  REQUIRE(world.receiver.count() == 1);
  const auto request = world.receiver.Received()[0];
  CHECK(request.method == "POST");
  CHECK(request.path == "/hook");
  CHECK(request.body == World::BodyOf("pay_1", 1));
  CHECK(Header(request, "X-Data-Hash") == base::HexEncode(base::Sha512({request.body, world.api_secret.Reveal()})));
  CHECK(Header(request, "X-Webhook-Id") == World::EventIdOf("pay_1", 1));
  CHECK(Header(request, "webhook-id") == World::EventIdOf("pay_1", 1));
  const storage::DeliveryRow row = world.Delivery(id);
  CHECK(row.attempts == 1);
  CHECK(row.lease_owner.empty());
  CHECK(row.finished_ms == world.clock.NowMs());
  const auto attempts = world.Attempts(id);
  REQUIRE(attempts.size() == 1);
  CHECK(attempts[0].http_status == 200);
  CHECK(attempts[0].error.empty());
}

TEST_CASE("every attempt belongs to its payment's trace, or to that of the call that asked for it again") {
  World world(EachEngine());
  const std::string paid_in = "4bf92f3577b34da6a3ce929d0e0e4736", asked_in = "a3ce929d0e0e47364bf92f3577b34da6";
  world.receiver.On("/paid", {Reaction::Answer(500), Reaction::Answer(200)});
  domain::Payment payment;
  payment.h_id = "pay_1";
  REQUIRE(domain::Currency::Parse("INR", &payment.amount.currency));
  payment.trace = base::ReadTrace("00-" + paid_in + "-00f067aa0ba902b7-01", "rojo=1").value();
  const domain::Payment* const payments[] = {&payment};
  storage::InsertPayments(*world.session, payments);
  const std::string paid = world.AddDelivery(world.AddEndpoint(1, world.receiver.Url("/paid")), "pay_1");
  const std::string asked = world.AddDelivery(world.AddEndpoint(1, world.receiver.Url("/asked")), "pay_1");
  const std::string unknown = world.AddDelivery(world.AddEndpoint(1, world.receiver.Url("/unknown")), "pay_2");
  const std::string trace = base::StoredTrace(*base::ReadTrace("00-" + asked_in + "-00f067aa0ba902b7-00", {}));
  world.session->Execute("UPDATE webhook_deliveries SET trace_context = ? WHERE id = ?", {trace, asked});
  Process process(world);
  REQUIRE(world.WaitAttempts(paid, 1));
  process.Advance(10 * kSecondMs);
  for (const std::string& id : {paid, asked, unknown}) REQUIRE(world.WaitState(id, "delivered"));
  std::map<std::string, std::vector<std::string>> sent;
  for (const auto& request : world.receiver.Received()) {
    sent[request.path].push_back(Header(request, "traceparent") + "|" + Header(request, "tracestate"));
  }
  REQUIRE(sent["/paid"].size() == 2);
  for (const std::string& headers : sent["/paid"]) {
    CHECK(headers.substr(0, 36) == "00-" + paid_in + "-");
    CHECK(headers.substr(52) == "-01|rojo=1");
    CHECK(headers.substr(36, 16) != "00f067aa0ba902b7");
  }
  CHECK(sent["/paid"][0] != sent["/paid"][1]);
  REQUIRE(sent["/asked"].size() == 1);
  CHECK(sent["/asked"][0].substr(0, 36) == "00-" + asked_in + "-");
  CHECK(sent["/asked"][0].substr(52) == "-00|");
  CHECK(sent["/unknown"] == std::vector<std::string>{"|"});
}

TEST_CASE("a receiver that never takes it is tried twelve times over days, and then no more") {
  World world(EachEngine());
  world.receiver.On("/hook", Reaction::Answer(500, "no\x01t now"));
  const auto endpoint = world.AddEndpoint(1, world.receiver.Url("/hook"));
  const std::string id = world.AddDelivery(endpoint, "pay_1");
  const std::int64_t began_ms = world.clock.NowMs();
  Process process(world);
  for (std::int64_t attempt = 1; attempt < 12; ++attempt) {
    REQUIRE(world.WaitUntil([&] { return world.Delivery(id).attempts == attempt; }));
    const storage::DeliveryRow row = world.Delivery(id);
    CHECK(row.state == "pending");
    const std::int64_t pause = *domain::PauseAfterMs({}, attempt);
    const std::int64_t chosen = row.due_ms - world.clock.NowMs();
    CHECK(chosen >= pause * 8 / 10);
    CHECK(chosen <= pause * 12 / 10);
    // Not a moment earlier.
    process.Advance(chosen - 1);
    process.Advance(0);
    CHECK(world.Delivery(id).attempts == attempt);
    process.Advance(1);
  }
  REQUIRE(world.WaitState(id, "failed"));
  CHECK(world.Delivery(id).outcome == "exhausted");
  CHECK(world.receiver.count() == 12);
  const auto took_ms = world.clock.NowMs() - began_ms;
  CHECK(took_ms > 80 * kHourMs);
  CHECK(took_ms < 121 * kHourMs);
  std::set<std::string> bodies, ids, nonces;
  for (const auto& request : world.receiver.Received()) {
    bodies.insert(request.body);
    ids.insert(Header(request, "webhook-id"));
    nonces.insert(Header(request, "X-Webhook-Nonce"));
  }
  CHECK(bodies.size() == 1);
  CHECK(ids.size() == 1);
  CHECK(nonces.size() == 12);
  const auto attempts = world.Attempts(id);
  REQUIRE(attempts.size() == 12);
  CHECK(attempts[11].attempt == 12);
  CHECK(attempts[11].answer == "no?t now");
}

TEST_CASE("an endpoint's own retries double their delay") {
  World world(Engine::kSqlite);
  world.receiver.On("/hook", Reaction::Answer(500));
  const auto endpoint =
      world.AddEndpoint(1, world.receiver.Url("/hook"), storage::kSourceConfigured, [](storage::EndpointRow& row) {
        row.max_retries = 3;
        row.retry_delay_s = 10;
      });
  const std::string id = world.AddDelivery(endpoint, "pay_1");
  Process process(world);
  for (std::int64_t attempt = 1; attempt < 4; ++attempt) {
    REQUIRE(world.WaitUntil([&] { return world.Delivery(id).attempts == attempt; }));
    const std::int64_t chosen = world.Delivery(id).due_ms - world.clock.NowMs();
    const std::int64_t pause = 10 * kSecondMs * (std::int64_t{1} << (attempt - 1));
    CHECK(chosen >= pause * 8 / 10);
    CHECK(chosen <= pause * 12 / 10);
    process.Advance(chosen);
  }
  REQUIRE(world.WaitState(id, "failed"));
  CHECK(world.receiver.count() == 4);
}

TEST_CASE("Retry-After lengthens the pause of 429 and 503, up to a day, and never shortens it") {
  World world(Engine::kSqlite);
  struct Row {
    int status;
    const char* header;
    std::int64_t least_ms, most_ms;
  };
  const auto row = GENERATE(values<Row>({{503, "3600", kHourMs, kHourMs},
                                         {429, "3600", kHourMs, kHourMs},
                                         {500, "3600", 4 * kSecondMs, 6 * kSecondMs},
                                         {503, "1", 4 * kSecondMs, 6 * kSecondMs},
                                         {503, "999999999999999999999", 24 * kHourMs, 24 * kHourMs},
                                         {503, "soon", 4 * kSecondMs, 6 * kSecondMs},
                                         {503, "Fri, 15 Jan 2027 09:00:00 GMT", kHourMs, kHourMs}}));
  CAPTURE(row.status, row.header);
  REQUIRE(base::FormatIso8601(world.clock.NowMs()) == "2027-01-15T08:00:00.000Z");
  world.receiver.On("/hook", Reaction::Answer(row.status, "", {{"Retry-After", row.header}}));
  const std::string id = world.AddDelivery(world.AddEndpoint(1, world.receiver.Url("/hook")), "pay_1");
  Process process(world);
  REQUIRE(world.WaitUntil([&] { return world.Delivery(id).attempts == 1; }));
  const std::int64_t chosen = world.Delivery(id).due_ms - world.clock.NowMs();
  CHECK(chosen >= row.least_ms - 1);  // the clock was moved by one when the process began
  CHECK(chosen <= row.most_ms);
}

TEST_CASE("410 switches a configured endpoint off with an alert, and only ends the delivery of an in-request one") {
  World world(EachEngine());
  world.receiver.On("/gone", Reaction::Answer(410));
  const auto configured = world.AddEndpoint(1, world.receiver.Url("/gone"));
  const auto in_request = world.AddEndpoint(1, world.receiver.Url("/gone?1"), storage::kSourceInRequest);
  const std::string first = world.AddDelivery(configured, "pay_1");
  const std::string other = world.AddDelivery(in_request, "pay_1");
  const auto alerts = observability::AlertCount("webhook_gone");
  Process process(world);
  REQUIRE(world.WaitState(first, "failed"));
  REQUIRE(world.WaitState(other, "failed"));
  CHECK(world.Delivery(first).outcome == "gone");
  CHECK(world.Delivery(other).outcome == "gone");
  REQUIRE(world.WaitUntil([&] { return observability::AlertCount("webhook_gone") == alerts + 1; }));
  CHECK_FALSE(storage::FindEndpoint(*world.session, configured.id)->enabled);
  CHECK(storage::FindEndpoint(*world.session, configured.id)->disabled_reason == "gone");
  CHECK(storage::FindEndpoint(*world.session, in_request.id)->enabled);
  // What comes to the switched-off one all the same fails without an attempt.
  const std::string late = world.AddDelivery(configured, "pay_2");
  process.Advance(1);
  REQUIRE(world.WaitState(late, "failed"));
  CHECK(world.Delivery(late).outcome == "endpoint_disabled");
  CHECK(world.Attempts(late).empty());
}

TEST_CASE("a redirect, a broken answer and a refused target are failures, and a refused target is never spoken to") {
  World world(Engine::kSqlite);
  world.receiver.On("/moved", Reaction::Answer(302, "elsewhere", {{"Location", world.receiver.Url("/other")}}));
  world.receiver.On("/garbage", Reaction::Garbage());
  world.receiver.On("/closed", Reaction::CloseUnanswered());
  const std::string moved = world.AddDelivery(world.AddEndpoint(1, world.receiver.Url("/moved")), "pay_1");
  const std::string garbage = world.AddDelivery(world.AddEndpoint(1, world.receiver.Url("/garbage")), "pay_1");
  const std::string closed = world.AddDelivery(world.AddEndpoint(1, world.receiver.Url("/closed")), "pay_1");
  {
    Process process(world);
    for (const std::string& id : {moved, garbage, closed}) REQUIRE(world.WaitAttempts(id, 1));
  }
  CHECK(world.Attempts(moved)[0].http_status == 302);
  CHECK(world.Attempts(garbage)[0].error == "network");
  CHECK(world.Attempts(closed)[0].error == "network");
  for (const auto& request : world.receiver.Received()) CHECK(request.path != "/other");

  world.receiver.Clear();
  const std::size_t connections = world.receiver.accepted_connections();
  const std::string refused = world.AddDelivery(world.AddEndpoint(2, world.receiver.Url("/private")), "pay_1");
  Process strict(world, net::AddressPolicy{});
  REQUIRE(world.WaitAttempts(refused, 1));
  CHECK(world.Attempts(refused)[0].error == "refused_target");
  CHECK(world.Attempts(refused)[0].http_status == 0);
  CHECK(world.Attempts(refused)[0].answer.empty());
  CHECK(world.Delivery(refused).state == "pending");
  CHECK(world.receiver.accepted_connections() == connections);
}

TEST_CASE("a delivery that is too old fails without an attempt") {
  World world(EachEngine());
  const auto endpoint = world.AddEndpoint(1, world.receiver.Url("/hook"));
  const std::string id = world.AddDelivery(endpoint, "pay_1");
  world.clock.AdvanceMs(domain::GiveUpAfterMs({}));
  Process process(world);
  REQUIRE(world.WaitState(id, "failed"));
  CHECK(world.Delivery(id).outcome == "expired");
  CHECK(world.receiver.count() == 0);
}

TEST_CASE("twenty failures in a row keep everything from an origin for a minute, then one is let through") {
  World world(EachEngine());
  world.receiver.On("/hook", Reaction::Answer(500));
  std::vector<std::string> ids;
  const auto endpoint = world.AddEndpoint(1, world.receiver.Url("/hook"));
  for (int i = 0; i < 40; ++i) ids.push_back(world.AddDelivery(endpoint, "pay_" + std::to_string(i)));
  Process process(world);
  const auto attempts = [&] {
    return world.session->QueryInteger("SELECT COUNT(*) FROM webhook_attempts").value_or(0);
  };
  // Those that were on their way when the twentieth failed may still end: at most one less than go at once.
  REQUIRE(world.WaitUntil([&] { return attempts() >= 20 && process.dispatcher().counters().open_breakers == 1; }));
  REQUIRE(world.WaitUntil([&] { return process.dispatcher().counters().in_flight == 0; }));
  const std::size_t sent = world.receiver.count();
  CHECK(sent >= 20);
  CHECK(sent <= 27);
  process.Advance(50 * kSecondMs);
  process.Advance(0);
  // Another application's deliveries to the same place are not kept from it.
  const std::string neighbour = world.AddDelivery(world.AddEndpoint(2, world.receiver.Url("/hook")), "pay_n");
  process.Advance(0);
  REQUIRE(world.WaitAttempts(neighbour, 1));
  CHECK(world.receiver.count() == sent + 1);
  // What waited used up no attempt.
  int untouched = 0;
  for (const std::string& id : ids) untouched += world.Delivery(id).attempts == 0 ? 1 : 0;
  CHECK(untouched == 40 - static_cast<int>(sent));

  world.receiver.On("/hook", Reaction::Answer(200));
  REQUIRE(world.WaitUntil([&] {
    process.Advance(5 * kSecondMs);
    return std::all_of(ids.begin(), ids.end(), [&](const auto& id) { return world.Delivery(id).state == "delivered"; });
  }));
  CHECK(process.dispatcher().counters().open_breakers == 0);
}

TEST_CASE("the events of a payment are attempted in order at an endpoint until one fails") {
  World world(EachEngine());
  world.receiver.On("/hook", [&](const support::ReceivedRequest& request) {
    const bool first = request.body == World::BodyOf("pay_1", 1);
    return first ? Reaction::Delayed(std::chrono::milliseconds(300), 500) : Reaction::Answer(200);
  });
  const auto endpoint = world.AddEndpoint(1, world.receiver.Url("/hook"));
  const std::string third = world.AddDelivery(endpoint, "pay_1", 3);
  const std::string second = world.AddDelivery(endpoint, "pay_1", 2);
  const std::string first = world.AddDelivery(endpoint, "pay_1", 1);
  const std::string other = world.AddDelivery(endpoint, "pay_2", 1);
  Process process(world);
  for (const std::string& id : {second, third, other}) {
    REQUIRE(world.WaitUntil([&] {
      process.Advance(1);
      return world.Delivery(id).state == "delivered";
    }));
  }
  std::vector<std::string> order;
  for (const auto& request : world.receiver.Received()) {
    if (request.body.find("pay_1") != std::string::npos) order.push_back(request.body);
  }
  CHECK(order ==
        std::vector<std::string>{World::BodyOf("pay_1", 1), World::BodyOf("pay_1", 2), World::BodyOf("pay_1", 3)});
  CHECK(world.Delivery(first).state == "pending");
  CHECK(world.Delivery(first).attempts == 1);
}

TEST_CASE("receivers that never answer keep nobody else waiting, and hold few connections each") {
  World world(Engine::kSqlite);
  support::WebhookReceiver dead;
  dead.OnAnyOther([](const support::ReceivedRequest&) { return Reaction::NeverAnswer(); });
  for (int e = 0; e < 20; ++e) {
    const auto endpoint = world.AddEndpoint(1, dead.Url("/dead" + std::to_string(e)));
    for (int i = 0; i < 20; ++i) world.AddDelivery(endpoint, "pay_" + std::to_string(e) + "_" + std::to_string(i));
  }
  std::vector<std::string> ids;
  const auto alive = world.AddEndpoint(2, world.receiver.Url("/alive"));
  for (int i = 0; i < 50; ++i) ids.push_back(world.AddDelivery(alive, "pay_alive_" + std::to_string(i)));
  Process process(world);
  for (const std::string& id : ids) REQUIRE(world.WaitState(id, "delivered"));
  CHECK(dead.open_connections() <= 8);
  CHECK(dead.count() <= 8);
}

TEST_CASE("several processes share the work without sending anything twice") {
  World world(EachEngine());
  const auto one = world.AddEndpoint(1, world.receiver.Url("/one"));
  const auto two = world.AddEndpoint(2, world.receiver.Url("/two"));
  std::vector<std::string> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(world.AddDelivery(i % 2 == 0 ? one : two, "pay_" + std::to_string(i)));
  Process a(world), b(world), c(world);
  REQUIRE(world.WaitUntil([&] {
    a.Advance(1);
    b.Advance(0);
    c.Advance(0);
    return world.session->QueryInteger("SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'pending'") == 0;
  }));
  std::set<std::string> bodies;
  for (const auto& request : world.receiver.Received()) bodies.insert(request.body);
  CHECK(bodies.size() == 200);
  CHECK(world.receiver.count() == 200);
}

TEST_CASE("what a killed process was sending is sent again by another when its lease has run out, byte for byte") {
  World world(EachEngine());
  std::atomic<bool> alive{false};
  world.receiver.On("/hook", [&](const support::ReceivedRequest&) {
    return alive ? Reaction::Answer(200) : Reaction::NeverAnswer();
  });
  const auto endpoint = world.AddEndpoint(1, world.receiver.Url("/hook"));
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(world.AddDelivery(endpoint, "pay_" + std::to_string(i)));
  {
    Process killed(world);
    REQUIRE(world.receiver.WaitFor(4));
    killed.Kill();
  }
  alive = true;
  const auto before = world.receiver.Received();
  Process other(world);
  other.Advance(10 * kSecondMs);
  other.Advance(0);
  CHECK(world.receiver.count() == 4);
  other.Advance(60 * kSecondMs);
  for (const std::string& id : ids) REQUIRE(world.WaitState(id, "delivered"));
  std::map<std::string, std::set<std::string>> bodies;
  for (const auto& request : world.receiver.Received()) bodies[Header(request, "webhook-id")].insert(request.body);
  CHECK(world.receiver.count() == 8);
  REQUIRE(bodies.size() == 4);
  for (const auto& [id, sent] : bodies) CHECK(sent.size() == 1);
}

TEST_CASE("an attempt that cannot be recorded is recorded when the database is back, and not made twice meanwhile") {
  World world(EachEngine());
  const auto endpoint = world.AddEndpoint(1, world.receiver.Url("/hook"));
  Process process(world);
  world.receiver.On("/hook", [&](const support::ReceivedRequest&) {
    process.access().FailWrites(true);
    return Reaction::Answer(200);
  });
  const std::string id = world.AddDelivery(endpoint, "pay_1");
  process.Advance(1);
  REQUIRE(world.receiver.WaitFor(1));
  for (int i = 0; i < 5; ++i) process.Advance(300);
  CHECK(world.Delivery(id).state == "pending");
  process.access().FailWrites(false);
  REQUIRE(world.WaitUntil([&] {
    process.Advance(300);
    return world.Delivery(id).state == "delivered";
  }));
  CHECK(world.receiver.count() == 1);
}

TEST_CASE("a dispatcher that stops gives back what it holds") {
  World world(EachEngine());
  world.receiver.On("/hook", Reaction::NeverAnswer());
  const auto endpoint = world.AddEndpoint(1, world.receiver.Url("/hook"));
  std::vector<std::string> ids;
  for (int i = 0; i < 12; ++i) ids.push_back(world.AddDelivery(endpoint, "pay_" + std::to_string(i)));
  {
    webhooks::DispatcherOptions options;
    options.drain_ms = 0;
    Process process(world, {true, false}, options);
    REQUIRE(world.receiver.WaitFor(8));
  }
  for (const std::string& id : ids) {
    CHECK(world.Delivery(id).lease_owner.empty());
    CHECK(world.Delivery(id).due_ms <= world.clock.NowMs());
  }
}

TEST_CASE("an endpoint that is switched off or deleted hears nothing more of what waits for it here") {
  World world(EachEngine());
  // Its first deliveries hang, so that the others wait behind them in memory.
  world.receiver.On("/hook", Reaction::NeverAnswer());
  const auto endpoint = world.AddEndpoint(1, world.receiver.Url("/hook"), storage::kSourceConfigured,
                                          [](storage::EndpointRow& row) { row.timeout_s = 1; });
  for (int i = 0; i < 30; ++i) world.AddDelivery(endpoint, "pay_" + std::to_string(i));
  Process process(world);
  REQUIRE(world.receiver.WaitFor(8));
  REQUIRE(storage::DeleteEndpoint(*world.session, endpoint.id, world.clock.NowMs()));
  // The hanging ones end by their timeout and make room; a look at the database comes before that.
  process.Advance(10);
  REQUIRE(world.WaitUntil([&] { return process.dispatcher().counters().queued == 0; }));
  REQUIRE(world.WaitUntil([&] { return process.dispatcher().counters().in_flight == 0; }));
  CHECK(world.receiver.count() == 8);
  CHECK(world.session->QueryInteger("SELECT COUNT(*) FROM webhook_deliveries WHERE outcome = 'endpoint_disabled'") ==
        30);
}

TEST_CASE("while an endpoint's secret is rotated both sign") {
  World world(Engine::kSqlite);
  const auto old_secret = world.endpoint_secret;
  const auto endpoint =
      world.AddEndpoint(1, world.receiver.Url("/hook"), storage::kSourceConfigured, [&](storage::EndpointRow& row) {
        row.sealed_previous_secret =
            base::Seal(world.key, storage::EndpointSecretPlace(row.id), old_secret.Reveal(), world.random);
        row.previous_until_ms = world.clock.NowMs() + 24 * kHourMs;
      });
  const std::string during = world.AddDelivery(endpoint, "pay_1");
  Process process(world);
  REQUIRE(world.WaitState(during, "delivered"));
  const auto count_signatures = [](const std::string& list) { return 1 + std::count(list.begin(), list.end(), ' '); };
  CHECK(count_signatures(Header(world.receiver.Received()[0], "webhook-signature")) == 2);
  world.clock.AdvanceMs(24 * kHourMs);
  const std::string after = world.AddDelivery(endpoint, "pay_2");
  process.Advance(1);
  REQUIRE(world.WaitState(after, "delivered"));
  CHECK(count_signatures(Header(world.receiver.Received()[1], "webhook-signature")) == 1);
}
