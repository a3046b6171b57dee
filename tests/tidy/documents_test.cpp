// The documents say what is so: the catalogue, links, examples; and no file names what only its author's machine has.
#include <catch2/catch.hpp>

#include <cctype>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "multihub/errors/code.h"
#include "support/json.h"
#include "tidy/tree_fixture.h"

namespace multihub::tidy {
namespace {

// The rules are written down here, so this folder breaks them.
bool IsRulebook(const std::string& file) { return file.starts_with("tests/tidy/"); }

bool IsPathCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '/' || c == '.' || c == '-';
}

// ---- Markdown -----------------------------------------------------------------------------------------------------

struct Line {
  std::size_t number = 0;
  std::string text;
};
struct Block {
  std::size_t line = 0;
  std::string language;
  std::string text;
};
struct Page {
  std::vector<Line> prose;
  std::vector<Block> blocks;
};

Page ReadPage(const std::string& markdown) {
  const std::string fence = "```";
  Page page;
  bool inside = false;
  const std::vector<std::string> lines = LinesOf(markdown);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].compare(0, fence.size(), fence) == 0) {
      if (!inside) page.blocks.push_back({i + 1, lines[i].substr(fence.size()), ""});
      inside = !inside;
    } else if (inside) {
      page.blocks.back().text += lines[i] + "\n";
    } else {
      page.prose.push_back({i + 1, lines[i]});
    }
  }
  return page;
}

// As GitHub makes them from headings.
std::string AnchorOf(const std::string& heading) {
  std::string anchor;
  for (const char c : heading) {
    if (c == ' ' || c == '-') {
      anchor += '-';
    } else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return anchor;
}

std::set<std::string> AnchorsOf(const Page& page) {
  std::set<std::string> anchors;
  for (const Line& line : page.prose) {
    const std::size_t level = line.text.find_first_not_of('#');
    if (level == 0 || level == std::string::npos) continue;
    anchors.insert(AnchorOf(Trim(std::string_view(line.text).substr(level))));
  }
  return anchors;
}

// Targets of "[text](target)".
std::vector<std::string> LinksIn(const std::string& line) {
  std::vector<std::string> targets;
  for (std::size_t at = line.find("]("); at != std::string::npos; at = line.find("](", at + 2)) {
    const std::size_t end = line.find(')', at);
    if (end != std::string::npos) targets.push_back(line.substr(at + 2, end - at - 2));
  }
  return targets;
}

bool LeavesTheProject(const std::string& target) {
  return target.starts_with("http://") || target.starts_with("https://") || target.starts_with("mailto:");
}

// Empty: the link leads somewhere.
std::string ProblemOfLink(const std::string& file, const std::string& target) {
  const std::size_t hash = target.find('#');
  const std::string path = target.substr(0, hash);
  const auto folder = std::filesystem::path(file).parent_path();
  const std::string found = path.empty() ? file : (folder / path).lexically_normal().string();
  if (!Exists(found)) return "the link " + target + " leads nowhere";
  if (hash == std::string::npos) return {};
  if (AnchorsOf(ReadPage(Read(found))).count(target.substr(hash + 1)) > 0) return {};
  return "the link " + target + " names no heading";
}

// ---- files named in any text --------------------------------------------------------------------------------------

bool HasKnownEnding(const std::string& path) {
  for (const char* ending : {".h", ".cpp", ".md", ".sql", ".yaml", ".cmake", ".sh", ".txt", ".json"}) {
    if (path.ends_with(ending)) return true;
  }
  return false;
}

// Words such as src/rpc/pipeline.cpp and docs/errors.md; not those with a placeholder in them, nor the tails of longer
// paths.
std::vector<std::string> FilesNamedIn(const std::string& line) {
  std::vector<std::string> names;
  for (const char* top : {"src/", "include/", "tests/", "docs/", "sql/", "config/", "cmake/", "deploy/", "examples/"}) {
    for (std::size_t at = line.find(top); at != std::string::npos; at = line.find(top, at + 1)) {
      if (at > 0 && (IsPathCharacter(line[at - 1]) || line[at - 1] == '}')) continue;
      std::size_t end = at;
      while (end < line.size() && IsPathCharacter(line[end])) ++end;
      std::string name = line.substr(at, end - at);
      while (name.ends_with('.')) name.pop_back();
      if (HasKnownEnding(name)) names.push_back(name);
    }
  }
  return names;
}

// ---- words --------------------------------------------------------------------------------------------------------

struct Forbidden {
  const char* text;
  bool path;  // the end of a path's part: "/work" is not in "/workers"
};
constexpr Forbidden kForbidden[] = {
    {"/work", true},   {"/root", true}, {"/home/", false},    {"TODO", false},        {"FIXME", false},
    {"// XXX", false}, {"XXX:", false}, {"../shared", false}, {"shared/spec", false}, {"shared/design", false}};

std::string ForbiddenWordIn(const std::string& line) {
  for (const Forbidden& word : kForbidden) {
    const std::string text = word.text;
    for (std::size_t at = line.find(text); at != std::string::npos; at = line.find(text, at + 1)) {
      const bool begins = !word.path || at == 0 || !IsPathCharacter(line[at - 1]);
      const std::size_t end = at + text.size();
      const bool ends = !word.path || end == line.size() || line[end] == '/' || !IsPathCharacter(line[end]);
      if (begins && ends) return text;
    }
  }
  return {};
}

// ---- tests --------------------------------------------------------------------------------------------------------

TEST_CASE("the readers of Markdown and of words find what they look for") {
  const Page page = ReadPage("# The `x` Page\n[a](b.md#c) and [d](e)\n```json\n{}\n```\nafter\n");
  CHECK(AnchorsOf(page) == std::set<std::string>{"the-x-page"});
  CHECK(LinksIn(page.prose.at(1).text) == std::vector<std::string>{"b.md#c", "e"});
  REQUIRE(page.blocks.size() == 1);
  CHECK(page.blocks[0].language == "json");
  CHECK(page.blocks[0].text == "{}\n");
  CHECK(ProblemOfLink("docs/errors.md", "nowhere.md") == "the link nowhere.md leads nowhere");
  CHECK(ProblemOfLink("docs/errors.md", "#nothing") == "the link #nothing names no heading");
  CHECK(ProblemOfLink("docs/errors.md", "../README.md#state").empty());
  CHECK(FilesNamedIn("see src/rpc/none.cpp, docs/errors.md. build/src/x.cpp sql/<engine>/a.sql tests/x_<n>.cpp") ==
        std::vector<std::string>{"src/rpc/none.cpp", "docs/errors.md"});
  CHECK(ForbiddenWordIn("cd /work/main") == "/work");
  CHECK(ForbiddenWordIn("the /workers and a/work/b").empty());
  CHECK(ForbiddenWordIn("// TODO: x") == "TODO");
  CHECK(ForbiddenWordIn("no currency is XXX without").empty());
}

TEST_CASE("docs/errors.md has one line for each row of the catalogue") {
  std::vector<std::string> rows;
  for (const std::string& line : LinesOf(Read("docs/errors.md"))) {
    if (line.size() > 2 && std::isdigit(static_cast<unsigned char>(line[2])) != 0) rows.push_back(line);
  }
  REQUIRE(rows.size() == errors::Catalogue().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const errors::CatalogueRow& row = errors::Catalogue()[i];
    const std::vector<std::string> cells = Split(rows[i], '|');
    INFO(rows[i]);
    REQUIRE(cells.size() == 8);
    CHECK(Trim(cells[1]) == std::to_string(static_cast<int>(row.code)));
    CHECK(Trim(cells[2]) == row.message);
    CHECK(Trim(cells[3]) == (row.http_status == 0 ? "-" : std::to_string(row.http_status)));
    CHECK(Trim(cells[4]) == (row.http_status == 0 ? "-" : row.retry ? "yes" : "no"));
    CHECK(Trim(cells[5]).starts_with(row.meaning));
    CHECK(Trim(cells[6]) == row.advice);
  }
}

TEST_CASE("every link of the documents leads to a file and a heading") {
  std::vector<std::string> problems;
  for (const std::string& file : FilesUnder("", ".md")) {
    for (const Line& line : ReadPage(Read(file)).prose) {
      for (const std::string& target : LinksIn(line.text)) {
        if (LeavesTheProject(target)) continue;
        const std::string problem = ProblemOfLink(file, target);
        if (!problem.empty()) problems.push_back(At(file, line.number, problem));
      }
    }
  }
  INFO(Join(problems));
  CHECK(problems.empty());
}

TEST_CASE("every page of docs is reached by a link") {
  std::set<std::string> linked;
  for (const std::string& file : FilesUnder("", ".md")) {
    for (const Line& line : ReadPage(Read(file)).prose) {
      for (const std::string& target : LinksIn(line.text)) {
        const std::string path = target.substr(0, target.find('#'));
        linked.insert((std::filesystem::path(file).parent_path() / path).lexically_normal().string());
      }
    }
  }
  for (const std::string& page : FilesUnder("docs/", ".md")) {
    INFO(page);
    CHECK(linked.count(page) == 1);
  }
}

TEST_CASE("every file named in a text is there") {
  std::vector<std::string> problems;
  for (const std::string& file : Files()) {
    if (IsRulebook(file)) continue;
    const std::vector<std::string> lines = LinesOf(Read(file));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      for (const std::string& name : FilesNamedIn(lines[i])) {
        if (!Exists(name)) problems.push_back(At(file, i + 1, name + " is not there"));
      }
    }
  }
  INFO(Join(problems));
  CHECK(problems.empty());
}

