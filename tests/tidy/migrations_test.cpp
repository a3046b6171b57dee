// One schema in two dialects: the same files, tables and columns for SQLite and for MySQL.
#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

#include "tidy/tree_fixture.h"

namespace multihub::tidy {
namespace {

struct Column {
  std::string name;
  bool required = false;  // NOT NULL
  friend bool operator==(const Column&, const Column&) = default;
};
using Tables = std::map<std::string, std::vector<Column>>;

std::string FirstWord(const std::string& text) { return text.substr(0, text.find_first_of(" (")); }

bool IsKeyClause(const std::string& word) {
  for (const char* clause : {"PRIMARY", "UNIQUE", "KEY", "INDEX", "CONSTRAINT", "CHECK", "FOREIGN"}) {
    if (word == clause) return true;
  }
  return false;
}

// The migrations put each column on a line of its own, and the closing parenthesis at the beginning of one.
Tables ReadTables(const std::string& sql) {
  const std::string create = "CREATE TABLE IF NOT EXISTS ";
  Tables tables;
  std::vector<Column>* open = nullptr;
  for (const std::string& raw : LinesOf(sql)) {
    const std::string line = Trim(raw);
    if (line.compare(0, create.size(), create) == 0) {
      open = &tables[FirstWord(line.substr(create.size()))];
    } else if (line.compare(0, 1, ")") == 0) {
      open = nullptr;
    } else if (open != nullptr && !line.empty() && line.compare(0, 2, "--") != 0) {
      if (!IsKeyClause(FirstWord(line))) open->push_back({FirstWord(line), line.find("NOT NULL") != std::string::npos});
    }
  }
  return tables;
}

std::vector<std::string> Differences(const std::string& file, const Tables& left, const Tables& right) {
  std::vector<std::string> problems;
  for (const auto& [name, columns] : left) {
    const auto other = right.find(name);
    if (other == right.end()) {
      problems.push_back(file + ": table " + name + " is in one engine only");
    } else if (columns != other->second) {
      std::string what;
      for (std::size_t i = 0; i < std::max(columns.size(), other->second.size()) && what.empty(); ++i) {
        if (i >= columns.size() || i >= other->second.size() || !(columns[i] == other->second[i])) {
          what = i < columns.size() ? columns[i].name : other->second[i].name;
        }
      }
      problems.push_back(file + ": table " + name + " differs at column " + what);
    }
  }
  return problems;
}

std::vector<std::string> NamesUnder(const std::string& folder) {
  std::vector<std::string> names;
  for (const std::string& path : FilesUnder(folder, "")) names.push_back(path.substr(folder.size()));
  return names;
}

TEST_CASE("a difference between two schemas is found") {
  const Tables left = ReadTables(
      "-- a comment\nCREATE TABLE IF NOT EXISTS a (\n  id INTEGER NOT NULL,\n  -- why\n  name TEXT,\n  PRIMARY KEY "
      "(id)\n) x;\n");
  CHECK(left == Tables{{"a", {{"id", true}, {"name", false}}}});
  CHECK(Differences("f", left,
                    ReadTables("CREATE TABLE IF NOT EXISTS a (\n id BIGINT NOT NULL PRIMARY KEY,\n name "
                               "VARBINARY(3),\n UNIQUE KEY k (name)\n);\n"))
            .empty());
  CHECK(Differences("f", left, ReadTables("CREATE TABLE IF NOT EXISTS a (\n id BIGINT NOT NULL\n);\n")).size() == 1);
  CHECK(Differences("f", left, Tables{{"a", {{"id", true}, {"name", true}}}}).size() == 1);
  CHECK(Differences("f", left, Tables{}).size() == 1);
}

TEST_CASE("both engines have the same migrations, numbered from 1 without a gap") {
  const std::vector<std::string> names = NamesUnder("sql/sqlite/");
  REQUIRE(!names.empty());
  CHECK(names == NamesUnder("sql/mysql/"));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    CHECK(names[i].substr(0, 5) == std::string(4 - number.size(), '0') + number + "_");
    CHECK(names[i].ends_with(".sql"));
  }
}

TEST_CASE("each migration says which is the oldest program that it still serves, the same for both engines") {
  const std::vector<std::string> names = NamesUnder("sql/sqlite/");
  for (std::size_t i = 0; i < names.size(); ++i) {
    INFO(names[i]);
    std::vector<int> said;
    for (const std::string engine : {"sqlite", "mysql"}) {
      for (const std::string& line : LinesOf(Read("sql/" + engine + "/" + names[i]))) {
        const std::string says = "-- serves from: ";
        if (line.compare(0, says.size(), says) == 0) said.push_back(std::stoi(line.substr(says.size())));
      }
    }
    REQUIRE(said.size() == 2);
    CHECK(said[0] == said[1]);
    CHECK(said[0] >= 1);
    CHECK(said[0] <= static_cast<int>(i) + 1);
  }
}

TEST_CASE("both engines have the same tables and columns in the same order") {
  for (const std::string& name : NamesUnder("sql/sqlite/")) {
    const Tables sqlite = ReadTables(Read("sql/sqlite/" + name));
    const Tables mysql = ReadTables(Read("sql/mysql/" + name));
    std::vector<std::string> problems = Differences(name, sqlite, mysql);
    for (std::string& problem : Differences(name, mysql, sqlite)) problems.push_back(std::move(problem));
    INFO(Join(problems));
    CHECK(problems.empty());
    for (const auto& [table, columns] : sqlite) {
      INFO(name << ", " << table);
      CHECK(!columns.empty());
    }
  }
}

}  // namespace
}  // namespace multihub::tidy
