#include <catch2/catch.hpp>

#include "storage/engine_fixture.h"

using namespace multihub;
using namespace multihub::storage_test;
using storage::Engine;

namespace {

// Six entries for application 1: top-ups, a hold, a debit, a release and a credit.
struct LedgerGround {
  explicit LedgerGround(Engine engine) : fresh(engine), f(fresh.database()), session(fresh.Open()) {
    f.TopUp(10'000, "t-1");
    f.TopUp(20'000, "t-2");
    const auto paid = f.Accept(f.Payout("w-1", 500));
    const auto failed = f.Accept(f.Payout("w-2", 700));
    const auto deposit = f.Accept(f.Deposit("d-1", 10'000));
    REQUIRE((paid.ok() && failed.ok() && deposit.ok()));
    REQUIRE(f.Callback(paid->h_id, "succeeded"));
    REQUIRE(f.Callback(failed->h_id, "failed"));
    REQUIRE(f.Callback(deposit->h_id, "succeeded"));
    const auto clean = f.Verify();
    REQUIRE_FALSE(clean.problem.has_value());
    REQUIRE(clean.entries == 7);
  }

  // The alteration must be found; returns what was said.
  std::string Problem() {
    const auto verdict = f.Verify();
    REQUIRE(verdict.problem.has_value());
    return verdict.problem->description;
  }

  FreshDatabase fresh;
  PaymentsFixture f;
  std::unique_ptr<storage::Session> session;
};

}  // namespace

TEST_CASE("ledger verify finds every kind of tampering") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  struct Tampering {
    const char* what;
    std::vector<const char*> statements;
  };
  const auto tampering = GENERATE(values<Tampering>({
      {"one digit of a posting", {"UPDATE ledger_postings SET amount = amount + 1 WHERE seq = 2 AND leg = 1"}},
      {"a posting and its counterpart",
       {"UPDATE ledger_postings SET amount = amount + 1 WHERE seq = 2 AND leg = 1",
        "UPDATE ledger_postings SET amount = amount - 1 WHERE seq = 2 AND leg = 2"}},
      {"an account", {"UPDATE ledger_postings SET account = 'house/fees' WHERE seq = 2 AND leg = 2"}},
      {"one deleted entry", {"DELETE FROM ledger_entries WHERE seq = 3", "DELETE FROM ledger_postings WHERE seq = 3"}},
      {"a swapped pair",
       {"UPDATE ledger_entries SET seq = 100 WHERE seq = 1", "UPDATE ledger_entries SET seq = 1 WHERE seq = 2",
        "UPDATE ledger_entries SET seq = 2 WHERE seq = 100", "UPDATE ledger_postings SET seq = 100 WHERE seq = 1",
        "UPDATE ledger_postings SET seq = 1 WHERE seq = 2", "UPDATE ledger_postings SET seq = 2 WHERE seq = 100"}},
      {"a cut-off end", {"DELETE FROM ledger_entries WHERE seq = 7", "DELETE FROM ledger_postings WHERE seq = 7"}},
      {"a cut-off end with the balance row set back",
       {"DELETE FROM ledger_entries WHERE seq = 7", "DELETE FROM ledger_postings WHERE seq = 7",
        "UPDATE balances SET chain_seq = 6, value = value - 9850",
        "UPDATE balances SET chain_mac = (SELECT mac FROM ledger_entries WHERE seq = 6)"}},
      {"a balance", {"UPDATE balances SET value = value + 1"}},
      {"a balance moved between amounts",
       {"UPDATE balances SET value = value - 1, value_blocking = value_blocking + 1"}},
      {"a reason", {"UPDATE ledger_entries SET reason = 'other' WHERE seq = 1"}},
      {"a stray posting",
       {"INSERT INTO ledger_postings (application_id, currency, seq, leg, account, amount) VALUES (1, 'MXN', 50, 1, "
        "'value', 5)"}},
      {"a stray entry",
       {"INSERT INTO ledger_entries (application_id, currency, seq, kind, reference, created_ms, mac) VALUES (9, "
        "'MXN', "
        "1, 'topup', 'x', 1, 'y')"}},
      {"a success without its credit", {"UPDATE payments SET status = 'error' WHERE c_id = 'd-1'"}},
      {"a missing event", {"DELETE FROM events WHERE status_version = 2"}},
  }));
  CAPTURE(tampering.what);
  LedgerGround ground(engine);
  for (const char* statement : tampering.statements) ground.session->Execute(statement);
  CHECK_FALSE(ground.Problem().empty());
}

TEST_CASE("a chain written under another key does not verify") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  LedgerGround ground(engine);
  const base::MasterKey other = base::MasterKey::Generate(base::SystemRandomInstance());
  payments::Operator op(*ground.session, other, ground.f.clock, ground.f.random);
  CHECK(op.VerifyLedger(std::nullopt).problem.has_value());
}
