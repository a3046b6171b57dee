#include "storage/set_statements.h"

#include <algorithm>

#include "multihub/base/check.h"

namespace multihub::storage {
namespace {

constexpr std::size_t kLargestInsert = 64;
constexpr std::size_t kLargestUpdate = 16;

// The largest power of two up to `limit` and `rest`.
std::size_t ChunkOf(std::size_t rest, std::size_t limit) {
  std::size_t chunk = limit;
  while (chunk > rest) chunk /= 2;
  return chunk;
}

std::string InsertSql(std::string_view table, std::string_view columns, std::size_t width, std::size_t rows) {
  const std::string row = "(" + Placeholders(width) + ")";
  std::string sql = "INSERT INTO " + std::string(table) + " (" + std::string(columns) + ") VALUES ";
  for (std::size_t i = 0; i < rows; ++i) sql += (i == 0 ? "" : ", ") + row;
  return sql;
}

std::string Conjunction(const std::vector<std::string_view>& columns) {
  std::string out;
  for (std::string_view column : columns) out += (out.empty() ? "" : " AND ") + std::string(column) + " = ?";
  return out;
}

std::string UpdateSql(const UpdateShape& shape, std::size_t rows) {
  const std::string key = Conjunction(shape.key);
  std::string sql = "UPDATE " + std::string(shape.table) + " SET ";
  for (std::size_t c = 0; c < shape.set.size(); ++c) {
    sql += (c == 0 ? "" : ", ") + std::string(shape.set[c]) + " = ";
    if (rows == 1) {
      sql += "?";
      continue;
    }
    sql += "CASE";
    for (std::size_t r = 0; r < rows; ++r) sql += " WHEN " + key + " THEN ?";
    sql += " END";
  }
  std::string all = key;
  if (!shape.expected.empty()) all += " AND " + Conjunction(shape.expected);
  sql += " WHERE ";
  for (std::size_t r = 0; r < rows; ++r) sql += (r == 0 ? "(" : " OR (") + all + ")";
  return sql;
}

void Append(std::vector<Value>* out, const std::vector<Value>& values) {
  out->insert(out->end(), values.begin(), values.end());
}

std::vector<Value> UpdateValues(const UpdateShape& shape, std::span<const RowUpdate> rows) {
  std::vector<Value> values;
  for (std::size_t c = 0; c < shape.set.size(); ++c) {
    for (const RowUpdate& row : rows) {
      if (rows.size() > 1) Append(&values, row.key);
      values.push_back(row.set[c]);
    }
  }
  for (const RowUpdate& row : rows) {
    Append(&values, row.key);
    Append(&values, row.expected);
  }
  return values;
}

}  // namespace

Value OptionalText(const std::string& text) { return text.empty() ? Value() : Value(text); }

std::string Placeholders(std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += i == 0 ? "?" : ", ?";
  return out;
}

void InsertRows(Session& session, std::string_view table, std::string_view columns, std::span<const Value> values) {
  if (values.empty()) return;
  const std::size_t width = 1 + static_cast<std::size_t>(std::count(columns.begin(), columns.end(), ','));
  MULTIHUB_CHECK(values.size() % width == 0);
  while (!values.empty()) {
    const std::size_t rows = ChunkOf(values.size() / width, kLargestInsert);
    const std::span<const Value> part = values.first(rows * width);
    session.Execute(InsertSql(table, columns, width, rows), std::vector<Value>(part.begin(), part.end()));
    values = values.subspan(rows * width);
  }
}

std::int64_t UpdateRows(Session& session, const UpdateShape& shape, std::span<const RowUpdate> rows) {
  std::int64_t matched = 0;
  while (!rows.empty()) {
    const std::size_t count = ChunkOf(rows.size(), kLargestUpdate);
    matched += session.Execute(UpdateSql(shape, count), UpdateValues(shape, rows.first(count)));
    rows = rows.subspan(count);
  }
  return matched;
}

}  // namespace multihub::storage