TEST_CASE("every method of the table has its page") {
  std::size_t methods = 0;
  for (const std::string& raw : LinesOf(Read("src/handlers/method_table.cpp"))) {
    const std::string line = Trim(raw);
    if (!line.starts_with("{\"")) continue;
    std::string name = line.substr(2, line.find('"', 2) - 2);
    REQUIRE(name.find('.') != std::string::npos);
    name[name.find('.')] = '_';
    ++methods;
    INFO(name);
    CHECK(Exists("docs/api/" + name + ".md"));
  }
  CHECK(methods > 0);
}

TEST_CASE("every JSON example of the documents is JSON") {
  std::size_t examples = 0;
  for (const std::string& file : FilesUnder("", ".md")) {
    for (const Block& block : ReadPage(Read(file)).blocks) {
      if (block.language != "json") continue;
      ++examples;
      INFO(At(file, block.line, block.text));
      CHECK(nlohmann::json::accept(block.text));
    }
  }
  CHECK(examples > 0);
}

TEST_CASE("no file names its author's machine or leaves work for later") {
  std::vector<std::string> problems;
  for (const std::string& file : Files()) {
    if (IsRulebook(file)) continue;
    const std::vector<std::string> lines = LinesOf(Read(file));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string word = ForbiddenWordIn(lines[i]);
      if (!word.empty()) problems.push_back(At(file, i + 1, word));
    }
  }
  INFO(Join(problems));
  CHECK(problems.empty());
}

}  // namespace
}  // namespace multihub::tidy
