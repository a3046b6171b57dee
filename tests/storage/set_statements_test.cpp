// UPDATE of many rows in one statement: what rows share is written once, and each still gets what is its own.
#include "storage/set_statements.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "storage/engine_fixture.h"

using namespace multihub;
using namespace multihub::storage;
using namespace multihub::storage_test;

namespace {

constexpr int kRows = 100;  // more than one statement takes

struct Probe {
  explicit Probe(Engine engine) : fresh(engine), session(fresh.Open()) {
    const std::string text = engine == Engine::kSqlite ? "TEXT" : "VARBINARY(40)";
    session->Execute("CREATE TABLE probe (id " + text +
                     " NOT NULL, part BIGINT NOT NULL, version BIGINT NOT NULL, words " + text +
                     ", number BIGINT, PRIMARY KEY (id, part))");
    for (int i = 0; i < kRows; ++i) ids.push_back("row " + std::to_string(i));
    for (int i = 0; i < kRows; ++i) {
      session->Execute("INSERT INTO probe (id, part, version, words, number) VALUES (?, ?, ?, ?, ?)",
                       {IdOfRow(i), i % 2, i % 3, "old", 0});
    }
  }
  const std::string& IdOfRow(int i) { return ids.at(static_cast<std::size_t>(i)); }

  // "words/number" of each row; "-" for NULL.
  std::vector<std::string> Content() {
    std::vector<std::string> content(kRows);
    session->Query("SELECT id, words, number FROM probe", "tti", {}, [&](const Row& row) {
      const int i = std::stoi(row.text(0).substr(4));
      content.at(static_cast<std::size_t>(i)) =
          (row.is_null(1) ? "-" : row.text(1)) + "/" + std::to_string(row.integer(2));
    });
    return content;
  }

  std::vector<std::string> ids;
  const FreshDatabase fresh;
  const std::unique_ptr<Session> session;
};

}  // namespace

TEST_CASE("an update of many rows gives each its own, shared or not, on both engines") {
  const Engine engine = GENERATE(Engine::kSqlite, Engine::kMysql);
  CAPTURE(NameOf(engine));
  Probe probe(engine);
  const bool shared_words = GENERATE(false, true), shared_number = GENERATE(false, true);
  CAPTURE(shared_words, shared_number);
  const UpdateShape by_id = {"probe", {"id"}, {"version"}, {"words", "number"}};
  const UpdateShape by_both = {"probe", {"id", "part"}, {"version"}, {"words", "number"}};
  const bool both = GENERATE(false, true);
  CAPTURE(both);

  std::vector<std::string> words, expected;
  for (int i = 0; i < kRows; ++i) words.push_back(shared_words ? "same" : "word '" + std::to_string(i));
  std::vector<Value> values;
  int matching = 0;
  for (int i = 0; i < kRows; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const int number = shared_number ? 7 : i;
    const bool null = !shared_words && i % 5 == 0;
    const bool stale = i % 10 == 3;  // expects what the row does not hold
    values.push_back(probe.IdOfRow(i));
    if (both) values.push_back(i % 2);
    values.push_back(stale ? 99 : i % 3);
    values.push_back(null ? Value() : Value(words[at]));
    values.push_back(number);
    expected.push_back(stale ? "old/0" : (null ? "-" : words[at]) + "/" + std::to_string(number));
    if (!stale) ++matching;
  }
  CHECK(UpdateRows(*probe.session, both ? by_both : by_id, values) == matching);
  CHECK(probe.Content() == expected);
}
