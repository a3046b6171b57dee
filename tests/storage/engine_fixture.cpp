#include "storage/engine_fixture.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace multihub::storage_test {

using providers::Report;
using providers::ReportedState;

const char* NameOf(storage::Engine engine) { return engine == storage::Engine::kSqlite ? "SQLite" : "MariaDB"; }

namespace {

storage::DatabaseUrl ParseUrl(const std::string& text) {
  auto url = storage::DatabaseUrl::Parse(text);
  REQUIRE(url.ok());
  return std::move(url).value();
}

}  // namespace

FreshDatabase::FreshDatabase(storage::Engine engine, bool migrated) {
  const std::string url = engine == storage::Engine::kSqlite ? "sqlite:///" + dir_.File("test.db").substr(1)
                                                             : support::SharedMariadb().CreateDatabase();
  database_ = std::make_unique<storage::Database>(ParseUrl(url));
  if (migrated) storage::Migrate(*database_->Open());
}

errors::Outcome<providers::Prepared> ScriptedProvider::Prepare(const domain::Route&, const domain::Payment&) {
  if (unavailable) return base::Fail(errors::Refuse(errors::Code::kProviderUnavailable));
  return providers::Prepared{};
}

Report ScriptedProvider::Start(const domain::Payment& payment, std::int64_t) {
  ++starts;
  return on_start ? on_start(payment) : Report{ReportedState::kNotKnown, "", "", std::nullopt};
}

Report ScriptedProvider::State(const domain::Payment& payment, std::int64_t) {
  ++states;
  return on_state ? on_state(payment) : Report{ReportedState::kPending, "", "", std::nullopt};
}

base::Result<providers::Callback, std::string> ScriptedProvider::ReadCallback(
    const providers::CallbackRequest& request) {
  const std::size_t space = request.body.find(' ');
  const std::string state = request.body.substr(space + 1);
  Report report;
  if (state == "succeeded") report.state = ReportedState::kSucceeded;
  if (state == "failed") report.state = ReportedState::kFailed;
  if (state == "pending") report.state = ReportedState::kPending;
  return providers::Callback{request.body.substr(0, space), report};
}

PaymentsFixture::PaymentsFixture(const storage::Database& database_in, payments::EngineOptions options,
                                 payments::DeliveryHooks hooks)
    : PaymentsFixture(database_in, options, std::move(hooks), base::MasterKey::Generate(base::SystemRandomInstance()),
                      4711) {}

PaymentsFixture::PaymentsFixture(const PaymentsFixture& first)
    : PaymentsFixture(first.database, {}, {}, first.key, 4712) {}

PaymentsFixture::PaymentsFixture(const storage::Database& database_in, payments::EngineOptions options,
                                 payments::DeliveryHooks hooks, base::MasterKey key_in, std::uint64_t seed)
    : random(seed), key(std::move(key_in)), database(database_in) {
  deposit_route.service_id = {100};
  deposit_route.direction = domain::Direction::kIn;
  REQUIRE(domain::Currency::Parse("MXN", &deposit_route.currency));
  deposit_route.method = "cash";
  deposit_route.provider = "scripted";
  deposit_route.fee_bps = 150;
  payout_route = deposit_route;
  payout_route.service_id = {200};
  payout_route.direction = domain::Direction::kOut;
  payout_route.fee_bps = 0;
  payout_route.fee_fixed = 5;
  engine = std::make_unique<payments::Engine>(database, options, std::vector<providers::Provider*>{&provider}, key,
                                              clock, random, std::move(hooks));
  engine->Start();
}

PaymentsFixture::~PaymentsFixture() { engine->Stop(); }

payments::AcceptPayment PaymentsFixture::Deposit(const std::string& c_id, std::int64_t amount) const {
  payments::AcceptPayment command;
  command.application_id = {1};
  command.merchant_id = {7};
  command.test = true;
  command.service_id = deposit_route.service_id;
  command.access.route = deposit_route;
  command.amount = amount;
  command.currency = "MXN";
  command.c_id = {c_id, false};
  return command;
}

payments::AcceptPayment PaymentsFixture::Payout(const std::string& c_id, std::int64_t amount) const {
  payments::AcceptPayment command = Deposit(c_id, amount);
  command.direction = domain::Direction::kOut;
  command.service_id = payout_route.service_id;
  command.access.route = payout_route;
  return command;
}

errors::Outcome<domain::Payment> PaymentsFixture::Accept(payments::AcceptPayment command) {
  command.received_us = clock.MonotonicUs();
  std::promise<errors::Outcome<domain::Payment>> answer;
  engine->payments().Accept(std::move(command), [&](auto outcome) { answer.set_value(std::move(outcome)); });
  return answer.get_future().get();
}

errors::Outcome<domain::Payment> PaymentsFixture::Find(const std::string& h_id) {
  payments::PaymentLookup lookup;
  lookup.application_id = {1};
  lookup.h_id = h_id;
  lookup.received_us = clock.MonotonicUs();
  std::promise<errors::Outcome<domain::Payment>> answer;
  engine->payments().Find(std::move(lookup), [&](auto outcome) { answer.set_value(std::move(outcome)); });
  return answer.get_future().get();
}

domain::Payment PaymentsFixture::WaitFinal(const std::string& h_id) {
  const std::int64_t give_up = clock.MonotonicUs() + 60'000'000;
  while (clock.MonotonicUs() < give_up) {
    const auto found = Find(h_id);
    if (found && domain::IsFinal(found->status)) return *found;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  FAIL("the payment has not become final");
  return {};
}

bool PaymentsFixture::Callback(const std::string& h_id, const std::string& state) {
  std::promise<bool> stored;
  engine->HandleProviderCallback("scripted", {{}, h_id + " " + state}, [&](bool done) { stored.set_value(done); });
  return stored.get_future().get();
}

void PaymentsFixture::TopUp(std::int64_t amount, const std::string& reference, std::int64_t application) {
  const auto session = database.Open();
  const auto changed = Operator(*session).ChangeBalance(
      {{application}, deposit_route.currency, payments::BalanceOperation::kTopUp, amount, reference, "test"});
  REQUIRE(changed.ok());
}

payments::LedgerVerdict PaymentsFixture::Verify() {
  const auto session = database.Open();
  return Operator(*session).VerifyLedger(std::nullopt);
}

storage::BalanceRow PaymentsFixture::Balance(std::int64_t application) {
  const auto session = database.Open();
  return storage::ReadBalance(*session, {{application}, "MXN"}).value_or(storage::BalanceRow{});
}

int Scaled(int count) {
  const char* scale = std::getenv("MULTIHUB_SOAK_SCALE");
  return count * (scale != nullptr ? std::max(1, std::atoi(scale)) : 1);
}

}  // namespace multihub::storage_test
