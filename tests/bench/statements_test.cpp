#include "bench/statements.h"

#include <catch2/catch.hpp>

using namespace multihub::bench;

TEST_CASE("statements that differ in values and numbers of rows have one shape") {
  CHECK(ShapeOf("SELECT a FROM t WHERE id IN (:p1, :p2, :p3, :p4) AND b = 17") ==
        "SELECT a FROM t WHERE id IN (?) AND b = ?");
  CHECK(ShapeOf("SELECT a FROM t WHERE id IN ('it''s', 'b\\'c') AND b = NULL") ==
        "SELECT a FROM t WHERE id IN (?) AND b = ?");
  CHECK(ShapeOf("UPDATE t SET a = CASE WHEN id = 'x' THEN 1 WHEN id = 'y' THEN 2 END "
                "WHERE (id = 'x' AND v = 1) OR (id = 'y' AND v = 2) OR (id = 'z' AND v = 3)") ==
        "UPDATE t SET a = CASE WHEN id = ? THEN ? END WHERE (id = ? AND v = ?)");
  CHECK(ShapeOf("SELECT a FROM t WHERE b = 1") != ShapeOf("SELECT a FROM t WHERE c = 1"));
}

TEST_CASE("only statements that look for rows are asked about") {
  CHECK(FindsRows("SELECT 1"));
  CHECK(FindsRows("UPDATE t SET a = 1"));
  CHECK(FindsRows("DELETE FROM t"));
  CHECK_FALSE(FindsRows("INSERT INTO t VALUES (1)"));
  CHECK_FALSE(FindsRows("COMMIT"));
  CHECK_FALSE(FindsRows("SELECT*FROM\"main\".sqlite_master ORDER BY rowid"));
}

TEST_CASE("a plan that goes through a whole table is told from one that uses a key") {
  CHECK(WholeRead("|--SCAN payments") == std::string("payments"));
  CHECK(WholeRead("`--SCAN d USING INDEX webhook_deliveries_queue") == std::string("d"));
  CHECK_FALSE(WholeRead("`--SEARCH payments USING PRIMARY KEY (h_id=?)").has_value());
  CHECK_FALSE(WholeRead("|--SCAN CONSTANT ROW").has_value());
  CHECK_FALSE(WholeRead("`--USE TEMP B-TREE FOR ORDER BY").has_value());
  using Row = std::vector<std::string>;
  CHECK(WholeRead(Row{"1", "SIMPLE", "payments", "ALL", "NULL", "NULL"}) == std::string("payments"));
  CHECK(WholeRead(Row{"1", "SIMPLE", "payments", "index", "NULL", "PRIMARY"}) == std::string("payments"));
  CHECK_FALSE(WholeRead(Row{"1", "SIMPLE", "payments", "range", "PRIMARY", "PRIMARY"}).has_value());
  CHECK_FALSE(WholeRead(Row{"1", "SIMPLE", "NULL", "NULL", "NULL", "NULL"}).has_value());
}

TEST_CASE("what grows with use is no small table") {
  for (const char* table : {"payments", "events", "balances", "ledger_entries", "ledger_postings", "provider_tasks",
                            "provider_messages", "webhook_deliveries", "webhook_attempts", "call_nonces"}) {
    INFO(table);
    CHECK_FALSE(StaysSmall(table));
  }
  CHECK(StaysSmall("routes"));
  CHECK(StaysSmall("sqlite_master"));
}
