#include "cli/command.h"

#include <catch2/catch.hpp>
#include <iostream>
#include <sstream>

namespace multihub::cli {
namespace {

// What the parser prints goes nowhere while this lives.
class Silence {
 public:
  Silence() : out_(std::cout.rdbuf(sink_.rdbuf())), err_(std::cerr.rdbuf(sink_.rdbuf())) {}
  ~Silence() {
    std::cout.rdbuf(out_);
    std::cerr.rdbuf(err_);
  }
  std::string text() const { return sink_.str(); }

 private:
  std::ostringstream sink_;
  std::streambuf* out_;
  std::streambuf* err_;
};

struct Given {
  std::string database;
  bool json = false;
  std::int64_t amount = 0;
  std::optional<std::string> note;
  std::vector<std::string> tags;
  std::string direction;
  bool ran = false;
};

Parser::Outcome ParseWords(std::vector<std::string> words, Given* given, std::string* printed = nullptr) {
  Parser parser("multihub", "1.2.3", "help", "multihub money add 5");
  Command root = parser.root();
  root.Option("--database", &given->database, "where");
  root.Flag("--json", &given->json, "json");
  root.Group("money", "money")
      .Add("add", "adds", "multihub money add 5 --direction in")
      .Option("amount", &given->amount, "how much", Command::Need::kRequired)
      .Option("--note", &given->note, "note")
      .Option("--tag", &given->tags, "tags")
      .Choice("--direction", &given->direction, {"in", "out"}, "which way", Command::Need::kOptional)
      .Run([given] { given->ran = true; });
  words.insert(words.begin(), "multihub");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  const Silence silence;
  Parser::Outcome outcome = parser.Parse(static_cast<int>(argv.size()), argv.data());
  if (printed != nullptr) *printed = silence.text();
  return outcome;
}

TEST_CASE("options of the program may stand before and after the command") {
  const std::vector<std::string> rows[] = {
      {"--database", "x", "--json", "money", "add", "5"},
      {"money", "add", "5", "--json", "--database", "x"},
      {"money", "--json", "add", "--database=x", "5"},
  };
  for (const auto& words : rows) {
    Given given;
    const Parser::Outcome outcome = ParseWords(words, &given);
    REQUIRE(outcome.action);
    outcome.action();
    CHECK(given.ran);
    CHECK(given.database == "x");
    CHECK(given.json);
    CHECK(given.amount == 5);
  }
}

TEST_CASE("values are taken as given") {
  Given given;
  REQUIRE(ParseWords({"money", "add", "250000", "--note", "", "--tag", "a", "b", "--tag", "c", "--direction", "out"},
                     &given)
              .action);
  CHECK(given.amount == 250000);
  CHECK(given.note == "");
  CHECK(given.tags == std::vector<std::string>{"a", "b", "c"});
  CHECK(given.direction == "out");
}

TEST_CASE("wrong usage ends with exit code 2") {
  const std::vector<std::string> rows[] = {
      {},
      {"nothing"},
      {"money"},
      {"money", "add"},
      {"money", "add", "010"},
      {"money", "add", "0x10"},
      {"money", "add", "1e3"},
      {"money", "add", "-5"},
      {"money", "add", "+5"},
      {"money", "add", "5.0"},
      {"money", "add", "99999999999999999999"},
      {"money", "add", "5", "6"},
      {"money", "add", "5", "--unknown"},
      {"money", "add", "5", "--direction", "up"},
      {"money", "add", "5", "--note"},
  };
  for (const auto& words : rows) {
    Given given;
    std::string printed;
    const Parser::Outcome outcome = ParseWords(words, &given, &printed);
    INFO(printed);
    CHECK_FALSE(outcome.action);
    CHECK(outcome.exit_code == 2);
    CHECK_FALSE(printed.empty());
  }
}

TEST_CASE("--help shows the example and ends with exit code 0") {
  Given given;
  std::string printed;
  const Parser::Outcome outcome = ParseWords({"money", "add", "--help"}, &given, &printed);
  CHECK_FALSE(outcome.action);
  CHECK(outcome.exit_code == 0);
  CHECK(printed.find("multihub money add 5 --direction in") != std::string::npos);
  CHECK_FALSE(given.ran);
}

TEST_CASE("--version prints program and version, without a command") {
  Given given;
  std::string printed;
  const Parser::Outcome outcome = ParseWords({"--version"}, &given, &printed);
  CHECK_FALSE(outcome.action);
  CHECK(outcome.exit_code == 0);
  CHECK(printed == "multihub 1.2.3\n");
}

}  // namespace
}  // namespace multihub::cli
