// Two of everything at once: each race is repeated, and the money is checked after each.
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/engine_fixture.h"

using namespace multihub;
using namespace multihub::storage_test;
using domain::PaymentStatus;
using errors::Code;
using providers::Report;
using providers::ReportedState;
using storage::Engine;

namespace {

constexpr int kCallers = 64;

// Gathers the answers of calls sent together.
class Answers {
 public:
  payments::PaymentDone Collect() {
    return [this](errors::Outcome<domain::Payment> outcome) {
      const std::lock_guard<std::mutex> lock(mutex_);
      outcomes_.push_back(std::move(outcome));
      all_.notify_one();
    };
  }
  std::vector<errors::Outcome<domain::Payment>> Wait(std::size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    REQUIRE(all_.wait_for(lock, std::chrono::minutes(2), [&] { return outcomes_.size() == count; }));
    return std::move(outcomes_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_;
  std::vector<errors::Outcome<domain::Payment>> outcomes_;
};

}  // namespace

TEST_CASE("the same payment sent many times at once is accepted once, everybody else learns its h_id") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  // Two gateways on one database: the race is not only inside a lane.
  PaymentsFixture a(fresh.database()), b(a);
  for (int round = 0; round < Scaled(50); ++round) {
    Answers answers;
    const std::string c_id = "order-" + std::to_string(round);
    for (int i = 0; i < kCallers; ++i) {
      PaymentsFixture& f = i % 2 == 0 ? a : b;
      auto command = f.Deposit(c_id, 1'000 + i);
      command.received_us = f.clock.MonotonicUs();
      f.engine->payments().Accept(std::move(command), answers.Collect());
    }
    int accepted = 0;
    std::string h_id;
    auto outcomes = answers.Wait(kCallers);
    for (const auto& outcome : outcomes) {
      if (!outcome) continue;
      ++accepted;
      h_id = outcome->h_id;
    }
    REQUIRE(accepted == 1);
    for (const auto& outcome : outcomes) {
      if (outcome) continue;
      REQUIRE(outcome.error().code == Code::kPaymentExists);
      REQUIRE(outcome.error().context.find(h_id) != std::string::npos);
    }
  }
}

TEST_CASE("concurrent payouts never overdraw, and the balance is never seen negative") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  PaymentsFixture a(fresh.database()), b(a);
  std::atomic<bool> over{false};
  std::atomic<int> negative{0}, reads{0};
  std::thread reader([&] {
    const auto session = fresh.Open();
    while (!over) {
      for (const auto& row : storage::ReadBalances(*session, {1})) {
        if (row.amounts.value < 0 || row.amounts.freezing < 0) ++negative;
        ++reads;
      }
    }
  });
  for (int round = 0; round < Scaled(50); ++round) {
    const std::int64_t before = a.Balance().amounts.value;
    a.TopUp(1'050 - before, "top-up-" + std::to_string(round));
    Answers answers;
    for (int i = 0; i < kCallers; ++i) {
      // 95 + 5 fee: ten of them fit.
      auto command = a.Payout("w-" + std::to_string(round) + "-" + std::to_string(i), 95);
      command.received_us = a.clock.MonotonicUs();
      (i % 2 == 0 ? a : b).engine->payments().Accept(std::move(command), answers.Collect());
    }
    int accepted = 0;
    for (const auto& outcome : answers.Wait(kCallers)) {
      if (outcome) {
        ++accepted;
      } else {
        REQUIRE(outcome.error().code == Code::kInsufficientFunds);
      }
    }
    REQUIRE(accepted == 10);
    REQUIRE(a.Balance().amounts.value == 50);
  }
  over = true;
  reader.join();
  CHECK(negative == 0);
  CHECK(reads > 0);
  CHECK_FALSE(a.Verify().problem.has_value());
}

TEST_CASE("callback, reconciler and operator settling at once make one transition and one ledger entry") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  PaymentsFixture a(fresh.database()), b(a);
  a.TopUp(100'000'000, "start");
  const auto session = fresh.Open();
  for (int round = 0; round < Scaled(50); ++round) {
    const bool deposit = round % 2 == 0;
    const std::string c_id = "o-" + std::to_string(round);
    const auto made = a.Accept(deposit ? a.Deposit(c_id, 1'000) : a.Payout(c_id, 1'000));
    REQUIRE(made.ok());
    const std::int64_t entries = *session->QueryInteger("SELECT COUNT(*) FROM ledger_entries");
    std::vector<std::thread> threads;
    std::atomic<int> moved{0};
    threads.emplace_back([&] { a.Callback(made->h_id, "succeeded"); });
    threads.emplace_back([&] { b.Callback(made->h_id, "failed"); });
    threads.emplace_back([&] {
      const auto own = fresh.Open();
      if (b.Operator(*own).Settle({made->h_id, PaymentStatus::kCanceled, "race", true}).ok()) ++moved;
    });
    for (auto& thread : threads) thread.join();
    const auto after = a.Find(made->h_id);
    REQUIRE(after.ok());
    REQUIRE(domain::IsFinal(after->status));
    REQUIRE(after->status_version == 2);
    if (moved == 1) REQUIRE(after->status == PaymentStatus::kCanceled);
    // A failed deposit moves no money; everything else makes exactly one entry.
    const bool moves_money = !deposit || after->status == PaymentStatus::kSuccess;
    REQUIRE(*session->QueryInteger("SELECT COUNT(*) FROM ledger_entries") == entries + (moves_money ? 1 : 0));
    REQUIRE(storage::EventsOf(*session, made->h_id).size() == 2);
  }
  CHECK_FALSE(a.Verify().problem.has_value());
}
