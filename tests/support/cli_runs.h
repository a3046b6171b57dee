// Running operator commands against one database, as an operator would.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/gateway_process.h"
#include "support/json.h"
#include "support/mariadb_server.h"
#include "support/temp_dir.h"

namespace multihub::functional {

enum class TestEngine { kSqlite, kMysql };

inline bool Contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// The lines of `text`, without those by which `serve` names its ports.
inline std::vector<std::string> Sentences(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind("ops http://", 0) != 0) lines.push_back(line);
  }
  return lines;
}

// Whether `part` stands at the beginning of a word: an id or a directory's name made by chance may have any letters in
// it.
inline bool BeginsWord(const std::string& text, const std::string& part) {
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    const char before = at == 0 ? ' ' : text[at - 1];
    if (std::isalnum(static_cast<unsigned char>(before)) == 0 && before != '_' && before != '-') return true;
  }
  return false;
}

// A refusal is one sentence on stderr, and none of the library's or the language's own words.
inline void CheckRefusal(const support::RunResult& run, const std::string& part) {
  INFO(run.out);
  INFO(run.err);
  CHECK(run.exit_code == 1);
  // Only `serve` writes anything there before it gives up: its log.
  for (const std::string& line : Sentences(run.out)) CHECK(line.rfind("{\"ts\":", 0) == 0);
  const std::vector<std::string> sentences = Sentences(run.err);
  REQUIRE(sentences.size() == 1);
  CHECK(sentences[0].rfind("multihub: ", 0) == 0);
  CHECK(Contains(sentences[0], part));
  for (const char* foreign : {"std::", "terminate", "exception", "what()", "0x", "basic_string", "ERROR:"}) {
    CHECK_FALSE(BeginsWord(run.err, foreign));
  }
}

// Asks until it is so, for at most two minutes.
template <typename Question>
bool Eventually(Question question) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!question()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

// One new database, gone with the object, and commands on it.
class CliDatabase {
 public:
  explicit CliDatabase(TestEngine engine) {
    url_ = engine == TestEngine::kSqlite ? "sqlite:///" + dir_.File("hub.db").substr(1)
                                         : support::SharedMariadb().CreateDatabase();
  }
  const std::string& url() const { return url_; }
  const support::TempDir& dir() const { return dir_; }
  // Set for every later command.
  std::map<std::string, std::string> env;
  bool master_key = true;

  support::RunResult Run(std::vector<std::string> words) const {
    support::CliCall call;
    call.args = std::move(words);
    call.args.insert(call.args.end(), {"--database", url_});
    call.env = env;
    call.master_key = master_key;
    call.cwd = dir_.path();
    return support::RunCli(std::move(call));
  }

  // The document of a command that must succeed.
  nlohmann::json Json(std::vector<std::string> words) const {
    words.push_back("--json");
    const support::RunResult run = Run(words);
    INFO(run.out);
    INFO(run.err);
    REQUIRE(run.exit_code == 0);
    CHECK(run.err.empty());
    nlohmann::json document = nlohmann::json::parse(run.out, nullptr, false);
    REQUIRE_FALSE(document.is_discarded());
    return document;
  }

  void Refuses(std::vector<std::string> words, const std::string& part) const { CheckRefusal(Run(words), part); }

  // Everything the directory and balance commands show.
  std::string Snapshot() const {
    std::string text;
    for (const auto& words : std::vector<std::vector<std::string>>{{"merchant", "list"},
                                                                   {"app", "list"},
                                                                   {"service", "list"},
                                                                   {"provider", "list"},
                                                                   {"payment", "list"},
                                                                   {"balance", "show", "--house"}}) {
      text += Json(words).dump() + "\n";
    }
    const nlohmann::json applications = Json({"app", "list"});
    for (const auto& application : applications["applications"]) {
      const auto id = std::to_string(application["application_id"].get<std::int64_t>());
      text += Json({"balance", "show", id}).dump() + "\n";
    }
    return text;
  }

 private:
  support::TempDir dir_;
  std::string url_;
};

inline TestEngine EachEngine() { return GENERATE(TestEngine::kSqlite, TestEngine::kMysql); }

}  // namespace multihub::functional
