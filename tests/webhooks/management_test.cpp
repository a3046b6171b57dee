// Managing endpoints, the event log and replays, on real databases.
#include "multihub/webhooks/management.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <set>
#include <thread>

#include "multihub/base/ids.h"
#include "multihub/base/json_reader.h"
#include "multihub/domain/event_names.h"
#include "multihub/net/http_client.h"
#include "multihub/webhooks/event_history.h"
#include "multihub/webhooks/reseal_endpoints.h"
#include "multihub/webhooks/retry_schedule.h"
#include "multihub/webhooks/signature.h"
#include "multihub/webhooks/target_check.h"
#include "multihub/webhooks/webhooks.h"
#include "storage/engine_fixture.h"

using namespace multihub;
using namespace multihub::storage_test;
using errors::Code;
using storage::EndpointRow;
using storage::Engine;
using webhooks::EndpointSettings;
using webhooks::Unit;

namespace {

constexpr std::int64_t kBudgetMs = 60'000;
constexpr domain::ApplicationId kOne{1}, kTwo{2};
const std::string kNobody = "wh_00000000000000000000000000";

EndpointSettings WithUrl(const std::string& url) {
  EndpointSettings settings;
  settings.url = url;
  return settings;
}

template <typename T>
Code CodeOf(const errors::Outcome<T>& outcome) {
  REQUIRE_FALSE(outcome.ok());
  return outcome.error().code;
}

// Two applications, and payments of the first.
struct Ground {
  explicit Ground(Engine engine) : fresh(engine), f(fresh.database()), session(fresh.Open()) {
    storage::RunUnit(*session, kBudgetMs, [&](storage::Session& unit) {
      storage::InsertMerchant(unit, {{7}, "M", true}, Now());
      for (const domain::ApplicationId id : {kOne, kTwo}) {
        storage::ApplicationRow row;
        row.id = id;
        row.merchant_id = {7};
        row.test = true;
        row.sealed_secret = "-";
        row.secret_digest = std::to_string(id.value);
        row.sealed_webhook_secret = "-";
        storage::InsertApplication(unit, row, Now());
      }
    });
  }

  base::UnixMs Now() const { return f.clock.NowMs(); }

  // One unit, as the merchant of `merchant` or as the operator.
  template <typename Work>
  auto Run(std::optional<domain::ApplicationId> merchant, const Work& work) {
    using Result = decltype(work(std::declval<const Unit&>()));
    std::optional<Result> result;
    storage::RunUnit(*session, kBudgetMs, [&](storage::Session& s) {
      result.emplace(work(Unit{s, merchant, Now(), {}}));
    });
    return *std::move(result);
  }

  errors::Outcome<EndpointRow> Create(const EndpointSettings& settings, domain::ApplicationId application = kOne) {
    const auto made = webhooks::MakeEndpoint(application, settings, f.key, Now(), f.random);
    return Run(application, [&](const Unit& unit) { return webhooks::CreateEndpoint(unit, made.row); });
  }
  EndpointRow Created(const std::string& url, domain::ApplicationId application = kOne) {
    auto row = Create(WithUrl(url), application);
    REQUIRE(row.ok());
    return std::move(row).value();
  }
  EndpointRow Stored(const std::string& id) {
    const auto row = storage::FindEndpoint(*session, id);
    REQUIRE(row.has_value());
    return *row;
  }
  errors::Outcome<EndpointRow> Switch(const std::string& id, bool enabled,
                                      std::optional<domain::ApplicationId> merchant = kOne) {
    return Run(merchant, [&](const Unit& unit) { return webhooks::SwitchEndpoint(unit, id, enabled); });
  }
  // The endpoint a payment named.
  EndpointRow InRequest(const std::string& url) {
    auto row = storage::FindEndpointByUrl(*session, kOne, storage::kSourceInRequest, url);
    REQUIRE(row.has_value());
    return *std::move(row);
  }

