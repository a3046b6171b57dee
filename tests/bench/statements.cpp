#include "bench/statements.h"

#include <algorithm>
#include <array>
#include <regex>

namespace multihub::bench {
namespace {

constexpr std::array<std::string_view, 13> kSmallTables = {"settings",
                                                           "directory_version",
                                                           "merchants",
                                                           "applications",
                                                           "application_secret_digests",
                                                           "application_addresses",
                                                           "routes",
                                                           "assignments",
                                                           "currency_switches",
                                                           "providers",
                                                           "webhook_endpoints",
                                                           "schema_migrations",
                                                           "schema_lease"};

// Until nothing changes any more.
std::string Collapsed(std::string text, const std::regex& pattern, const char* by) {
  for (;;) {
    std::string next = std::regex_replace(text, pattern, by);
    if (next == text) return text;
    text = std::move(next);
  }
}

bool StartsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

}  // namespace

std::string ShapeOf(std::string_view sql) {
  static const std::regex kText("'(?:[^'\\\\]|''|\\\\.)*'");
  static const std::regex kParameter(":p[0-9]+");
  static const std::regex kNumber("\\b[0-9]+\\b");
  static const std::regex kNull("\\bNULL\\b");
  static const std::regex kList("\\?, \\?");
  static const std::regex kRow("\\(\\?\\), \\(\\?\\)");
  static const std::regex kCondition("(\\([a-z_ =?AND]+\\)) OR \\1");
  static const std::regex kWhen("( WHEN [a-z_ =?AND]+ THEN \\?)\\1");
  std::string shape = std::regex_replace(std::string(sql), kText, "?");
  shape = std::regex_replace(shape, kParameter, "?");
  shape = std::regex_replace(shape, kNumber, "?");
  shape = std::regex_replace(shape, kNull, "?");
  shape = Collapsed(std::move(shape), kList, "?");
  shape = Collapsed(std::move(shape), kRow, "(?)");
  shape = Collapsed(std::move(shape), kCondition, "$1");
  return Collapsed(std::move(shape), kWhen, "$1");
}

bool FindsRows(std::string_view sql) {
  // SQLite's own words to itself have no blank there.
  return StartsWith(sql, "SELECT ") || StartsWith(sql, "UPDATE ") || StartsWith(sql, "DELETE ");
}

std::optional<std::string> WholeRead(std::string_view sqlite_plan_line) {
  constexpr std::string_view kScan = "SCAN ";
  const std::size_t at = sqlite_plan_line.find(kScan);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = sqlite_plan_line.substr(at + kScan.size());
  const std::string name(rest.substr(0, rest.find(' ')));
  if (name == "CONSTANT" || name.front() == '(') return std::nullopt;
  return name;
}

std::optional<std::string> WholeRead(const std::vector<std::string>& mariadb_plan_row) {
  const std::string& type = mariadb_plan_row.at(3);
  if (type != "ALL" && type != "index") return std::nullopt;
  return mariadb_plan_row.at(2);
}

bool StaysSmall(std::string_view table) {
  return std::find(kSmallTables.begin(), kSmallTables.end(), table) != kSmallTables.end() ||
         StartsWith(table, "sqlite_");
}

}  // namespace multihub::bench
