// Knowledge runs one way: the folder table of docs/architecture.md against the includes and against CMake.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tidy/tree_fixture.h"

namespace multihub::tidy {
namespace {

using Uses = std::map<std::string, std::set<std::string>>;

constexpr const char* kTablePage = "docs/architecture.md";

// ---- readers ------------------------------------------------------------------------------------------------------

// The words in `backquotes`.
std::vector<std::string> QuotedWords(const std::string& cell) {
  std::vector<std::string> words;
  const std::vector<std::string> parts = Split(cell, '`');
  for (std::size_t i = 1; i < parts.size(); i += 2) words.push_back(parts[i]);
  return words;
}

// "| `folder` | holds | `may`, `use` |" below the head line "| folder | holds | may use |".
Uses ReadFolderTable(const std::string& page) {
  Uses table;
  bool inside = false;
  for (const std::string& line : LinesOf(page)) {
    const std::vector<std::string> cells = Split(line, '|');
    if (cells.size() != 5) {
      inside = false;
    } else if (Trim(cells[1]) == "folder" && Trim(cells[3]) == "may use") {
      inside = true;
    } else if (inside && !QuotedWords(cells[1]).empty()) {
      const std::vector<std::string> uses = QuotedWords(cells[3]);
      table[QuotedWords(cells[1]).front()] = {uses.begin(), uses.end()};
    }
  }
  return table;
}

// multihub_library(name USES a b LIBS c)
Uses ReadLibraries(const std::string& cmake) {
  const std::string call = "\nmultihub_library(";
  Uses libraries;
  for (std::size_t at = cmake.find(call); at != std::string::npos; at = cmake.find(call, at + 1)) {
    const std::size_t begin = at + call.size();
    std::string arguments = cmake.substr(begin, cmake.find(')', begin) - begin);
    std::replace(arguments.begin(), arguments.end(), '\n', ' ');
    bool uses = false;
    std::string name;
    for (const std::string& word : Split(arguments, ' ')) {
      if (word.empty()) continue;
      if (name.empty()) {
        name = word;
        libraries[name];
      } else if (word == "USES" || word == "LIBS") {
        uses = word == "USES";
      } else if (uses) {
        libraries[name].insert(word);
      }
    }
  }
  return libraries;
}

struct Include {
  std::size_t line = 0;
  std::string path;
  bool angled = false;
};

std::vector<Include> IncludesOf(const std::string& source) {
  const std::string word = "#include";
  std::vector<Include> includes;
  const std::vector<std::string> lines = LinesOf(source);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string line = Trim(lines[i]);
    if (line.compare(0, word.size(), word) != 0) continue;
    const std::string rest = Trim(std::string_view(line).substr(word.size()));
    const bool angled = rest.front() == '<';
    includes.push_back({i + 1, rest.substr(1, rest.find(angled ? '>' : '"', 1) - 1), angled});
  }
  return includes;
}

// "multihub/rpc/call.h" and "rpc/envelope.h" belong to rpc; "" is none of ours.
std::string FolderOfInclude(const std::string& path) {
  const std::string prefix = "multihub/";
  const std::string own = path.compare(0, prefix.size(), prefix) == 0 ? path.substr(prefix.size()) : path;
  const std::size_t slash = own.find('/');
  return slash == std::string::npos ? "" : own.substr(0, slash);
}

// "src/rpc/envelope.cpp" and "include/multihub/rpc/call.h" belong to rpc; src/main.cpp to nobody.
std::string FolderOfFile(const std::string& path) {
  const std::string prefix = path.compare(0, 4, "src/") == 0 ? "src/" : "include/multihub/";
  const std::size_t slash = path.find('/', prefix.size());
  return slash == std::string::npos ? "" : path.substr(prefix.size(), slash - prefix.size());
}

std::vector<std::string> SourceFiles() {
  std::vector<std::string> files;
  for (const char* prefix : {"include/", "src/"}) {
    for (const char* suffix : {".h", ".cpp"}) {
      for (std::string& path : FilesUnder(prefix, suffix)) files.push_back(std::move(path));
    }
  }
  return files;
}

// ---- rules --------------------------------------------------------------------------------------------------------

std::vector<std::string> ForbiddenIncludes(const Uses& table, const std::string& file, const std::string& source) {
  std::vector<std::string> problems;
  const std::string from = FolderOfFile(file);
  for (const Include& include : IncludesOf(source)) {
    if (include.angled) continue;
    const std::string to = FolderOfInclude(include.path);
    // Relative names would slip past the table.
    if (table.count(to) == 0) problems.push_back(At(file, include.line, "\"" + include.path + "\" is in no folder"));
    if (from.empty() || from == to) continue;
    const bool everywhere = from != "base" && (to == "base" || (to == "errors" && from != "errors"));
    if (!everywhere && table.at(from).count(to) == 0) {
      problems.push_back(At(file, include.line, from + " may not use " + to));
    }
  }
  return problems;
}

// A library of others: which folder may include it.
struct Owner {
  const char* prefix;
  const char* folder;
};
constexpr Owner kOwners[] = {
    {"pistache/", "http"},
    {"boost/", "http"},
    {"soci/", "storage"},
    {"soci.h", "storage"},
    {"mysql", "storage"},
    {"mariadb", "storage"},
    {"sqlite3.h", "storage"},
    {"curl/", "net"},
    {"yaml-cpp/", "cli"},
    {"CLI/", "cli"},
    {"spdlog/", "observability"},
    {"fmt/", "observability"},
    {"openssl/", "base"},
    {"nlohmann/", "cli"},
    {"prometheus/", "observability"},
};
// What one file of another folder may include as well.
struct Exception {
  const char* prefix;
  const char* file;
};
constexpr Exception kExceptions[] = {{"yaml-cpp/", "src/conformance/yaml_reader.cpp"},
                                     {"openssl/", "src/conformance/connection.cpp"}};

bool BeginsWith(const std::string& include, const char* prefix) {
  return include.compare(0, std::char_traits<char>::length(prefix), prefix) == 0;
}

const Owner* OwnerOf(const std::string& file, const std::string& include) {
  for (const Exception& exception : kExceptions) {
    if (file == exception.file && BeginsWith(include, exception.prefix)) return nullptr;
  }
  for (const Owner& owner : kOwners) {
    if (BeginsWith(include, owner.prefix)) return &owner;
  }
  return nullptr;
}

std::vector<std::string> MisplacedLibraries(const std::string& file, const std::string& source) {
  std::vector<std::string> problems;
  const bool is_public = file.compare(0, 8, "include/") == 0;
  for (const Include& include : IncludesOf(source)) {
    const Owner* owner = OwnerOf(file, include.path);
    if (owner == nullptr) continue;
    if (is_public) problems.push_back(At(file, include.line, "a public header includes <" + include.path + ">"));
    if (FolderOfFile(file) != owner->folder) {
      problems.push_back(At(file, include.line, "<" + include.path + "> belongs to src/" + owner->folder));
    }
  }
  return problems;
}

std::set<std::string> Reachable(const Uses& libraries, const std::string& name) {
  std::set<std::string> reached;
  std::vector<std::string> next = {name};
  while (!next.empty()) {
    const std::string at = next.back();
    next.pop_back();
    const auto found = libraries.find(at);
    if (found == libraries.end()) continue;
    for (const std::string& use : found->second) {
      if (reached.insert(use).second) next.push_back(use);
    }
  }
  return reached;
}

// What CMake links directly the table allows; what the table allows links.
std::vector<std::string> Disagreements(const Uses& table, const Uses& libraries) {
  std::vector<std::string> problems;
  for (const auto& [folder, uses] : libraries) {
    if (table.count(folder) == 0) problems.push_back(folder + " is a library and has no row in the table");
  }
  for (const auto& [folder, may] : table) {
    const auto library = libraries.find(folder);
    if (library == libraries.end()) {
      problems.push_back(folder + " has a row in the table and is no library");
      continue;
    }
    for (const std::string& use : library->second) {
      const bool everywhere = use == "base" || use == "errors";
      if (!everywhere && may.count(use) == 0) problems.push_back(folder + " links " + use + ", the table forbids it");
    }
    const std::set<std::string> reached = Reachable(libraries, folder);
    for (const std::string& use : may) {
      if (reached.count(use) == 0)
        problems.push_back("the table lets " + folder + " use " + use + ", it does not link");
    }
  }
  return problems;
}

std::string FirstInCycle(const Uses& libraries) {
  for (const auto& [name, uses] : libraries) {
    if (Reachable(libraries, name).count(name) > 0) return name;
  }
  return {};
}

// ---- tests --------------------------------------------------------------------------------------------------------

TEST_CASE("an include against the folder table is found") {
  const Uses table = ReadFolderTable(
      "| folder | holds | may use |\n|---|---|---|\n| `base` | x | – |\n| `errors` | x | – |\n"
      "| `domain` | x | – |\n| `storage` | x | `domain` |\n\n| `late` | x | `base` |\n");
  REQUIRE(table == Uses{{"base", {}}, {"errors", {}}, {"domain", {}}, {"storage", {"domain"}}});
  CHECK(ForbiddenIncludes(table, "src/storage/a.cpp", "#include \"multihub/domain/x.h\"\n").empty());
  CHECK(ForbiddenIncludes(table, "src/domain/a.cpp", "#include \"multihub/errors/x.h\"\n").empty());
  CHECK(ForbiddenIncludes(table, "src/domain/a.cpp", "#include \"multihub/storage/x.h\"\n").size() == 1);
  CHECK(ForbiddenIncludes(table, "src/domain/a.cpp", "#include \"storage/x.h\"\n").size() == 1);
  CHECK(ForbiddenIncludes(table, "include/multihub/errors/a.h", "#include \"multihub/domain/x.h\"\n").size() == 1);
  CHECK(ForbiddenIncludes(table, "src/base/a.cpp", "#include \"multihub/errors/x.h\"\n").size() == 1);
  CHECK(ForbiddenIncludes(table, "src/domain/a.cpp", "#include \"../storage/x.h\"\n").size() == 2);
}

TEST_CASE("a library in a foreign folder or a public header is found") {
  CHECK(MisplacedLibraries("src/http/a.cpp", "#include <boost/beast/http.hpp>\n").empty());
  CHECK(MisplacedLibraries("src/rpc/a.cpp", "#include <pistache/http.h>\n").size() == 1);
  CHECK(MisplacedLibraries("include/multihub/http/a.h", "#include <pistache/http.h>\n").size() == 1);
}

TEST_CASE("a difference between table and libraries is found") {
  const Uses table = {{"base", {}}, {"domain", {}}, {"storage", {"domain"}}, {"auth", {"storage", "domain"}}};
  Uses libraries = ReadLibraries(
      "\nmultihub_library(base LIBS x)\nmultihub_library(domain USES base)\nmultihub_library(storage USES base domain\n"
      "  LIBS domain2)\nmultihub_library(auth USES storage)\n");
  CHECK(Disagreements(table, libraries).empty());
  libraries["domain"].insert("auth");
  CHECK(Disagreements(table, libraries).size() == 1);
  CHECK(FirstInCycle(libraries) == "auth");
  libraries["auth"] = {"base"};
  CHECK(Disagreements(table, libraries).size() == 3);
}

TEST_CASE("includes go the way of the folder table in docs/architecture.md") {
  const Uses table = ReadFolderTable(Read(kTablePage));
  REQUIRE(table.size() >= 10);
  std::vector<std::string> problems;
  for (const std::string& file : SourceFiles()) {
    const std::string folder = FolderOfFile(file);
    if (folder.empty() && file != "src/main.cpp") problems.push_back(file + ": is in no folder");
    if (!folder.empty() && table.count(folder) == 0) {
      problems.push_back(file + ": its folder has no row in the table");
      continue;
    }
    for (std::string& problem : ForbiddenIncludes(table, file, Read(file))) problems.push_back(std::move(problem));
  }
  INFO(Join(problems));
  CHECK(problems.empty());
}

TEST_CASE("the folder table and the libraries of CMakeLists.txt agree, without a ring") {
  const Uses libraries = ReadLibraries(Read("CMakeLists.txt"));
  const std::vector<std::string> problems = Disagreements(ReadFolderTable(Read(kTablePage)), libraries);
  INFO(Join(problems));
  CHECK(problems.empty());
  CHECK(FirstInCycle(libraries).empty());
}

TEST_CASE("a library of others is included by the folder that owns it, and by no public header") {
  std::vector<std::string> problems;
  for (const std::string& file : SourceFiles()) {
    for (std::string& problem : MisplacedLibraries(file, Read(file))) problems.push_back(std::move(problem));
  }
  INFO(Join(problems));
  CHECK(problems.empty());
}

TEST_CASE("every header is included by another file than its own source") {
  std::map<std::string, std::set<std::string>> includers;
  for (const std::string& file : SourceFiles()) {
    for (const Include& include : IncludesOf(Read(file))) includers[include.path].insert(file);
  }
  std::vector<std::string> problems;
  for (const std::string& file : SourceFiles()) {
    if (!file.ends_with(".h")) continue;
    const bool is_public = file.starts_with("include/");
    const std::string name = file.substr(is_public ? 8 : 4);
    std::set<std::string> users = includers[name];
    const std::string stem = (is_public ? name.substr(9) : name).substr(0, name.size() - (is_public ? 9 : 0) - 2);
    users.erase("src/" + stem + ".cpp");
    if (users.empty()) problems.push_back(file + ": nobody includes it");
  }
  INFO(Join(problems));
  CHECK(problems.empty());
}

TEST_CASE("every source is where its folder's library looks for it") {
  const Uses libraries = ReadLibraries(Read("CMakeLists.txt"));
  std::vector<std::string> problems;
  for (const std::string& file : FilesUnder("src/", ".cpp")) {
    if (file == "src/main.cpp") continue;
    const auto depth = std::count(file.begin(), file.end(), '/');
    if (depth > 3 || libraries.count(FolderOfFile(file)) == 0) problems.push_back(file + ": nobody builds it");
  }
  for (const std::string& file : Files()) {
    const bool known = file.ends_with(".h") || file.ends_with(".cpp");
    if (!known && (file.starts_with("src/") || file.starts_with("include/")))
      problems.push_back(file + ": what is it?");
  }
  INFO(Join(problems));
  CHECK(problems.empty());
}

TEST_CASE("every header begins with a comment and guards itself") {
  std::vector<std::string> problems;
  for (const std::string& file : FilesUnder("", ".h")) {
    const std::string text = Read(file);
    if (text.compare(0, 3, "// ") != 0) problems.push_back(At(file, 1, "a header says first what it is for"));
    if (text.find("#pragma once\n") == std::string::npos) problems.push_back(At(file, 1, "#pragma once is missing"));
  }
  INFO(Join(problems));
  CHECK(problems.empty());
}

}  // namespace
}  // namespace multihub::tidy
