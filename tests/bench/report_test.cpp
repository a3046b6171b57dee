#include "bench/report.h"

#include <catch2/catch.hpp>

#include "bench/instructions.h"
#include "support/json.h"

using namespace multihub::bench;

namespace {

Sample Round(double rps, double p99_ms = 1) {
  Sample sample;
  sample.rps = rps;
  sample.p50_ms = p99_ms / 2;
  sample.p99_ms = p99_ms;
  sample.latency_rps = rps / 2;
  return sample;
}

Measure Named(const std::string& name, std::vector<Goal> goals = {}) {
  return {name, Work::kDeposit, Engine::kSqlite, std::move(goals), {}};
}

// The machine is ten times slower in the second round and disturbs `noisy` in the third.
std::vector<Line> Lines() {
  std::vector<Line> lines;
  lines.push_back({Named("bare_front"), {Round(1000), Round(100), Round(1000)}});
  lines.push_back({Named("plain"), {Round(500), Round(40), Round(500)}});
  lines.push_back({Named("noisy", {{Quantity::kThroughput, "plain", 0.5, 0.6},
                                   {Quantity::kThroughput, "bare_front", 0.3, 0.5},
                                   {Quantity::kP99, "", 4, 2}}),
                   {Round(300, 3), Round(24, 90), Round(50, 2)}});
  return lines;
}

}  // namespace

TEST_CASE("the median is the middle value, or the mean of the two in the middle") {
  CHECK(Median({3}) == 3);
  CHECK(Median({9, 1, 5}) == 5);
  CHECK(Median({4, 1, 3, 2}) == 2.5);
  const Spread spread = SpreadOf(std::vector<double>{7, 1, 4});
  CHECK(spread.min == 1);
  CHECK(spread.median == 4);
  CHECK(spread.max == 7);
}

TEST_CASE("a quotient is taken within its round, then the median of the quotients") {
  const std::vector<Line> lines = Lines();
  const std::vector<Verdict> verdicts = Judge(lines[2], lines);
  REQUIRE(verdicts.size() == 3);
  // 0.6, 0.6 and 0.1; the quotient of the medians would be 0.1.
  CHECK(verdicts[0].value.median == Approx(0.6));
  CHECK(verdicts[0].value.min == Approx(0.1));
  CHECK(verdicts[0].value.max == Approx(0.6));
  CHECK(verdicts[0].reached == Reached::kStretch);
  CHECK(verdicts[1].value.median == Approx(0.24));
  CHECK(verdicts[1].reached == Reached::kNo);
  // Of a time smaller is better.
  CHECK(verdicts[2].value.median == 3);
  CHECK(verdicts[2].reached == Reached::kTarget);
  CHECK(RatiosToFront(lines[0], lines) == std::vector<double>{1, 1, 1});
  CHECK(RatiosToFront(lines[2], lines)[1] == Approx(0.24));
}

TEST_CASE("a target just reached counts, of both kinds") {
  std::vector<Line> lines = {{Named("bare_front"), {Round(100)}}};
  lines.push_back(
      {Named("m", {{Quantity::kThroughput, "bare_front", 0.5, 0.8}, {Quantity::kP99, "", 10, 5}}), {Round(50, 10)}});
  for (const Verdict& verdict : Judge(lines[1], lines)) CHECK(verdict.reached == Reached::kTarget);
  lines[1].samples = {Round(49, 11)};
  for (const Verdict& verdict : Judge(lines[1], lines)) CHECK(verdict.reached == Reached::kNo);
  lines[1].samples = {Round(80, 5)};
  for (const Verdict& verdict : Judge(lines[1], lines)) CHECK(verdict.reached == Reached::kStretch);
}

TEST_CASE("the JSON has a row for each measure with medians, spreads and goals") {
  std::vector<Line> lines = Lines();
  for (Sample& sample : lines[1].samples) sample.notes["events_per_payment"] = 3;
  const nlohmann::json rows = nlohmann::json::parse(Json(lines));
  REQUIRE(rows.size() == 3);
  CHECK(rows[0]["measure"] == "bare_front");
  CHECK(rows[0]["ratio_to_front"] == 1.0);
  CHECK(rows[1]["events_per_payment"] == 3.0);
  const nlohmann::json& row = rows[2];
  CHECK(row["rps"] == 50.0);
  CHECK(row["rps_min"] == 24.0);
  CHECK(row["rps_max"] == 300.0);
  CHECK(row["p50_ms"] == 1.5);
  CHECK(row["p99_ms"] == 3.0);
  CHECK(row["ratio_to_front"].get<double>() == Approx(0.24));
  REQUIRE(row["goals"].size() == 3);
  CHECK(row["goals"][0]["divided_by"] == "plain");
  CHECK(row["goals"][0]["better"] == "bigger");
  CHECK(row["goals"][0]["reached"] == "stretch");
  CHECK(row["goals"][1]["reached"] == "missed");
  CHECK(row["goals"][2]["of"] == "p99_ms");
  CHECK(row["goals"][2]["better"] == "smaller");
  CHECK(row["goals"][2]["target"] == 4.0);
  CHECK(row["goals"][2]["reached"] == "reached");
}

TEST_CASE("the raw file has every round and the circumstances besides") {
  const nlohmann::json raw = nlohmann::json::parse(RawJson(Lines(), {{"processors", "2"}, {"kernel", "\"6.1\""}}));
  CHECK(raw["circumstances"] == nlohmann::json{{"processors", 2}, {"kernel", "6.1"}});
  REQUIRE(raw["rows"].size() == 3);
  REQUIRE(raw["rows"][2]["rounds"].size() == 3);
  CHECK(raw["rows"][2]["rounds"][1]["rps"] == 24.0);
  CHECK(raw["rows"][2]["rounds"][1]["p99_ms"] == 90.0);
}

TEST_CASE("the table names every measure and every goal with its verdict") {
  const std::string table = Table(Lines());
  for (const char* part :
       {"bare_front", "noisy / plain", "noisy p99 ms at 25/s", "missed", "stretch", ">=0.5", "<=4"}) {
    INFO(part);
    CHECK_THAT(table, Catch::Contains(part));
  }
}

TEST_CASE("the instructions of a run are the total of its callgrind file") {
  CHECK(InstructionsIn("events: Ir\nsummary: 77\n\nfn=(1)\n1 5\ntotals: 123456789012\n") == 123456789012.0);
  CHECK(InstructionsIn("events: Ir\nsummary: 77\n") == 77);
  CHECK_THROWS_AS(InstructionsIn("events: Ir\n"), std::runtime_error);
}
