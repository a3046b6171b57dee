#include <catch2/catch.hpp>
#include <thread>

#include "multihub/base/json_reader.h"
#include "multihub/observability/log.h"
#include "multihub/payments/reseal_cards.h"
#include "storage/engine_fixture.h"

using namespace multihub;
using namespace multihub::storage_test;
using domain::PaymentStatus;
using errors::Code;
using providers::Report;
using providers::ReportedState;
using storage::Engine;

namespace {

Report Succeeded() { return {ReportedState::kSucceeded, "p-1", "utr-1", std::nullopt}; }

}  // namespace

TEST_CASE("a deposit is durable, refused a second time, and credited once when it succeeds") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  PaymentsFixture f(fresh.database());
  const auto made = f.Accept(f.Deposit("order-1", 10'000));
  REQUIRE(made.ok());
  CHECK(made->status == PaymentStatus::kCreated);
  CHECK(made->fee == 150);
  CHECK(f.Find(made->h_id).ok());

  const auto again = f.Accept(f.Deposit("order-1", 20'000));
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().code == Code::kPaymentExists);
  CHECK(again.error().context ==
        "{\"identifiers\":{\"c_id\":\"order-1\",\"h_id\":\"" + made->h_id + "\"},\"status\":\"created\"}");

  CHECK(f.Callback(made->h_id, "succeeded"));
  CHECK(f.Callback(made->h_id, "succeeded"));
  const auto done = f.Find(made->h_id);
  REQUIRE(done.ok());
  CHECK(done->status == PaymentStatus::kSuccess);
  CHECK(done->status_version == 2);
  CHECK(done->finished_ms > 0);
  CHECK(f.Balance().amounts.value == 9'850);
  const auto verdict = f.Verify();
  CHECK_FALSE(verdict.problem.has_value());
  CHECK(verdict.entries == 1);
}

TEST_CASE("every status change leaves one event with its body frozen") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  PaymentsFixture f(fresh.database());
  const auto made = f.Accept(f.Deposit("order-1", 10'000));
  REQUIRE(made.ok());
  CHECK(f.Callback(made->h_id, "pending"));
  CHECK(f.Callback(made->h_id, "succeeded"));
  const auto session = fresh.Open();
  const auto events = storage::EventsOf(*session, made->h_id);
  REQUIRE(events.size() == 3);
  CHECK(events[2].event == "payment.created");
  CHECK(events[1].event == "payment.processing");
  CHECK(events[0].event == "payment.completed");
  CHECK(events[0].event_id == made->h_id + ":payment.completed");
  const auto body = base::JsonDocument::Parse(events[0].body);
  REQUIRE(body.ok());
  CHECK(body->root()["merchant_id"].string() == "7");
  CHECK(body->root()["data"]["next"].present());
  CHECK(body->root()["data"]["result"]["payment"]["status"]["status"].string() == "success");
  CHECK(body->root()["data"]["result"]["payment"]["status_version"].number_text() == "3");
}

TEST_CASE("a payout holds its money, then spends it or gives it back") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  PaymentsFixture f(fresh.database());
  CHECK(f.Accept(f.Payout("w-0", 100)).error().code == Code::kNoBalance);
  f.TopUp(1'000, "t-1");
  const auto paid = f.Accept(f.Payout("w-1", 500));
  REQUIRE(paid.ok());
  CHECK(f.Balance().amounts.value == 495);
  CHECK(f.Balance().amounts.freezing == 505);
  CHECK(f.Accept(f.Payout("w-2", 491)).error().code == Code::kInsufficientFunds);
  const auto failed = f.Accept(f.Payout("w-2", 490));
  REQUIRE(failed.ok());
  CHECK(f.Balance().amounts.value == 0);
  CHECK(f.Callback(paid->h_id, "succeeded"));
  CHECK(f.Callback(failed->h_id, "failed"));
  CHECK(f.Balance().amounts.value == 495);
  CHECK(f.Balance().amounts.freezing == 0);
  CHECK_FALSE(f.Verify().problem.has_value());
}

TEST_CASE("an unavailable provider answers after every other check and leaves nothing") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  PaymentsFixture f(fresh.database());
  REQUIRE(f.Accept(f.Deposit("order-1", 100)).ok());
  f.provider.unavailable = true;
  CHECK(f.Accept(f.Deposit("order-1", 100)).error().code == Code::kPaymentExists);
  CHECK(f.Accept(f.Payout("w-1", 100)).error().code == Code::kNoBalance);
  f.TopUp(50, "t-1");
  CHECK(f.Accept(f.Payout("w-1", 100)).error().code == Code::kInsufficientFunds);
  f.TopUp(5'000, "t-2");
  CHECK(f.Accept(f.Payout("w-1", 100)).error().code == Code::kProviderUnavailable);
  CHECK(f.Accept(f.Deposit("order-2", 100)).error().code == Code::kProviderUnavailable);
  f.provider.unavailable = false;
  CHECK(f.Accept(f.Payout("w-1", 100)).ok());
  CHECK(f.Accept(f.Deposit("order-2", 100)).ok());
}

TEST_CASE("a report of another amount or against a final payment changes nothing and is kept once") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  PaymentsFixture f(fresh.database());
  f.provider.on_start = [&](const domain::Payment& p) {
    Report report = Succeeded();
    report.amount = p.amount;
    report.amount->minor += 1;
    return report;
  };
  const auto before = observability::AlertCount("amount_mismatch");
  const auto made = f.Accept(f.Deposit("order-1", 10'000));
  REQUIRE(made.ok());
  const auto session = fresh.Open();
  while (storage::MessagesOf(*session, made->h_id).empty()) std::this_thread::yield();
  CHECK(storage::MessagesOf(*session, made->h_id)[0].reason == "amount_mismatch");
  CHECK(f.Find(made->h_id)->status == PaymentStatus::kCreated);
  CHECK(f.Balance().amounts.value == 0);

  CHECK(f.Callback(made->h_id, "succeeded"));
  CHECK(f.Callback(made->h_id, "failed"));
  CHECK(f.Callback(made->h_id, "failed"));
  CHECK(f.Find(made->h_id)->status == PaymentStatus::kSuccess);
  const auto kept = storage::MessagesOf(*session, made->h_id);
  REQUIRE(kept.size() == 2);
  CHECK(kept[1].reason == "late_message");
  CHECK(observability::AlertCount("amount_mismatch") == before + 1);
  CHECK_FALSE(f.Verify().problem.has_value());
}

TEST_CASE("a report made on an old view of the payment is decided on the stored one") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const ReportedState said = GENERATE(ReportedState::kPending, ReportedState::kFailed, ReportedState::kSucceeded);
  CAPTURE(static_cast<int>(said));
  const FreshDatabase fresh(engine);
  PaymentsFixture f(fresh.database());
  PaymentsFixture other(f);
  // While the provider's first word is on its way here, another process settles the payment.
  f.provider.on_start = [&](const domain::Payment& p) {
    CHECK(other.Callback(p.h_id, "succeeded"));
    return Report{said, "p-1", {}, p.amount};
  };
  f.deposit_route.answer_started = true;  // the answer comes after the first word was dealt with
  const auto made = f.Accept(f.Deposit("order-1", 10'000));
  REQUIRE(made.ok());
  CHECK(made->status == PaymentStatus::kSuccess);
  CHECK(f.Find(made->h_id)->status == PaymentStatus::kSuccess);
  CHECK(f.Balance().amounts.value == 9'850);
  const auto session = fresh.Open();
  CHECK(storage::EventsOf(*session, made->h_id).size() == 2);
  CHECK(storage::MessagesOf(*session, made->h_id).size() == (said == ReportedState::kFailed ? 1 : 0));
  CHECK_FALSE(f.Verify().problem.has_value());
}

TEST_CASE("the reconciler asks on and starts again what the provider has never seen") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  payments::EngineOptions options;
  options.reconcile_poll_ms = 20;
  PaymentsFixture f(fresh.database(), options);
  f.provider.on_state = [&](const domain::Payment&) {
    const auto state = f.provider.states == 1 ? ReportedState::kNotKnown : ReportedState::kSucceeded;
    return Report{state, "", "", std::nullopt};
  };
  const auto made = f.Accept(f.Deposit("order-1", 10'000));
  REQUIRE(made.ok());
  CHECK(f.WaitFinal(made->h_id).status == PaymentStatus::kSuccess);
  CHECK(f.provider.starts == 2);
  const auto session = fresh.Open();
  CHECK(session->QueryInteger("SELECT COUNT(*) FROM provider_tasks") == 0);
}

TEST_CASE("a restarted engine goes on with every unfinished payment") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  std::string h_id;
  {
    PaymentsFixture f(fresh.database());
    const auto made = f.Accept(f.Deposit("order-1", 10'000));
    REQUIRE(made.ok());
    h_id = made->h_id;
  }
  payments::EngineOptions options;
  options.reconcile_poll_ms = 20;
  PaymentsFixture f(fresh.database(), options);
  f.provider.on_state = [](const domain::Payment&) { return Succeeded(); };
  CHECK(f.WaitFinal(h_id).status == PaymentStatus::kSuccess);
}

// What a provider was told first.
class FirstTrace {
 public:
  void Note(const base::Trace& trace) {
    if (!noted_.exchange(true)) first_.set_value(trace);
  }
  base::Trace Await() { return first_.get_future().get(); }

 private:
  std::atomic<bool> noted_{false};
  std::promise<base::Trace> first_;
};

TEST_CASE("a provider is told the trace of the call that made a payment, also by another process") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const base::Trace trace = *base::ReadTrace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "rojo=1");
  FirstTrace started, asked;
  std::string h_id;
  {
    PaymentsFixture f(fresh.database());
    f.provider.on_start = [&](const domain::Payment& payment) {
      started.Note(payment.trace);
      return Report{};
    };
    payments::AcceptPayment command = f.Deposit("order-1", 10'000);
    command.trace = trace;
    const auto made = f.Accept(command);
    REQUIRE(made.ok());
    CHECK(made->trace == trace);
    CHECK(started.Await() == trace);
    h_id = made->h_id;
  }
  payments::EngineOptions options;
  options.reconcile_poll_ms = 20;
  PaymentsFixture f(fresh.database(), options);
  f.provider.on_state = [&](const domain::Payment& payment) {
    asked.Note(payment.trace);
    return Succeeded();
  };
  CHECK(f.WaitFinal(h_id).trace == trace);
  CHECK(asked.Await() == trace);
  const auto untraced = f.Accept(f.Deposit("order-2", 10'000));
  REQUIRE(untraced.ok());
  CHECK_FALSE(f.Find(untraced->h_id)->trace.given());
  const auto session = fresh.Open();
  CHECK(session->QueryInteger("SELECT COUNT(*) FROM payments WHERE trace_context IS NULL") == 1);
}

TEST_CASE("a route that answers `started` waits for the provider's first word") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  payments::EngineOptions options;
  options.started_answer_ms = 200;
  options.reconcile_poll_ms = 20;
  PaymentsFixture f(fresh.database(), options);
  f.deposit_route.answer_started = true;
  f.provider.on_start = [](const domain::Payment&) { return Report{ReportedState::kPending, "p-9", "", std::nullopt}; };
  const auto told = f.Accept(f.Deposit("order-1", 100));
  REQUIRE(told.ok());
  CHECK(told->status == PaymentStatus::kProcessing);
  CHECK(told->p_id == "p-9");
  f.provider.on_start = [](const domain::Payment&) { return Report{}; };
  const auto untold = f.Accept(f.Deposit("order-2", 100));
  REQUIRE(untold.ok());
  CHECK(untold->status == PaymentStatus::kCreated);
}

TEST_CASE("the operator's references are done once") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  PaymentsFixture f(fresh.database());
  const auto session = fresh.Open();
  payments::Operator op = f.Operator(*session);
  using payments::BalanceOperation;
  payments::BalanceChange change{{1}, f.deposit_route.currency, BalanceOperation::kTopUp, 700, "ref-1", "why"};
  const auto first = op.ChangeBalance(change);
  REQUIRE(first.ok());
  CHECK(first->balance.value == 700);
  change.reference = "ref-2";
  REQUIRE(op.ChangeBalance(change).ok());
  change.reference = "ref-1";
  const auto repeated = op.ChangeBalance(change);
  REQUIRE(repeated.ok());
  CHECK(repeated->repeated);
  CHECK(repeated->balance.value == 700);
  CHECK(f.Balance().amounts.value == 1'400);
  change.operation = BalanceOperation::kHold;
  change.amount = 1'401;
  CHECK_FALSE(op.ChangeBalance(change).ok());
  change.amount = 1'400;
  REQUIRE(op.ChangeBalance(change).ok());
  CHECK(f.Balance().amounts.blocking == 1'400);
  change.operation = BalanceOperation::kTopUp;
  change.reference = "ref-3";
  change.amount = domain::kMaxAmount;
  REQUIRE(op.ChangeBalance(change).ok());
  change.reference = "ref-4";
  change.amount = 1;
  CHECK_FALSE(op.ChangeBalance(change).ok());
  CHECK_FALSE(f.Verify().problem.has_value());
}

TEST_CASE("a settlement that would overflow the balance stays open with an alert") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  PaymentsFixture f(fresh.database());
  f.TopUp(domain::kMaxAmount, "t-1");
  const auto before = observability::AlertCount("balance_limit");
  const auto made = f.Accept(f.Deposit("order-1", 10'000));
  REQUIRE(made.ok());
  CHECK(f.Callback(made->h_id, "succeeded"));
  CHECK(f.Find(made->h_id)->status == PaymentStatus::kCreated);
  CHECK(observability::AlertCount("balance_limit") == before + 1);
  CHECK(f.Balance().amounts.value == domain::kMaxAmount);
  CHECK_FALSE(f.Verify().problem.has_value());
}

TEST_CASE("the operator ends a payout as failed only by force") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  PaymentsFixture f(fresh.database());
  f.TopUp(1'000, "t-1");
  const auto made = f.Accept(f.Payout("w-1", 100));
  REQUIRE(made.ok());
  const auto session = fresh.Open();
  payments::Operator op = f.Operator(*session);
  CHECK_FALSE(op.Settle({made->h_id, PaymentStatus::kError, "r", false}).ok());
  CHECK(f.Balance().amounts.freezing == 105);
  const auto settled = op.Settle({made->h_id, PaymentStatus::kError, "r", true});
  REQUIRE(settled.ok());
  CHECK(settled->status == PaymentStatus::kError);
  CHECK(f.Balance().amounts.freezing == 0);
  CHECK_FALSE(op.Settle({made->h_id, PaymentStatus::kSuccess, "r", true}).ok());
}

TEST_CASE("another application's payment is unknown") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  PaymentsFixture f(fresh.database());
  payments::AcceptPayment other = f.Deposit("order-1", 100);
  other.application_id = {2};
  const auto made = f.Accept(other);
  REQUIRE(made.ok());
  CHECK(f.Find(made->h_id).error().code == Code::kPaymentNotFound);
  CHECK(f.Accept(f.Deposit("order-1", 100)).ok());
}

TEST_CASE("a waiting card number is sealed anew under the next master key, and only opens under the right one") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  PaymentsFixture f(fresh.database());
  f.payout_route.method = "card";
  f.TopUp(10'000, "t-1");
  const std::string card = std::string("4") + std::string(15, '1');
  auto command = f.Payout("w-1", 500);
  command.receiver[domain::ReceiverField::kCardNumber] = card;
  const auto made = f.Accept(std::move(command));
  REQUIRE(made.ok());
  const auto session = fresh.Open();
  const auto sealed = [&] {
    return *session->QueryText("SELECT sealed_card FROM payments WHERE h_id = ?", {made->h_id});
  };
  const std::string before = sealed();
  const auto next = base::MasterKey::Generate(base::SystemRandomInstance());
  CHECK_FALSE(payments::ResealCards(*session, next, f.key, f.random).has_value());
  CHECK(sealed() == before);
  CHECK(payments::ResealCards(*session, f.key, next, f.random) == 1);
  CHECK(sealed() != before);
  CHECK(payments::ResealCards(*session, next, f.key, f.random) == 1);
  // Gone for good once the provider has taken the payout.
  CHECK(f.Callback(made->h_id, "pending"));
  CHECK(session->QueryText("SELECT COALESCE(sealed_card, '') FROM payments WHERE h_id = ?", {made->h_id}) == "");
}
