#include "storage/set_statements.h"

#include <algorithm>

#include "multihub/base/check.h"
#include "storage/dialect.h"

namespace multihub::storage {
namespace {

// The largest power of two up to `limit` and `rest`.
std::size_t ChunkOf(std::size_t rest, std::size_t limit) {
  std::size_t chunk = limit;
  while (chunk > rest) chunk /= 2;
  return chunk;
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

// In the order of the statement's placeholders.
std::vector<Value> UpdateValues(const UpdateShape& shape, std::span<const Value> rows) {
  const std::size_t width = shape.width();
  const std::size_t key = shape.key.size();
  const std::size_t fixed = key + shape.expected.size();
  std::vector<Value> values;
  const auto append = [&](std::size_t row, std::size_t from, std::size_t n) {
    const auto part = rows.subspan(row * width + from, n);
    values.insert(values.end(), part.begin(), part.end());
  };
  const std::size_t count = rows.size() / width;
  for (std::size_t c = 0; c < shape.set.size(); ++c) {
    for (std::size_t row = 0; row < count; ++row) {
      if (count > 1) append(row, 0, key);
      append(row, fixed + c, 1);
    }
  }
  for (std::size_t row = 0; row < count; ++row) append(row, 0, fixed);
  return values;
}

}  // namespace

Value OptionalText(const std::string& text) { return text.empty() ? Value() : Value(text); }

std::string Placeholders(std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += i == 0 ? "?" : ", ?";
  return out;
}

std::size_t ListSize(std::size_t n) {
  std::size_t size = 1;
  while (size < n) size *= 2;
  return size;
}

std::vector<Value> FilledList(std::span<const std::string> values) {
  std::vector<Value> list(values.begin(), values.end());
  list.resize(ListSize(values.size()), values.back());
  return list;
}

InsertShape::InsertShape(std::string_view table, std::string_view columns)
    : table_(table),
      columns_(columns),
      width_(1 + static_cast<std::size_t>(std::count(columns.begin(), columns.end(), ','))) {}

const std::string& InsertShape::Sql(std::size_t rows) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string& sql = texts_.at(rows);
  if (!sql.empty()) return sql;
  const std::string row = "(" + Placeholders(width_) + ")";
  sql = "INSERT INTO " + std::string(table_) + " (" + std::string(columns_) + ") VALUES ";
  for (std::size_t i = 0; i < rows; ++i) sql += (i == 0 ? "" : ", ") + row;
  return sql;
}

void InsertRows(Session& session, const InsertShape& shape, std::span<const Value> values) {
  const std::size_t width = shape.width();
  MULTIHUB_CHECK(values.size() % width == 0);
  while (!values.empty()) {
    const std::size_t rows = ChunkOf(values.size() / width, InsertShape::kLargest);
    session.Execute(shape.Sql(rows), values.first(rows * width));
    values = values.subspan(rows * width);
  }
}

std::int64_t UpdateRows(Session& session, const UpdateShape& shape, std::span<const Value> values) {
  const std::size_t width = shape.width();
  MULTIHUB_CHECK(values.size() % width == 0);
  std::int64_t matched = 0;
  while (!values.empty()) {
    const std::size_t rows = ChunkOf(values.size() / width, dialect::RowsPerUpdate(session.engine()));
    matched += session.Execute(UpdateSql(shape, rows), UpdateValues(shape, values.first(rows * width)));
    values = values.subspan(rows * width);
  }
  return matched;
}

}  // namespace multihub::storage
