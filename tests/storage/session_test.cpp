#include <sqlite3.h>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <thread>

#include "storage/engine_fixture.h"
#include "storage/set_statements.h"

using namespace multihub;
using namespace multihub::storage;
using namespace multihub::storage_test;

namespace {

StorageFailure::Kind KindOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const StorageFailure& failure) {
    return failure.kind();
  }
  FAIL("nothing was thrown");
  return StorageFailure::Kind::kOther;
}

}  // namespace

TEST_CASE("values come back as they were bound on both engines") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  const std::string text_type = engine == Engine::kSqlite ? "TEXT" : "VARBINARY(600)";
  session->Execute("CREATE TABLE probe (id BIGINT NOT NULL PRIMARY KEY, number BIGINT, words " + text_type + ")");
  const std::string longest(600, 'x');
  const std::vector<std::pair<Value, Value>> rows = {
      {0, ""},
      {std::int64_t{9223372036854775807}, "quote ' double \" back \\ percent % colon :p1 ?"},
      {std::int64_t{-9223372036854775807 - 1}, "\xf0\x9f\x92\xb8 \xe2\x82\xac \xc3\xa9"},
      {Value(), Value()},
      {std::int64_t{9007199254740993}, longest}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    session->Execute("INSERT INTO probe (id, number, words) VALUES (?, ?, ?)", {i, rows[i].first, rows[i].second});
  }
  std::size_t seen = 0;
  session->Query("SELECT number, words FROM probe ORDER BY id", "it", {}, [&](const Row& row) {
    const auto& [number, words] = rows[seen++];
    CHECK(row.is_null(0) == (number.kind() == Value::Kind::kNull));
    if (!row.is_null(0)) CHECK(row.integer(0) == number.number());
    CHECK(row.is_null(1) == (words.kind() == Value::Kind::kNull));
    if (!row.is_null(1)) CHECK(row.text(1) == words.text());
  });
  CHECK(seen == rows.size());
}

TEST_CASE("identifiers are compared as bytes on both engines") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  domain::Payment payment;
  REQUIRE(domain::Currency::Parse("MXN", &payment.amount.currency));
  payment.provider = "p";
  payment.method = "m";
  const std::vector<std::string> distinct = {"ord-1", "ord-1 ", "ORD-1", "\xc3\xb6rd", "ord", "7", "007", " 7"};
  int number = 0;
  for (const std::string& c_id : distinct) {
    payment.h_id = "pay_" + std::to_string(number++);
    payment.c_id = {c_id, false};
    const domain::Payment* one = &payment;
    REQUIRE_NOTHROW(InsertPayments(*session, {&one, 1}));
    const ClientKey key{payment.application_id, c_id};
    const auto found = FindByClientKeys(*session, {&key, 1});
    REQUIRE(found.size() == 1);
    CHECK(found[0].h_id == payment.h_id);
  }
  payment.h_id = "pay_other";
  payment.c_id = {"ord-1", true};
  const domain::Payment* again = &payment;
  CHECK(KindOf([&] { InsertPayments(*session, {&again, 1}); }) == StorageFailure::Kind::kDuplicate);
}

TEST_CASE("a payment is read back field by field") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  domain::Payment p;
  p.h_id = "pay_01";
  p.application_id = {3};
  p.merchant_id = {4};
  p.service_id = {5};
  p.direction = domain::Direction::kOut;
  p.c_id = {"17", true};
  p.amount.minor = domain::kMaxAmount;
  REQUIRE(domain::Currency::Parse("INR", &p.amount.currency));
  p.fee = 12;
  p.provider = "simulator";
  p.method = "card";
  p.test = true;
  p.status = domain::PaymentStatus::kProcessing;
  p.status_version = 2;
  p.p_id = "p-1";
  p.utr = "u-1";
  p.created_ms = 1;
  p.updated_ms = 2;
  p.finished_ms = 3;
  p.redirect = "upi://pay?x=1";
  p.receiver[domain::ReceiverField::kFirstName] = "Jos\xc3\xa9 \"\\";
  p.receiver[domain::ReceiverField::kBankAccountId] = "";
  p.payer = "{\"a\":1}";
  p.sealed_card = "v1.x";
  p.webhook_url = "https://example.test/hook";
  p.webhook_events = "payment.created";
  const domain::Payment* one = &p;
  InsertPayments(*session, {&one, 1});
  const auto found = FindByIds(*session, {&p.h_id, 1});
  REQUIRE(found.size() == 1);
  const domain::Payment& q = found[0];
  CHECK(q.application_id == p.application_id);
  CHECK(q.merchant_id == p.merchant_id);
  CHECK(q.service_id == p.service_id);
  CHECK(q.direction == p.direction);
  CHECK(q.c_id.text == "17");
  CHECK(q.c_id.numeric);
  CHECK(q.amount == p.amount);
  CHECK(q.fee == 12);
  CHECK(q.method == "card");
  CHECK(q.test);
  CHECK(q.status == p.status);
  CHECK(q.status_version == 2);
  CHECK(q.p_id == "p-1");
  CHECK(q.utr == "u-1");
  CHECK(q.created_ms == 1);
  CHECK(q.updated_ms == 2);
  CHECK(q.finished_ms == 3);
  CHECK(q.redirect == p.redirect);
  CHECK(q.receiver[domain::ReceiverField::kFirstName] == p.receiver[domain::ReceiverField::kFirstName]);
  CHECK(q.receiver[domain::ReceiverField::kBankAccountId] == std::optional<std::string>(""));
  CHECK_FALSE(q.receiver[domain::ReceiverField::kEmail].has_value());
  CHECK(q.payer == p.payer);
  CHECK(q.sealed_card == p.sealed_card);
  CHECK(q.webhook_url == p.webhook_url);
  CHECK(q.webhook_events == p.webhook_events);
}