  // A payment with the events created and processing.
  domain::Payment Payment(const std::string& c_id, const std::string& webhook_url = "") {
    f.provider.on_start = [](const domain::Payment&) {
      return providers::Report{providers::ReportedState::kPending, "p-1", {}, std::nullopt};
    };
    f.deposit_route.answer_started = true;
    auto command = f.Deposit(c_id, 10'000);
    command.webhook_url = webhook_url;
    command.webhook_events = "*";
    const auto made = f.Accept(std::move(command));
    REQUIRE(made.ok());
    REQUIRE(made->status_version == 2);
    return *made;
  }
  static std::string Event(const domain::Payment& payment, std::string_view event = domain::kPaymentCreated) {
    return payment.h_id + ":" + std::string(event);
  }

  errors::Outcome<std::vector<storage::DeliveryRow>> Replay(const std::string& event_id,
                                                            const std::optional<std::string>& endpoint = std::nullopt,
                                                            std::optional<domain::ApplicationId> merchant = kOne) {
    return Run(merchant, [&](const Unit& unit) { return webhooks::ReplayEvent(unit, event_id, endpoint, f.random); });
  }
  std::int64_t Count(const std::string& from_where) {
    return session->QueryInteger("SELECT COUNT(*) FROM " + from_where).value_or(-1);
  }

  FreshDatabase fresh;
  PaymentsFixture f;
  std::unique_ptr<storage::Session> session;
};

std::vector<std::string> EndpointsOf(const std::vector<storage::DeliveryRow>& deliveries) {
  std::vector<std::string> ids;
  for (const storage::DeliveryRow& row : deliveries) ids.push_back(row.endpoint_id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<std::string> Sorted(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

Engine EachEngine() { return GENERATE(Engine::kSqlite, Engine::kMysql); }

}  // namespace

// ---- settings ----

TEST_CASE("a subscription is a list of known events, or every event alone") {
  using webhooks::SubscriptionOf;
  const auto of = [](std::vector<std::string> names) { return SubscriptionOf(names); };
  CHECK(of({"*"}) == "*");
  CHECK(of({"payout.failed", "payment.created", "payout.failed"}) == "payment.created,payout.failed");
  CHECK(of({"webhook.test"}) == "webhook.test");
  CHECK_FALSE(of({}).has_value());
  CHECK_FALSE(of({"*", "*"}).has_value());
  CHECK_FALSE(of({"*", "payment.created"}).has_value());
  CHECK_FALSE(of({"payment.create"}).has_value());
  CHECK_FALSE(of({""}).has_value());
}

TEST_CASE("a description is short text") {
  CHECK(webhooks::IsEndpointDescription(""));
  CHECK(webhooks::IsEndpointDescription(std::string(255, 'x')));
  CHECK_FALSE(webhooks::IsEndpointDescription(std::string(256, 'x')));
  CHECK_FALSE(webhooks::IsEndpointDescription("a\nb"));
  CHECK_FALSE(webhooks::IsEndpointDescription("a\xff"));
}

TEST_CASE("a cursor is what it was made of, and nothing else is one") {
  const storage::EventFilter::Place place{1'777'593'600'123, "pay_01hx3q7k2m4v8d5e6f7g8h9j0k", 12};
  const auto read = webhooks::ParseCursor(webhooks::CursorOf(place));
  REQUIRE(read.has_value());
  CHECK(read->created_ms == place.created_ms);
  CHECK(read->h_id == place.h_id);
  CHECK(read->status_version == 12);
  for (const char* text : {"", "=", "MQ==", "MToy", "MToyOg==", "YToyOmI=", "LTE6MjpheA==", "MTotMjpheA==",
                           "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk6MTphYQ==", "MToxOv8="}) {
    INFO(text);
    CHECK_FALSE(webhooks::ParseCursor(text).has_value());
  }
}

TEST_CASE("a test is shaped as an event and nobody's payment") {
  base::SeededRandom random(5);
  EndpointRow endpoint;
  endpoint.timeout_s = 30;
  const webhooks::OutgoingWebhook test = webhooks::MakeTest(endpoint, {19}, 1'777'593'600'000, random);
  CHECK(test.endpoint->timeout_s == webhooks::kTestTimeoutS);
  CHECK(test.event_id.rfind("test_", 0) == 0);
  CHECK(base::IsUlid(test.event_id.substr(5, 26)));
  CHECK(test.event_id.substr(31) == ":webhook.test");
  CHECK(test.body.rfind(R"({"id":")" + test.event_id + R"(","created_at":"2026-05-01T00:00:00.000Z",)" +
                            R"("data":{"next":null,"result":{"payment":{"amount":)",
                        0) == 0);
  CHECK(test.body.ends_with(R"("processing_time":0},"merchant_id":"19"})"));
  const auto parsed = base::JsonDocument::Parse(test.body);
  REQUIRE(parsed.ok());
  CHECK(parsed->root()["data"]["result"]["payment"]["status"]["final"].boolean() == false);
  endpoint.timeout_s = 3;
  CHECK(webhooks::MakeTest(endpoint, {19}, 0, random).endpoint->timeout_s == 3);
}

TEST_CASE("an attempt keeps nothing of what a refused target said") {
  webhooks::SentAttempt sent;
  sent.started_ms = 5;
  sent.answer.status = 200;
  sent.answer.body = "inside";
  sent.answer.duration_ms = 7;
  CHECK(webhooks::AttemptOf(sent).answer == "inside");
  CHECK(webhooks::AttemptOf(sent).http_status == 200);
  CHECK(webhooks::AttemptOf(sent).duration_ms == 7);
  sent.answer.error = net::CallError::kRefusedTarget;
  CHECK(webhooks::AttemptOf(sent).answer.empty());
  CHECK(webhooks::AttemptOf(sent).error == "refused_target");
}

// ---- endpoints ----

TEST_CASE("an endpoint is created with defaults, changed, and removed") {
  Ground ground(EachEngine());
  const auto made =
      webhooks::MakeEndpoint(kOne, WithUrl("https://a.example/"), ground.f.key, ground.Now(), ground.f.random);
  const auto create = [&](const Unit& unit) { return webhooks::CreateEndpoint(unit, made.row); };
  REQUIRE(ground.Run(kOne, create).ok());
  // Run again after a commit nobody knew the end of.
  REQUIRE(ground.Run(kOne, create).ok());
  EndpointRow row = ground.Stored(made.row.id);
  CHECK(row.source == storage::kSourceConfigured);
  CHECK(row.enabled);
  CHECK(row.events == domain::DefaultSubscription());
  CHECK_FALSE(row.max_retries.has_value());
  CHECK(webhooks::IsEndpointSecret(made.secret.Reveal()));
  CHECK(row.sealed_secret.find(made.secret.Reveal()) == std::string::npos);
  const auto opened = base::Unseal(ground.f.key, storage::EndpointSecretPlace(row.id), row.sealed_secret);
  REQUIRE(opened.has_value());
  CHECK(opened->Reveal() == made.secret.Reveal());

  EndpointSettings settings;
  settings.events = "*";
  settings.description = "caf\xc3\xa9";
  settings.max_retries = 0;
  settings.retry_delay_s = 3600;
  settings.timeout_s = 1;
  const auto change = [&](const Unit& unit) { return webhooks::ChangeEndpoint(unit, row.id, settings); };
  REQUIRE(ground.Run(kOne, change).ok());
  settings = WithUrl("https://b.example/");
  REQUIRE(ground.Run(kOne, change).ok());
  row = ground.Stored(row.id);
  CHECK(row.url == "https://b.example/");
  CHECK(row.events == "*");
  CHECK(row.description == "caf\xc3\xa9");
  CHECK(row.max_retries == 0);
  CHECK(row.retry_delay_s == 3600);
  CHECK(row.timeout_s == 1);

  const auto remove = [&](const Unit& unit) { return webhooks::RemoveEndpoint(unit, row.id); };
  const auto removed = ground.Run(kOne, remove);
  REQUIRE(removed.ok());
  CHECK(removed->url == "https://b.example/");
  CHECK(CodeOf(ground.Run(kOne, remove)) == Code::kPaymentNotFound);
  CHECK(CodeOf(ground.Run(kOne, change)) == Code::kPaymentNotFound);
}

TEST_CASE("what is another application's, or nobody's, is unknown to a merchant and not changed") {
  Ground ground(EachEngine());
  const EndpointRow row = ground.Created("https://a.example/");
  const domain::Payment payment = ground.Payment("order-1");
  for (const std::string& id : {row.id, kNobody, std::string(), std::string("wh_'"), std::string(5000, 'w')}) {
    INFO(id);
    const auto unknown = [&](const auto& work) { return CodeOf(ground.Run(kTwo, work)) == Code::kPaymentNotFound; };
    CHECK(unknown([&](const Unit& unit) { return webhooks::GetEndpoint(unit.session, unit.merchant, id); }));
    CHECK(unknown([&](const Unit& unit) { return webhooks::ChangeEndpoint(unit, id, WithUrl("https://x.example/")); }));
    CHECK(unknown([&](const Unit& unit) { return webhooks::RemoveEndpoint(unit, id); }));
    CHECK(unknown([&](const Unit& unit) { return webhooks::SwitchEndpoint(unit, id, false); }));
    CHECK(unknown([&](const Unit& unit) { return webhooks::RotateEndpointSecret(unit, id, "sealed"); }));
    CHECK(unknown([&](const Unit& unit) { return webhooks::EndpointToTest(unit, id); }));
  }
  CHECK(CodeOf(ground.Replay(Ground::Event(payment), row.id, kTwo)) == Code::kPaymentNotFound);
  CHECK(webhooks::ListEndpoints(*ground.session, kTwo, storage::kSourceConfigured).empty());
  CHECK(CodeOf(webhooks::DetailOfEvent(*ground.session, kTwo, Ground::Event(payment))) == Code::kPaymentNotFound);
  const EndpointRow after = ground.Stored(row.id);
  CHECK(after.url == row.url);
  CHECK(after.enabled);
  CHECK(after.sealed_secret == row.sealed_secret);
  // An application that does not exist has no endpoints.
  CHECK(CodeOf(ground.Create(WithUrl("https://a.example/"), {99})) == Code::kPaymentNotFound);
}

TEST_CASE("an endpoint that a payment named can only be looked at by the merchant") {
  Ground ground(EachEngine());
  ground.Payment("order-1", "https://own.example/");
  const EndpointRow own = ground.InRequest("https://own.example/");
  const auto outcome = [&](std::optional<domain::ApplicationId> who, const auto& work) {
    return ground.Run(who, work);
  };
  CHECK(webhooks::GetEndpoint(*ground.session, kOne, own.id).ok());
  CHECK(webhooks::ListEndpoints(*ground.session, kOne, storage::kSourceConfigured).empty());
  CHECK(webhooks::ListEndpoints(*ground.session, kOne, storage::kSourceInRequest).size() == 1);
  const auto change = [&](const Unit& unit) {
    return webhooks::ChangeEndpoint(unit, own.id, WithUrl("https://x.example/"));
  };
  const auto rotate = [&](const Unit& unit) { return webhooks::RotateEndpointSecret(unit, own.id, "sealed"); };
  const auto disable = [&](const Unit& unit) { return webhooks::SwitchEndpoint(unit, own.id, false); };
  const auto test = [&](const Unit& unit) { return webhooks::EndpointToTest(unit, own.id); };
  const auto remove = [&](const Unit& unit) { return webhooks::RemoveEndpoint(unit, own.id); };
  CHECK(CodeOf(outcome(kOne, change)) == Code::kPaymentNotFound);
  CHECK(CodeOf(outcome(kOne, rotate)) == Code::kPaymentNotFound);
  CHECK(CodeOf(outcome(kOne, disable)) == Code::kPaymentNotFound);
  CHECK(CodeOf(outcome(kOne, test)) == Code::kPaymentNotFound);
  CHECK(CodeOf(outcome(kOne, remove)) == Code::kPaymentNotFound);
  // The operator may do what makes sense.
  CHECK(CodeOf(outcome(std::nullopt, change)) == Code::kPaymentNotFound);
  CHECK(CodeOf(outcome(std::nullopt, rotate)) == Code::kPaymentNotFound);
  CHECK(outcome(std::nullopt, test).ok());
  CHECK(outcome(std::nullopt, disable).ok());
  CHECK(ground.Stored(own.id).disabled_reason == "operator");
  CHECK(outcome(std::nullopt, remove).ok());
}

TEST_CASE("a hundred endpoints of an application, and not one more, whoever asks at once") {
  Ground ground(EachEngine());
  for (int i = 0; i < webhooks::kMaxEndpoints - 1; ++i) {
    ground.Created("https://a.example/" + std::to_string(i));
  }
  constexpr int kCallers = 6;
  std::atomic<int> created{0}, refused{0}, other{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kCallers; ++i) {
    threads.emplace_back([&, i] {
      const auto session = ground.fresh.Open();
      const auto made = webhooks::MakeEndpoint(kOne, WithUrl("https://b.example/" + std::to_string(i)), ground.f.key,
                                               ground.Now(), ground.f.random);
      std::optional<errors::Outcome<EndpointRow>> outcome;
      storage::RunUnit(*session, kBudgetMs, [&](storage::Session& s) {
        outcome = webhooks::CreateEndpoint(Unit{s, kOne, ground.Now(), {}}, made.row);
      });
      if (outcome->ok()) {
        ++created;
      } else {
        ++(outcome->error().code == Code::kLimitExceeded ? refused : other);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(created == 1);
  CHECK(refused == kCallers - 1);
  CHECK(other == 0);
  CHECK(ground.Count("webhook_endpoints WHERE application_id = 1") == webhooks::kMaxEndpoints);

  const auto full = ground.Create(WithUrl("https://c.example/"));
  CHECK(CodeOf(full) == Code::kLimitExceeded);
  CHECK(full.error().context == R"({"max":100})");
  // A known URL is told first; other applications have their own hundred; one that goes makes room.
  CHECK(CodeOf(ground.Create(WithUrl("https://a.example/0"))) == Code::kInvalidRequest);
  ground.Created("https://c.example/", kTwo);
  const std::string gone = webhooks::ListEndpoints(*ground.session, kOne, storage::kSourceConfigured).front().id;
  REQUIRE(ground.Run(kOne, [&](const Unit& unit) { return webhooks::RemoveEndpoint(unit, gone); }).ok());
  ground.Created("https://c.example/");
}

TEST_CASE("an application has one endpoint of a URL, whoever asks at once") {
  Ground ground(EachEngine());
  const EndpointRow first = ground.Created("https://a.example/");
  const EndpointRow second = ground.Created("https://b.example/");
  const auto again = ground.Create(WithUrl("https://a.example/"));
  CHECK(CodeOf(again) == Code::kInvalidRequest);
  CHECK(again.error().field == "params.url");
  CHECK(again.error().description.find("a.example") == std::string::npos);
  const auto move = [&](const Unit& unit) { return webhooks::ChangeEndpoint(unit, second.id, WithUrl(first.url)); };
  CHECK(CodeOf(ground.Run(kOne, move)) == Code::kInvalidRequest);
  CHECK(ground.Stored(second.id).url == "https://b.example/");
  const auto stay = [&](const Unit& unit) { return webhooks::ChangeEndpoint(unit, first.id, WithUrl(first.url)); };
  CHECK(ground.Run(kOne, stay).ok());
  // Bytes count; another application's and a payment's own are no obstacle.
  ground.Created("https://a.example");
  ground.Created("https://a.example/", kTwo);
  ground.Payment("order-1", "https://own.example/");
  ground.Created("https://own.example/");

  constexpr int kCallers = 6;
  std::atomic<int> created{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kCallers; ++i) {
    threads.emplace_back([&] {
      const auto session = ground.fresh.Open();
      const auto made =
          webhooks::MakeEndpoint(kOne, WithUrl("https://race.example/"), ground.f.key, ground.Now(), ground.f.random);
      std::optional<errors::Outcome<EndpointRow>> outcome;
      storage::RunUnit(*session, kBudgetMs, [&](storage::Session& s) {
        outcome = webhooks::CreateEndpoint(Unit{s, kOne, ground.Now(), {}}, made.row);
      });
      ++(outcome->ok() ? created : refused);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(created == 1);
  CHECK(refused == kCallers - 1);
}

TEST_CASE("a rotated secret signs beside the one before it for a day, and no longer beside older ones") {
  Ground ground(EachEngine());
  const EndpointRow before = ground.Created("https://a.example/");
  const webhooks::SealedSecret second = webhooks::MakeSecret(before.id, ground.f.key, ground.f.random);
  const auto rotate = [&](const Unit& unit) { return webhooks::RotateEndpointSecret(unit, before.id, second.sealed); };
  REQUIRE(ground.Run(kOne, rotate).ok());
  EndpointRow row = ground.Stored(before.id);
  const std::int64_t until_ms = row.previous_until_ms;
  CHECK(row.sealed_secret == second.sealed);
  CHECK(row.sealed_previous_secret == before.sealed_secret);
  CHECK(until_ms > ground.Now() + webhooks::kPreviousSecretMs - kBudgetMs);
  CHECK(until_ms <= ground.Now() + webhooks::kPreviousSecretMs);
  // Run again after a commit nobody knew the end of.
  REQUIRE(ground.Run(kOne, rotate).ok());
  CHECK(ground.Stored(before.id).sealed_previous_secret == before.sealed_secret);
  const webhooks::SealedSecret third = webhooks::MakeSecret(before.id, ground.f.key, ground.f.random);
  REQUIRE(
      ground.Run(kOne, [&](const Unit& unit) { return webhooks::RotateEndpointSecret(unit, before.id, third.sealed); })
          .ok());
  row = ground.Stored(before.id);
  CHECK(row.sealed_secret == third.sealed);
  CHECK(row.sealed_previous_secret == second.sealed);
}

TEST_CASE("disabling and removing fail what is pending; enabling brings nothing back") {
  Ground ground(EachEngine());
  const EndpointRow row = ground.Created("https://a.example/");
  const EndpointRow other = ground.Created("https://b.example/");
  const domain::Payment payment = ground.Payment("order-1");
  const auto pending = [&](const std::string& id) {
    return ground.Count("webhook_deliveries WHERE state = 'pending' AND endpoint_id = '" + id + "'");
  };
  const auto disabled = [&](const std::string& id) {
    return ground.Count(
        "webhook_deliveries WHERE state = 'failed' AND outcome = 'endpoint_disabled' AND "
        "finished_ms > 0 AND endpoint_id = '" +
        id + "'");
  };
  REQUIRE(pending(row.id) == 1);
  REQUIRE(pending(other.id) == 1);

  // Nothing to change: still enabled, nothing fails.
  REQUIRE(ground.Switch(row.id, true).ok());
  CHECK(pending(row.id) == 1);
  const auto off = ground.Switch(row.id, false);
  REQUIRE(off.ok());
  CHECK_FALSE(off->enabled);
  CHECK(off->disabled_reason == "merchant");
  CHECK(ground.Stored(row.id).disabled_reason == "merchant");
  CHECK(pending(row.id) == 0);
  CHECK(disabled(row.id) == 1);
  CHECK(pending(other.id) == 1);
  // The first reason stays.
  REQUIRE(ground.Switch(row.id, false, std::nullopt).ok());
  CHECK(ground.Stored(row.id).disabled_reason == "merchant");
  const auto on = ground.Switch(row.id, true);
  REQUIRE(on.ok());
  CHECK(on->enabled);
  CHECK(ground.Stored(row.id).disabled_reason.empty());
  CHECK(pending(row.id) == 0);
  REQUIRE(ground.Switch(row.id, false, std::nullopt).ok());
  CHECK(ground.Stored(row.id).disabled_reason == "operator");

  REQUIRE(ground.Run(kOne, [&](const Unit& unit) { return webhooks::RemoveEndpoint(unit, other.id); }).ok());
  CHECK(pending(other.id) == 0);
  CHECK(disabled(other.id) == 1);
  // Later events make none.
  ground.Payment("order-2");
  CHECK(ground.Count("webhook_deliveries WHERE state = 'pending'") == 0);
}

TEST_CASE("endpoint secrets are sealed anew, or the rotation is refused") {
  Ground ground(EachEngine());
  const EndpointRow row = ground.Created("https://a.example/");
  ground.Created("https://b.example/");
  ground.Payment("order-1", "https://own.example/");
  const webhooks::SealedSecret second = webhooks::MakeSecret(row.id, ground.f.key, ground.f.random);
  REQUIRE(
      ground.Run(kOne, [&](const Unit& unit) { return webhooks::RotateEndpointSecret(unit, row.id, second.sealed); })
          .ok());
  const base::MasterKey next = base::MasterKey::Generate(ground.f.random);
  const auto reseal = [&](const base::MasterKey& from) {
    return ground.Run(std::nullopt, [&](const Unit& unit) {
      return webhooks::ResealEndpoints(unit.session, from, next, ground.f.random);
    });
  };
  CHECK_FALSE(reseal(next).has_value());
  CHECK(reseal(ground.f.key) == 2);
  const EndpointRow after = ground.Stored(row.id);
  const std::string place = storage::EndpointSecretPlace(row.id);
  CHECK(base::Unseal(next, place, after.sealed_secret)->Reveal() == second.secret.Reveal());
  CHECK(base::Unseal(next, place, after.sealed_previous_secret).has_value());
  CHECK_FALSE(base::Unseal(ground.f.key, place, after.sealed_secret).has_value());
  CHECK(after.previous_until_ms > 0);
}

// ---- events ----

TEST_CASE("the event log is read page by page, newest first, each event once") {
  Ground ground(EachEngine());
  std::vector<domain::Payment> payments;
  for (int i = 0; i < 4; ++i) payments.push_back(ground.Payment("order-" + std::to_string(i)));
  const int total = 8;
  for (const int limit : {1, 3, 4, 7, 8, 100}) {
    webhooks::EventQuery query;
    query.application = kOne;
    query.limit = limit;
    std::vector<std::string> seen;
    std::int64_t last_ms = INT64_MAX;
    for (int pages = 0;; ++pages) {
      REQUIRE(pages <= total);
      const webhooks::EventPage page = webhooks::PageOfEvents(*ground.session, query);
      for (const webhooks::ListedEvent& listed : page.events) {
        seen.push_back(listed.event.event_id);
        CHECK(listed.event.created_ms <= last_ms);
        CHECK(listed.c_id.text.rfind("order-", 0) == 0);
        last_ms = listed.event.created_ms;
      }
      if (!page.next) break;
      CHECK(page.events.size() == static_cast<std::size_t>(limit));
      query.after = webhooks::ParseCursor(webhooks::CursorOf(*page.next));
      REQUIRE(query.after.has_value());
    }
    CHECK(seen.size() == static_cast<std::size_t>(total));
    CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == seen.size());
    CHECK(seen.front().rfind(payments.back().h_id, 0) == 0);
  }

  const auto count = [&](const std::function<void(webhooks::EventQuery*)>& set) {
    webhooks::EventQuery query;
    query.application = kOne;
    query.limit = 100;
    set(&query);
    return webhooks::PageOfEvents(*ground.session, query).events.size();
  };
  CHECK(count([](auto* q) { q->type = "payment.created"; }) == 4);
  CHECK(count([](auto* q) { q->type = "payment.failed"; }) == 0);
  CHECK(count([](auto* q) { q->c_id = "order-2"; }) == 2);
  CHECK(count([](auto* q) { q->c_id = "order-9"; }) == 0);
  CHECK(count([&](auto* q) { q->h_id = payments[1].h_id; }) == 2);
  CHECK(count([&](auto* q) {
          q->h_id = payments[1].h_id;
          q->c_id = "order-1";
        }) == 2);
  CHECK(count([&](auto* q) {
          q->h_id = payments[1].h_id;
          q->c_id = "order-2";
        }) == 0);
  CHECK(count([](auto* q) { q->application = kTwo; }) == 0);
  CHECK(count([](auto* q) {
          q->application = kTwo;
          q->c_id = "order-1";
        }) == 0);
  CHECK(count([&](auto* q) { q->from_ms = ground.Now() + 60'000; }) == 0);
  CHECK(count([&](auto* q) { q->to_ms = ground.Now() - 600'000; }) == 0);
  CHECK(count([&](auto* q) { q->to_ms = ground.Now() + 60'000; }) == 8);
}

TEST_CASE("an event shows its body, its deliveries and their attempts") {
  Ground ground(EachEngine());
  const EndpointRow row = ground.Created("https://a.example/");
  const domain::Payment payment = ground.Payment("order-1");
  REQUIRE(ground.Replay(Ground::Event(payment)).ok());
  const auto before = webhooks::DetailOfEvent(*ground.session, kOne, Ground::Event(payment));
  REQUIRE(before.ok());
  REQUIRE(before->deliveries.size() == 2);
  const std::string second = before->deliveries[1].row.id;
  storage::RunUnit(*ground.session, kBudgetMs, [&](storage::Session& s) {
    for (int attempt = 1; attempt <= 2; ++attempt) {
      storage::AttemptEnd end;
      end.attempt = {second, attempt, 100 * attempt, 7, 500, "", std::string("no\0\xff", 4)};
      end.state = storage::kPending;
      end.due_ms = 1;
      storage::RecordAttempts(s, {&end, 1}, "");
    }
  });
  const auto detail = webhooks::DetailOfEvent(*ground.session, kOne, Ground::Event(payment));
  REQUIRE(detail.ok());
  CHECK(detail->listed.event.event == "payment.created");
  CHECK(detail->listed.event.body.rfind(R"({"id":")" + Ground::Event(payment), 0) == 0);
  CHECK(detail->listed.c_id.text == "order-1");
  REQUIRE(detail->deliveries.size() == 2);
  CHECK(detail->deliveries[0].attempts.empty());
  REQUIRE(detail->deliveries[1].attempts.size() == 2);
  CHECK(detail->deliveries[1].attempts[1].attempt == 2);
  CHECK(detail->deliveries[1].attempts[1].answer == std::string("no\0\xff", 4));
  CHECK(detail->deliveries[1].row.endpoint_id == row.id);
  // The operator needs no application, and sees single deliveries.
  CHECK(webhooks::DetailOfEvent(*ground.session, std::nullopt, Ground::Event(payment)).ok());
  const auto delivery = webhooks::DetailOfDelivery(*ground.session, second);
  REQUIRE(delivery.has_value());
  CHECK(delivery->attempts.size() == 2);
  CHECK_FALSE(webhooks::DetailOfDelivery(*ground.session, "dlv_none").has_value());
  for (const std::string& id : {std::string(), std::string("pay_none:payment.created"), payment.h_id,
                                payment.h_id + ":payment.failed", Ground::Event(payment) + ":1"}) {
    INFO(id);
    CHECK(CodeOf(webhooks::DetailOfEvent(*ground.session, kOne, id)) == Code::kPaymentNotFound);
    CHECK(CodeOf(webhooks::DetailOfEvent(*ground.session, std::nullopt, id)) == Code::kPaymentNotFound);
  }
}

TEST_CASE("an event with very many deliveries shows the newest") {
  Ground ground(EachEngine());
  ground.Created("https://a.example/");
  const domain::Payment payment = ground.Payment("order-1");
  std::string last;
  for (std::size_t i = 0; i < webhooks::kMaxDeliveriesShown; ++i) {
    const auto queued = ground.Replay(Ground::Event(payment));
    REQUIRE(queued.ok());
    last = queued->front().id;
  }
  const auto detail = webhooks::DetailOfEvent(*ground.session, kOne, Ground::Event(payment));
  REQUIRE(detail.ok());
  REQUIRE(detail->deliveries.size() == webhooks::kMaxDeliveriesShown);
  CHECK(std::any_of(detail->deliveries.begin(), detail->deliveries.end(),
                    [&](const webhooks::DeliveryDetail& delivery) { return delivery.row.id == last; }));
}

// ---- replays ----

TEST_CASE("a replay goes to every enabled endpoint and the payment's own, whatever they subscribe to") {
  Ground ground(EachEngine());
  EndpointSettings quiet = WithUrl("https://quiet.example/");
  quiet.events = "payout.failed";
  quiet.max_retries = 1;
  quiet.retry_delay_s = 10;
  const auto subscribed = ground.Create(quiet);
  REQUIRE(subscribed.ok());
  const EndpointRow loud = ground.Created("https://loud.example/");
  const EndpointRow off = ground.Created("https://off.example/");
  ground.Created("https://foreign.example/", kTwo);
  REQUIRE(ground.Switch(off.id, false).ok());
  const domain::Payment payment = ground.Payment("order-1", "https://own.example/");
  const EndpointRow own = ground.InRequest("https://own.example/");

  const base::UnixMs before_ms = ground.Now();
  const auto queued = ground.Replay(Ground::Event(payment));
  REQUIRE(queued.ok());
  CHECK(EndpointsOf(*queued) == Sorted({subscribed->id, loud.id, own.id}));
  for (const storage::DeliveryRow& row : *queued) {
    CHECK(row.state == storage::kPending);
    CHECK(row.h_id == payment.h_id);
    CHECK(row.status_version == 1);
    CHECK(row.due_ms >= before_ms);
    CHECK(row.due_ms == row.created_ms);
    CHECK(row.lease_owner.empty());
    CHECK(row.expires_ms == row.created_ms + webhooks::ExpiryMs(ground.Stored(row.endpoint_id)));
    const auto stored = webhooks::DetailOfDelivery(*ground.session, row.id);
    REQUIRE(stored.has_value());
    CHECK(stored->row.expires_ms == row.expires_ms);
  }
  // A URL that is both the payment's own and configured is told once, as the configured one.
  const EndpointRow both = ground.Created("https://own.example/");
  CHECK(EndpointsOf(ground.Replay(Ground::Event(payment)).value()) == Sorted({subscribed->id, loud.id, both.id}));
  // An own endpoint that was switched off hears nothing.
  REQUIRE(ground.Switch(both.id, false).ok());
  REQUIRE(ground.Switch(own.id, false, std::nullopt).ok());
  CHECK(EndpointsOf(ground.Replay(Ground::Event(payment)).value()) == Sorted({subscribed->id, loud.id}));
}

TEST_CASE("a replay to one endpoint needs one that may hear of the payment") {
  Ground ground(EachEngine());
  const EndpointRow row = ground.Created("https://a.example/");
  const EndpointRow foreign = ground.Created("https://a.example/", kTwo);
  const domain::Payment payment = ground.Payment("order-1", "https://own.example/");
  const domain::Payment plain = ground.Payment("order-2");
  const EndpointRow own = ground.InRequest("https://own.example/");
  CHECK(EndpointsOf(ground.Replay(Ground::Event(payment), row.id).value()) == std::vector<std::string>{row.id});
  CHECK(EndpointsOf(ground.Replay(Ground::Event(payment), own.id).value()) == std::vector<std::string>{own.id});
  CHECK(CodeOf(ground.Replay(Ground::Event(plain), own.id)) == Code::kPaymentNotFound);
  CHECK(CodeOf(ground.Replay(Ground::Event(payment), foreign.id)) == Code::kPaymentNotFound);
  CHECK(CodeOf(ground.Replay(Ground::Event(payment), kNobody)) == Code::kPaymentNotFound);
  CHECK(CodeOf(ground.Replay("pay_none:payment.created", row.id)) == Code::kPaymentNotFound);
  CHECK(CodeOf(ground.Replay(Ground::Event(payment), foreign.id, std::nullopt)) == Code::kPaymentNotFound);
  REQUIRE(ground.Switch(row.id, false).ok());
  CHECK(CodeOf(ground.Replay(Ground::Event(payment), row.id)) == Code::kNoCallbackUrl);
  CHECK(CodeOf(ground.Replay(Ground::Event(plain))) == Code::kNoCallbackUrl);
  const std::int64_t before = ground.Count("webhook_deliveries");
  CHECK(ground.Replay(Ground::Event(payment)).ok());
  CHECK(ground.Count("webhook_deliveries") == before + 1);
}

TEST_CASE("a payment's own endpoint is stored by a replay when nothing was sent to it before") {
  Ground ground(EachEngine());
  const domain::Payment payment = ground.Payment("order-1", "https://own.example/");
  REQUIRE(ground.session->Execute("DELETE FROM webhook_endpoints") == 1);
  const auto queued = ground.Replay(Ground::Event(payment));
  REQUIRE(queued.ok());
  CHECK(EndpointsOf(*queued) == std::vector<std::string>{ground.InRequest("https://own.example/").id});
}

TEST_CASE("the operator replays a payment, a span of time, and a delivery") {
  Ground ground(EachEngine());
  const EndpointRow row = ground.Created("https://a.example/");
  const domain::Payment first = ground.Payment("order-1");
  const domain::Payment second = ground.Payment("order-2", "https://own.example/");
  const auto replay_payment = [&](const std::string& h_id, const std::optional<std::string>& endpoint) {
    return ground.Run(std::nullopt,
                      [&](const Unit& unit) { return webhooks::ReplayPayment(unit, h_id, endpoint, ground.f.random); });
  };
  const auto both = replay_payment(first.h_id, std::nullopt);
  REQUIRE(both.ok());
  REQUIRE(both->size() == 2);
  CHECK(both->front().status_version == 1);
  CHECK(both->back().status_version == 2);
  CHECK(replay_payment(second.h_id, row.id)->size() == 2);
  CHECK(replay_payment(second.h_id, std::nullopt)->size() == 4);
  CHECK(CodeOf(replay_payment("pay_none", std::nullopt)) == Code::kPaymentNotFound);

  const auto keys = webhooks::EventsBetween(*ground.session, kOne, 0, INT64_MAX);
  REQUIRE(keys.size() == 4);
  CHECK(keys.front().h_id == first.h_id);
  CHECK(keys.front().status_version == 1);
  CHECK(keys.back().h_id == second.h_id);
  CHECK(webhooks::EventsBetween(*ground.session, kTwo, 0, INT64_MAX).empty());
  const auto replay_all = [&](const std::optional<std::string>& endpoint) {
    return ground.Run(std::nullopt, [&](const Unit& unit) {
      return webhooks::ReplayEvents(unit, kOne, keys, endpoint, ground.f.random);
    });
  };
  CHECK(replay_all(std::nullopt)->size() == 6);
  CHECK(replay_all(ground.InRequest("https://own.example/").id)->size() == 2);
  CHECK(CodeOf(replay_all(kNobody)) == Code::kPaymentNotFound);
  REQUIRE(ground.Switch(row.id, false).ok());
  CHECK(replay_all(row.id)->empty());

  const auto replay_delivery = [&](const std::string& id) {
    return ground.Run(std::nullopt,
                      [&](const Unit& unit) { return webhooks::ReplayDelivery(unit, id, ground.f.random); });
  };
  const storage::DeliveryRow old = both->back();
  CHECK(CodeOf(replay_delivery(old.id)) == Code::kNoCallbackUrl);
  REQUIRE(ground.Switch(row.id, true).ok());
  const auto again = replay_delivery(old.id);
  REQUIRE(again.ok());
  REQUIRE(again->size() == 1);
  CHECK(again->front().id != old.id);
  CHECK(again->front().endpoint_id == row.id);
  CHECK(again->front().status_version == 2);
  CHECK(CodeOf(replay_delivery("dlv_none")) == Code::kPaymentNotFound);
  REQUIRE(ground.Run(kOne, [&](const Unit& unit) { return webhooks::RemoveEndpoint(unit, row.id); }).ok());
  CHECK(CodeOf(replay_delivery(old.id)) == Code::kNoCallbackUrl);
}

// ---- calls with a nonce ----

namespace {

// Runs every unit at once, on a session of its own.
class DirectAccess final : public storage::Access {
 public:
  explicit DirectAccess(const storage::Database& database) : session_(database.Open()) {}

  bool Write(domain::ApplicationId, std::function<void(storage::Session&)> work,
             std::function<void(bool, const std::string&)> done) override {
    if (full) return false;
    if (fails) {
      done(false, "the inside");
      return true;
    }
    if (rolls_back_first) {
      session_->Begin();
      work(*session_);
      session_->Rollback();
    }
    storage::RunUnit(*session_, kBudgetMs, work);
    // The commit's answer was lost: the unit runs again.
    if (commits_twice) storage::RunUnit(*session_, kBudgetMs, work);
    done(true, "");
    return true;
  }
  bool Read(std::int64_t received_us, std::function<void(storage::Session&)> read,
            std::function<void(const std::string&)> failed) override {
    last_received_us = received_us;
    if (full) return false;
    if (fails) {
      failed("the inside");
    } else {
      read(*session_);
    }
    return true;
  }

  bool full = false, fails = false, commits_twice = false, rolls_back_first = false;
  std::int64_t last_received_us = 0;

 private:
  std::unique_ptr<storage::Session> session_;
};

// One gateway's webhooks. Nothing it sends leaves the process: every target is refused.
struct Methods {
  explicit Methods(Ground* ground)
      : access(ground->fresh.database()),
        clock(ground->Now()),
        client({}, [](const std::string&) { return std::vector<base::IpAddress>(); }),
        sender(
            client,
            [](domain::ApplicationId) {
              return webhooks::ApplicationSecrets{base::SecretString("api"), base::SecretString("whsec_AAAA")};
            },
            ground->f.key, clock, ground->f.random),
        methods(
            access, sender, ground->f.key, clock, ground->f.random, [this] { ++woken; },
            std::make_unique<webhooks::TargetCheck>(net::AddressPolicy{}, &Resolve)) {}
  ~Methods() { client.Stop(); }

  static std::vector<base::IpAddress> Resolve(const std::string& host) {
    if (host != "inside.example") return {};
    return {base::IpAddress::FromIpv4(0x0A000001)};
  }
  static webhooks::ChangeCall Call(const std::string& nonce, domain::ApplicationId application = kOne) {
    return {application, {7}, nonce};
  }
  template <typename T>
  static webhooks::Done<T> Into(std::promise<errors::Outcome<T>>* answer) {
    return [answer](errors::Outcome<T> outcome) { answer->set_value(std::move(outcome)); };
  }
  errors::Outcome<webhooks::EndpointWithSecret> Create(const std::string& url, const std::string& nonce,
                                                       domain::ApplicationId application = kOne) {
    std::promise<errors::Outcome<webhooks::EndpointWithSecret>> answer;
    methods.Create(Call(nonce, application), WithUrl(url), Into(&answer));
    return answer.get_future().get();
  }
  errors::Outcome<EndpointRow> Switch(const std::string& id, bool enabled, const std::string& nonce) {
    std::promise<errors::Outcome<EndpointRow>> answer;
    methods.Switch(Call(nonce), id, enabled, Into(&answer));
    return answer.get_future().get();
  }
  errors::Outcome<EndpointRow> Remove(const std::string& id, const std::string& nonce) {
    std::promise<errors::Outcome<EndpointRow>> answer;
    methods.Remove(Call(nonce), id, Into(&answer));
    return answer.get_future().get();
  }
  errors::Outcome<std::vector<storage::DeliveryRow>> Replay(const std::string& event, const std::string& nonce) {
    std::promise<errors::Outcome<std::vector<storage::DeliveryRow>>> answer;
    methods.Replay(Call(nonce), event, std::nullopt, Into(&answer));
    return answer.get_future().get();
  }
  errors::Outcome<webhooks::TestedEndpoint> Test(const std::string& id, const std::string& nonce) {
    std::promise<errors::Outcome<webhooks::TestedEndpoint>> answer;
    methods.Test(Call(nonce), id, Into(&answer));
    return answer.get_future().get();
  }

  DirectAccess access;
  base::ManualClock clock;
  net::HttpClient client;
  webhooks::Sender sender;
  int woken = 0;
  webhooks::Webhooks methods;
};

template <typename T>
bool IsUsedNonce(const errors::Outcome<T>& outcome) {
  return !outcome.ok() && outcome.error().code == Code::kInvalidRequest && outcome.error().field == "params.nonce";
}

}  // namespace

TEST_CASE("a nonce is good once per application for ten minutes, and before anything else is found wrong") {
  Ground ground(EachEngine());
  Methods m(&ground);
  const auto made = m.Create("https://a.example/", "nonce-01");
  REQUIRE(made.ok());
  CHECK(webhooks::IsEndpointSecret(made->secret.Reveal()));
  CHECK(IsUsedNonce(m.Create("https://a.example/", "nonce-01")));
  CHECK(IsUsedNonce(m.Switch(made->row.id, false, "nonce-01")));
  CHECK(IsUsedNonce(m.Remove(kNobody, "nonce-01")));
  CHECK(ground.Stored(made->row.id).enabled);
  CHECK(m.Create("https://a.example/", "nonce-01", kTwo).ok());
  REQUIRE(m.Switch(made->row.id, false, "NONCE-01").ok());  // bytes count
  m.clock.AdvanceMs(600'000);
  CHECK(IsUsedNonce(m.Switch(made->row.id, true, "nonce-01")));
  m.clock.AdvanceMs(2'000);
  CHECK(m.Switch(made->row.id, true, "nonce-01").ok());
  CHECK(IsUsedNonce(m.Switch(made->row.id, true, "nonce-01")));
  // A repeated call of a webhook that is gone.
  REQUIRE(m.Remove(made->row.id, "nonce-02").ok());
  CHECK(IsUsedNonce(m.Remove(made->row.id, "nonce-02")));
}

TEST_CASE("a call that is refused leaves its nonce unused") {
  Ground ground(EachEngine());
  Methods m(&ground);
  REQUIRE(m.Create("https://a.example/", "nonce-01").ok());
  CHECK(m.Create("https://a.example/", "nonce-02").error().field == "params.url");
  CHECK(CodeOf(m.Switch(kNobody, true, "nonce-02")) == Code::kPaymentNotFound);
  CHECK(CodeOf(m.Remove(kNobody, "nonce-02")) == Code::kPaymentNotFound);
  CHECK(CodeOf(m.Test(kNobody, "nonce-02")) == Code::kPaymentNotFound);
  CHECK(CodeOf(m.Replay("pay_none:payment.created", "nonce-02")) == Code::kPaymentNotFound);
  CHECK(m.Create("https://b.example/", "nonce-02").ok());
}

TEST_CASE("of two calls with one nonce at two gateways at once, one is done") {
  Ground ground(EachEngine());
  Methods a(&ground), b(&ground);
  const std::string id = ground.Created("https://a.example/").id;
  for (int round = 0; round < Scaled(30); ++round) {
    const std::string nonce = "nonce-" + std::to_string(100 + round);
    std::atomic<int> done{0}, refused{0};
    std::vector<std::thread> threads;
    for (Methods* m : {&a, &b}) {
      threads.emplace_back([&, m] {
        const auto outcome = m->Switch(id, round % 2 == 0, nonce);
        if (outcome.ok()) ++done;
        if (IsUsedNonce(outcome)) ++refused;
      });
    }
    for (std::thread& thread : threads) thread.join();
    REQUIRE(done == 1);
    REQUIRE(refused == 1);
  }
}

TEST_CASE("a unit that is run again finds what it has done, or begins anew") {
  Ground ground(EachEngine());
  Methods m(&ground);
  const domain::Payment payment = ground.Payment("order-1", "https://own.example/");
  const bool committed = GENERATE(true, false);
  (committed ? m.access.commits_twice : m.access.rolls_back_first) = true;
  const auto made = m.Create("https://a.example/", "nonce-01");
  REQUIRE(made.ok());
  CHECK(ground.Stored(made->row.id).sealed_secret == made->row.sealed_secret);
  REQUIRE(m.Switch(made->row.id, false, "nonce-02").ok());
  REQUIRE(m.Switch(made->row.id, true, "nonce-03").ok());
  const std::int64_t before = ground.Count("webhook_deliveries");
  const auto queued = m.Replay(Ground::Event(payment), "nonce-04");
  REQUIRE(queued.ok());
  CHECK(queued->size() == 2);
  CHECK(m.woken == 1);
  CHECK(ground.Count("webhook_deliveries") == before + 2);
  for (const storage::DeliveryRow& row : *queued) {
    CHECK(webhooks::DetailOfDelivery(*ground.session, row.id).has_value());
  }
  std::promise<errors::Outcome<webhooks::EndpointWithSecret>> rotated;
  m.methods.RotateSecret(Methods::Call("nonce-05"), made->row.id, Methods::Into(&rotated));
  const auto second = rotated.get_future().get();
  REQUIRE(second.ok());
  const EndpointRow row = ground.Stored(made->row.id);
  CHECK(row.sealed_previous_secret == made->row.sealed_secret);
  CHECK(base::Unseal(ground.f.key, storage::EndpointSecretPlace(row.id), row.sealed_secret)->Reveal() ==
        second->secret.Reveal());
  const auto removed = m.Remove(row.id, "nonce-06");
  REQUIRE(removed.ok());
  CHECK(removed->url == "https://a.example/");
  CHECK(IsUsedNonce(m.Remove(row.id, "nonce-06")));
}

TEST_CASE("a URL whose name leads inside is refused, and no nonce used") {
  Ground ground(EachEngine());
  Methods m(&ground);
  const auto refused = m.Create("https://inside.example/", "nonce-01");
  CHECK(CodeOf(refused) == Code::kInvalidRequest);
  CHECK(refused.error().field == "params.url");
  CHECK(refused.error().description == "params.url must lead to public addresses only");
  const auto made = m.Create("https://a.example/", "nonce-01");
  REQUIRE(made.ok());
  const auto update = [&](const EndpointSettings& settings) {
    std::promise<errors::Outcome<EndpointRow>> answer;
    m.methods.Update(Methods::Call("nonce-02"), made->row.id, settings, Methods::Into(&answer));
    return answer.get_future().get();
  };
  CHECK(update(WithUrl("https://inside.example/")).error().field == "params.url");
  CHECK(ground.Stored(made->row.id).url == "https://a.example/");
  EndpointSettings settings;
  settings.description = "no new URL";
  CHECK(update(settings).ok());
}

TEST_CASE("a database that does not store, or has no room, is a refusal") {
  Ground ground(EachEngine());
  Methods m(&ground);
  const std::string id = ground.Created("https://a.example/").id;
  m.access.full = true;
  CHECK(CodeOf(m.Switch(id, false, "nonce-01")) == Code::kCommonError);
  std::promise<errors::Outcome<EndpointRow>> busy;
  m.methods.Get({kOne, 5}, id, Methods::Into(&busy));
  CHECK(CodeOf(busy.get_future().get()) == Code::kCommonError);
  CHECK(m.access.last_received_us == 5);
  m.access.full = false;
  m.access.fails = true;
  CHECK(CodeOf(m.Switch(id, false, "nonce-01")) == Code::kHubError);
  CHECK(m.Replay("e", "nonce-01").error().internal == "the inside");
  std::promise<errors::Outcome<EndpointRow>> failed;
  m.methods.Get({kOne, 5}, id, Methods::Into(&failed));
  CHECK(CodeOf(failed.get_future().get()) == Code::kHubError);
  m.access.fails = false;
  CHECK(m.Switch(id, false, "nonce-01").ok());
  CHECK(m.woken == 0);
}

TEST_CASE("the reading methods see the caller's application only") {
  Ground ground(EachEngine());
  Methods m(&ground);
  const EndpointRow row = ground.Created("https://a.example/");
  const domain::Payment payment = ground.Payment("order-1");
  for (const domain::ApplicationId application : {kOne, kTwo}) {
    const bool mine = application == kOne;
    std::promise<errors::Outcome<std::vector<EndpointRow>>> list;
    m.methods.List({application, 0}, std::string(storage::kSourceConfigured), Methods::Into(&list));
    CHECK(list.get_future().get()->size() == (mine ? 1 : 0));
    std::promise<errors::Outcome<EndpointRow>> get;
    m.methods.Get({application, 0}, row.id, Methods::Into(&get));
    CHECK(get.get_future().get().ok() == mine);
    webhooks::EventQuery query;
    query.application = application;
    std::promise<errors::Outcome<webhooks::EventPage>> events;
    m.methods.ListEvents({application, 0}, query, Methods::Into(&events));
    CHECK(events.get_future().get()->events.size() == (mine ? 2 : 0));
    std::promise<errors::Outcome<webhooks::EventDetail>> event;
    m.methods.GetEvent({application, 0}, Ground::Event(payment), Methods::Into(&event));
    CHECK(event.get_future().get().ok() == mine);
  }
}

TEST_CASE("a test of a target that is refused is an answer that says so") {
  Ground ground(EachEngine());
  Methods m(&ground);
  const EndpointRow row = ground.Created("http://127.0.0.1:9/");
  REQUIRE(ground.Switch(row.id, false).ok());
  const auto tested = m.Test(row.id, "nonce-01");
  REQUIRE(tested.ok());
  CHECK(tested->row.id == row.id);
  CHECK_FALSE(tested->row.timeout_s.has_value());
  CHECK(tested->attempt.error == "refused_target");
  CHECK(tested->attempt.http_status == 0);
  CHECK(tested->attempt.answer.empty());
  CHECK(IsUsedNonce(m.Test(row.id, "nonce-01")));
  CHECK(ground.Count("webhook_deliveries") == 0);
  CHECK(ground.Count("webhook_attempts") == 0);
}
