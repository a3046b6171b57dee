#include "bench/measures.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using namespace multihub::bench;

namespace {

std::vector<std::string> NamesOf(const std::vector<Measure>& measures) {
  std::vector<std::string> names;
  for (const Measure& measure : measures) names.push_back(measure.name);
  return names;
}

}  // namespace

TEST_CASE("the bare front comes first, names are unique, and goals divide by measures that stand before") {
  const std::vector<Measure>& all = AllMeasures();
  CHECK(all.front().name == kBareFrontName);
  CHECK(all.front().work == Work::kBareFront);
  std::set<std::string> before;
  for (const Measure& measure : all) {
    INFO(measure.name);
    for (const Goal& goal : measure.goals) {
      if (goal.quantity == Quantity::kThroughput) CHECK(before.count(goal.to) == 1);
      // The stretch lies beyond the target.
      CHECK((goal.quantity == Quantity::kP99 ? goal.stretch < goal.target : goal.stretch > goal.target));
    }
    if (measure.work == Work::kOverload) CHECK(before.count(measure.offer.of) == 1);
    CHECK(before.insert(measure.name).second);
  }
}

TEST_CASE("a selection brings what its goals divide by, and the bare front, in order") {
  const std::vector<Measure> all = {
      {"bare_front", Work::kBareFront, Engine::kNone, {}, {}},
      {"a", Work::kDeposit, Engine::kSqlite, {}, {}},
      {"b", Work::kDeposit, Engine::kSqlite, {{Quantity::kThroughput, "a", 1, 2}}, {}},
      {"c", Work::kDeposit, Engine::kSqlite, {{Quantity::kThroughput, "b", 1, 2}, {Quantity::kP99, "", 2, 1}}, {}},
      {"d", Work::kDeposit, Engine::kSqlite, {}, {}},
      {"big", Work::kStoredDeposit, Engine::kSqlite, {}, {}, 0, 10},
  };
  Measure offered{"offered", Work::kOverload, Engine::kSqlite, {}, {}};
  offered.offer = {"d", 2};
  using Names = std::vector<std::string>;
  CHECK(NamesOf(Select({all[0], all[4], offered}, {"offered", false})) == Names{"bare_front", "d", "offered"});
  CHECK(NamesOf(Select(all, {"c", false})) == Names{"bare_front", "a", "b", "c"});
  CHECK(NamesOf(Select(all, {"d", false})) == Names{"bare_front", "d"});
  CHECK(NamesOf(Select(all, {"nothing", false})) == Names{"bare_front"});
  CHECK(NamesOf(Select(all, {"", false})) == Names{"bare_front", "a", "b", "c", "d"});
  CHECK(NamesOf(Select(all, {"big", false})) == Names{"bare_front"});
  CHECK(NamesOf(Select(all, {"", true})) == Names{"bare_front", "a", "b", "c", "d", "big"});
}
