#include "tidy/tree_fixture.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "support/process.h"

namespace multihub::tidy {
namespace {

const std::filesystem::path kRoot = MULTIHUB_SOURCE_DIR;

std::vector<std::string> ListFiles() {
  support::SpawnOptions git;
  // The tree may belong to somebody else than the one who tests it.
  git.argv = {"git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"};
  git.cwd = kRoot.string();
  const support::RunResult listed = support::Run(git);
  if (listed.exit_code != 0) throw std::runtime_error("git ls-files: " + listed.err);
  std::set<std::string> files;
  for (const std::string& path : LinesOf(listed.out)) {
    if (std::filesystem::is_regular_file(kRoot / path)) files.insert(path);
  }
  return {files.begin(), files.end()};
}

std::set<std::string> ListFolders() {
  std::set<std::string> folders;
  for (const std::string& path : Files()) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      folders.insert(path.substr(0, slash));
    }
  }
  return folders;
}

}  // namespace

const std::vector<std::string>& Files() {
  static const std::vector<std::string> files = ListFiles();
  return files;
}

std::vector<std::string> FilesUnder(std::string_view prefix, std::string_view suffix) {
  std::vector<std::string> files;
  for (const std::string& path : Files()) {
    const std::string_view view = path;
    if (view.starts_with(prefix) && view.ends_with(suffix)) files.push_back(path);
  }
  return files;
}

bool Exists(const std::string& path) {
  static const std::set<std::string> folders = ListFolders();
  const std::string name = path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
  return folders.count(name) > 0 || std::binary_search(Files().begin(), Files().end(), name);
}

std::string Read(const std::string& path) {
  std::ifstream stream(kRoot / path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines = Split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

std::string Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string At(const std::string& file, std::size_t line, const std::string& what) {
  return file + ":" + std::to_string(line) + ": " + what;
}

std::string Join(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& problem : problems) text += problem + "\n";
  return text;
}

}  // namespace multihub::tidy
