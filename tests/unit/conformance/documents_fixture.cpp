#include "unit/conformance/documents_fixture.h"

#include <cctype>
#include <fstream>
#include <sstream>

namespace multihub::conformance {
namespace {

// "## Order of checks": "order-of-checks"; of other lines nothing.
std::string AnchorOf(const std::string& line) {
  const std::size_t level = line.find_first_not_of('#');
  if (level == 0 || level == std::string::npos) return "";
  std::string anchor;
  for (const char c : line.substr(level + 1)) {
    if (c == ' ' || c == '-') anchor += '-';
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return anchor;
}

// What stands before a test's name: "TEST_CASE(" or "TEST_CASE_METHOD(Fixture,".
bool OpensTest(std::string before) {
  while (!before.empty() && std::isspace(static_cast<unsigned char>(before.back())) != 0) before.pop_back();
  if (before.ends_with("TEST_CASE(")) return true;
  const std::size_t call = before.rfind("TEST_CASE_METHOD(");
  return call != std::string::npos && before.back() == ',' && before.find_first_of("\")", call) == std::string::npos;
}

}  // namespace

std::string ReadSource(const std::string& path) {
  std::ifstream stream(std::string(MULTIHUB_SOURCE_DIR) + "/" + path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::set<std::string> AnchorsOf(const std::string& page) {
  std::set<std::string> anchors;
  std::istringstream lines(ReadSource(page));
  for (std::string line; std::getline(lines, line);) {
    if (const std::string anchor = AnchorOf(line); !anchor.empty()) anchors.insert(anchor);
  }
  return anchors;
}

std::string SectionOf(const std::string& clause) {
  const std::size_t hash = clause.find('#');
  std::istringstream lines(ReadSource(clause.substr(0, hash)));
  std::string section;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    const std::string anchor = AnchorOf(line);
    if (!anchor.empty()) {
      inside = anchor == clause.substr(hash + 1);
    } else if (inside) {
      section += line + "\n";
    }
  }
  return section;
}

bool HasTest(const std::string& file, const std::string& name) {
  if (!file.ends_with("_test.cpp")) return false;
  const std::string source = ReadSource(file);
  const std::string quoted = "\"" + name + "\"";
  for (std::size_t at = source.find(quoted); at != std::string::npos; at = source.find(quoted, at + 1)) {
    if (OpensTest(source.substr(0, at))) return true;
  }
  return false;
}

}  // namespace multihub::conformance