TEST_CASE("two transactions on one row conflict instead of losing an update") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto setup = fresh.Open();
  setup->Execute("CREATE TABLE counter (id BIGINT NOT NULL PRIMARY KEY, n BIGINT NOT NULL)");
  setup->Execute("INSERT INTO counter (id, n) VALUES (1, 0)");
  constexpr int kThreads = 4, kEach = 25;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      const auto session = fresh.Open();
      for (int i = 0; i < kEach; ++i) {
        RunUnit(*session, 30'000, [](Session& s) { s.Execute("UPDATE counter SET n = n + 1 WHERE id = 1"); });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(setup->QueryInteger("SELECT n FROM counter") == kThreads * kEach);
}

TEST_CASE("where a statement's NULLs stand changes from call to call, and takes no memory") {
  const FreshDatabase fresh(Engine::kSqlite);
  const auto session = fresh.Open();
  const std::string columns(40, 'i');
  const std::string sql = "SELECT " + Placeholders(columns.size());
  std::mt19937 random(7);
  const auto ask = [&](int times) {
    for (int n = 0; n < times; ++n) {
      std::vector<Value> values;
      for (std::size_t i = 0; i < columns.size(); ++i) values.push_back(random() % 2 == 0 ? Value() : Value(int{7}));
      session->Query(sql, columns, values, [&](const Row& row) {
        for (std::size_t i = 0; i < values.size(); ++i) {
          CHECK(row.is_null(i) == (values[i].kind() == Value::Kind::kNull));
          CHECK(row.integer(i) == (row.is_null(i) ? 0 : 7));
        }
      });
    }
  };
  ask(20);
  const sqlite3_int64 before = sqlite3_memory_used();
  ask(400);
  CHECK(sqlite3_memory_used() < before + 100'000);
}

TEST_CASE("statements that are asked for no more leave no memory behind") {
  const FreshDatabase fresh(Engine::kSqlite);
  const auto session = fresh.Open();
  const auto ask = [&](const std::string& sql) { session->Query(sql, "i", {}, [](const Row&) {}); };
  const std::string list(4'000, '7');
  ask("SELECT 1");
  const sqlite3_int64 before = sqlite3_memory_used();
  for (int n = 0; n < 150; ++n) ask("SELECT '" + list + "' = " + std::to_string(n));
  REQUIRE(sqlite3_memory_used() > before + 500'000);
  for (int n = 0; n < 20'000; ++n) ask("SELECT 1");
  ask("SELECT 2");
  CHECK(sqlite3_memory_used() < before + 100'000);
}

// The numbers with which a member of a cluster, or a server about to go, says that another connection may do better.
TEST_CASE("what a server in trouble answers loses the connection, not the batch") {
  const FreshDatabase fresh(Engine::kMysql);
  const auto session = fresh.Open();
  const int code = GENERATE(1040, 1047, 1053, 1180, 1290, 1927, 1969);
  CAPTURE(code);
  CHECK(KindOf([&] {
          session->Execute("SIGNAL SQLSTATE 'HY000' SET MESSAGE_TEXT = 'trouble', MYSQL_ERRNO = " +
                           std::to_string(code));
        }) == StorageFailure::Kind::kLost);
}

TEST_CASE("a unit that throws leaves nothing behind") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  CHECK_THROWS_AS(RunUnit(*session, 1000,
                          [](Session& s) {
                            PutSetting(s, "probe", "1");
                            throw std::logic_error("stop");
                          }),
                  std::logic_error);
  CHECK_FALSE(GetSetting(*session, "probe").has_value());
  RunUnit(*session, 1000, [](Session& s) { PutSetting(s, "probe", "2"); });
  CHECK(GetSetting(*session, "probe") == std::optional<std::string>("2"));
}

TEST_CASE("migrations can be run again and by several processes at once") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine, false);
  CHECK(SchemaVersion(*fresh.Open()) == 0);
  std::vector<std::thread> threads;
  std::atomic<int> steps{0};
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] { steps += static_cast<int>(Migrate(*fresh.Open()).size()); });
  }
  for (auto& thread : threads) thread.join();
  CHECK(steps == NewestSchemaVersion());
  CHECK(SchemaVersion(*fresh.Open()) == NewestSchemaVersion());
  CHECK(Migrate(*fresh.Open()).empty());
}

