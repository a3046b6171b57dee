// The orders of checks: tests/conformance/order.yaml says them as the documents do, and every two neighbours have a
// case.
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "conformance/case_loader.h"
#include "conformance/yaml_reader.h"
#include "unit/conformance/documents_fixture.h"

namespace multihub::conformance {
namespace {

constexpr const char* kTable = "tests/conformance/order.yaml";

struct OrderedChecks {
  std::string name;
  std::vector<std::string> sections;
  std::vector<std::pair<std::string, std::string>> checks;  // and the documents' words for it, or none
  Value shown, elsewhere, never;
};

Value Table() {
  auto root = ReadYaml(kTable, ReadSource(kTable));
  REQUIRE(root.ok());
  return std::move(root).value();
}

Value MapOf(const Value& list, const std::string& key) {
  const Value* found = list.Find(key);
  return found == nullptr ? Value() : *found;
}

std::vector<OrderedChecks> Lists() {
  const Value root = Table();
  const Value* lists = root.Find("lists");
  REQUIRE(lists != nullptr);
  std::vector<OrderedChecks> read;
  for (std::size_t i = 0; i < lists->items.size(); ++i) {
    const Value& list = lists->items[i];
    OrderedChecks checks;
    checks.name = lists->keys[i];
    for (const Value& section : MapOf(list, "sections").items) checks.sections.push_back(section.text);
    for (const Value& check : MapOf(list, "checks").items) {
      REQUIRE(check.keys.size() == 1);
      checks.checks.emplace_back(check.keys[0], check.items[0].text);
    }
    checks.shown = MapOf(list, "shown");
    checks.elsewhere = MapOf(list, "elsewhere");
    checks.never = MapOf(list, "never");
    read.push_back(std::move(checks));
  }
  return read;
}

std::set<std::string> CaseIds() {
  auto cases = LoadAllCases("");
  REQUIRE(cases.ok());
  std::set<std::string> ids;
  for (const Case& one : *cases) ids.insert(one.id);
  return ids;
}

std::vector<std::string> PairsOf(const OrderedChecks& list) {
  std::vector<std::string> pairs;
  for (std::size_t i = 1; i < list.checks.size(); ++i) {
    pairs.push_back(list.checks[i - 1].first + "-before-" + list.checks[i].first);
  }
  return pairs;
}

std::vector<std::string> CellsOf(const std::string& row) {
  std::vector<std::string> cells;
  std::istringstream stream(row);
  for (std::string cell; std::getline(stream, cell, '|');) cells.push_back(cell);
  return cells;
}

// The words in `backquotes`.
std::vector<std::string> WordsOf(const std::string& cell) {
  std::vector<std::string> words;
  std::istringstream parts(cell);
  bool quoted = false;
  for (std::string part; std::getline(parts, part, '`'); quoted = !quoted) {
    if (quoted) words.push_back(part);
  }
  return words;
}

std::vector<std::string> CodesOf(const std::string& cell) {
  std::istringstream parts(cell);
  std::vector<std::string> codes;
  for (std::string part; std::getline(parts, part, ',');) {
    const std::size_t digit = part.find_first_of("0123456789");
    if (digit != std::string::npos) codes.push_back(part.substr(digit, 4));
  }
  return codes;
}

// What the tables of a section promise to check: the fields of "| 1 | `field` | rule |" and "| `field` | rule |", the
// codes of "| check | code |".
std::vector<std::string> PromisedBy(const std::string& clause) {
  const std::string section = SectionOf(clause);
  const bool business = clause.ends_with("#business-checks");
  const bool fields = clause.ends_with("#fields") || clause.ends_with("#calls-that-change-something");
  std::vector<std::string> promised;
  std::istringstream lines(section);
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> cells = CellsOf(line);
    if (cells.size() < 3 || !(business || fields)) continue;
    const std::string& field = cells[1].find('`') != std::string::npos ? cells[1] : cells[2];
    for (const std::string& word : business ? CodesOf(cells.back()) : WordsOf(field)) promised.push_back(word);
  }
  return promised;
}

TEST_CASE("every two neighbours of an order of checks have a case that fails both, or a reason why none can") {
  const std::set<std::string> ids = CaseIds();
  for (const OrderedChecks& list : Lists()) {
    const std::vector<std::string> pairs = PairsOf(list);
    CHECK(pairs.size() >= 1);
    for (const std::string& pair : pairs) {
      const std::string id = "order." + list.name + "." + pair;
      INFO(id);
      const Value* shown = list.shown.Find(pair);
      const Value* elsewhere = list.elsewhere.Find(pair);
      const Value* never = list.never.Find(pair);
      const int said =
          static_cast<int>(ids.count(id)) + (shown != nullptr) + (elsewhere != nullptr) + (never != nullptr);
      CHECK(said == 1);
      if (shown != nullptr) CHECK(ids.count(shown->text) == 1);
      if (elsewhere != nullptr) CHECK(HasTest(MapOf(*elsewhere, "file").text, MapOf(*elsewhere, "test").text));
      if (never != nullptr) CHECK_FALSE(never->text.empty());
    }
    for (const Value* said : {&list.shown, &list.elsewhere, &list.never}) {
      for (const std::string& pair : said->keys) {
        INFO(list.name << ": " << pair << " are no neighbours");
        CHECK(std::count(pairs.begin(), pairs.end(), pair) == 1);
      }
    }
  }
}

TEST_CASE("the orders of checks are those of the documents, and no check of theirs is left out") {
  for (const OrderedChecks& list : Lists()) {
    std::string text;
    std::set<std::string> words;
    for (const std::string& section : list.sections) text += SectionOf(section);
    std::size_t at = 0;
    for (const auto& [check, word] : list.checks) {
      words.insert(word);
      if (word.empty()) continue;
      INFO(list.name << ": " << check << ", which is '" << word << "'");
      const std::size_t quoted = text.find("`" + word + "`", at);
      const std::size_t found = quoted != std::string::npos ? quoted : text.find(word, at);
      REQUIRE(found != std::string::npos);
      at = found + 1;
    }
    for (const std::string& section : list.sections) {
      for (const std::string& promised : PromisedBy(section)) {
        INFO(list.name << " lacks " << promised << " of " << section);
        CHECK(words.count(promised) == 1);
      }
    }
  }
}

TEST_CASE("every method's page is in the table of orders") {
  std::set<std::string> known = {"protocol", "payment_object"};
  for (const OrderedChecks& list : Lists()) {
    for (const std::string& section : list.sections) {
      known.insert(std::filesystem::path(section.substr(0, section.find('#'))).stem().string());
    }
  }
  for (const Value& page : MapOf(Table(), "one_check").items) {
    INFO(page.text);
    CHECK(known.insert(page.text).second);
  }
  for (const auto& entry : std::filesystem::directory_iterator(MULTIHUB_SOURCE_DIR "/docs/api")) {
    INFO(entry.path().string());
    CHECK(known.count(entry.path().stem().string()) == 1);
  }
}

}  // namespace
}  // namespace multihub::conformance