TEST_CASE("a migration step that was killed half-way is run again") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  // As a kill before the step was recorded leaves it: all tables there, the last version not.
  session->Execute("DELETE FROM schema_migrations WHERE version = ?", {std::int64_t{NewestSchemaVersion()}});
  CHECK(Migrate(*session).size() == 1);
  CHECK(SchemaVersion(*session) == NewestSchemaVersion());
}

TEST_CASE("a newer schema serves this program when it says so, and an unknown one does not") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  const std::int64_t own = NewestSchemaVersion();
  CHECK(ReadSchema(*session).fit == Schema::Fit::kServes);
  session->Execute("INSERT INTO schema_migrations (version, name, applied_ms, serves_from) VALUES (?, 'later', 1, ?)",
                   {own + 1, own});
  CHECK(ReadSchema(*session).version == own + 1);
  CHECK(ReadSchema(*session).fit == Schema::Fit::kServes);
  CHECK(Migrate(*session).empty());
  // Two steps on: what any of them says counts.
  session->Execute("INSERT INTO schema_migrations (version, name, applied_ms, serves_from) VALUES (?, 'last', 1, ?)",
                   {own + 2, own + 1});
  CHECK(ReadSchema(*session).fit == Schema::Fit::kTooNew);
  session->Execute("DELETE FROM schema_migrations WHERE version >= ?", {own});
  CHECK(ReadSchema(*session).fit == Schema::Fit::kTooOld);
}

TEST_CASE("a database from before migrations said whom they serve learns to") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  const FreshDatabase fresh(engine);
  const auto session = fresh.Open();
  session->Execute("ALTER TABLE schema_migrations DROP COLUMN serves_from");
  CHECK(ReadSchema(*session).fit == Schema::Fit::kServes);
  const std::int64_t own = NewestSchemaVersion();
  session->Execute("UPDATE schema_migrations SET version = ? WHERE version = ?", {own + 1, own});
  CHECK(ReadSchema(*session).fit == Schema::Fit::kTooNew);
  session->Execute("DELETE FROM schema_migrations WHERE version = ?", {own + 1});
  CHECK(Migrate(*session).size() == 1);
  const auto told = session->QueryInteger("SELECT serves_from FROM schema_migrations WHERE version = ?", {own});
  REQUIRE(told.has_value());
  CHECK(*told >= 1);
  CHECK(*told <= own);
}

TEST_CASE("a lease that lies further ahead than a lease can is from before the clock was set back") {
  const FreshDatabase fresh(Engine::kSqlite);
  const auto session = fresh.Open();
  session->Execute("UPDATE schema_lease SET owner = 'gone', until_ms = ?", {session->DatabaseNowMs() + 3'600'000});
  CHECK(Migrate(*session).empty());
}

TEST_CASE("both engines have the same tables and columns") {
  const FreshDatabase sqlite(Engine::kSqlite), mysql(Engine::kMysql);
  std::set<std::string> a, b;
  sqlite.Open()->Query(
      "SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'", "t",
      {}, [&](const Row& row) { a.insert(row.text(0)); });
  mysql.Open()->Query(
      "SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns WHERE table_schema = DATABASE()",
      "t", {}, [&](const Row& row) { b.insert(row.text(0)); });
  CHECK(a == b);
  CHECK(a.count("payments.c_id") == 1);
}
