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

// An UPDATE of some rows, as text with its values. What all of them share is written once: in a batch most payments go
// the same way at the same moment, and a text that names every value for every row takes a server long to read.
class SetUpdate {
 public:
  SetUpdate(const UpdateShape& shape, std::span<const Value> rows) : shape_(shape), rows_(rows) {
    sql_ = "UPDATE " + std::string(shape.table) + " SET ";
    const std::size_t fixed = shape.key.size() + shape.expected.size();
    for (std::size_t c = 0; c < shape.set.size(); ++c) {
      if (c > 0) sql_ += ", ";
      sql_ += shape.set[c];
      sql_ += " = ";
      AppendColumn(fixed + c);
    }
    sql_ += " WHERE ";
    AppendKeys();
    for (std::size_t c = 0; c < shape.expected.size(); ++c) {
      sql_ += " AND ";
      sql_ += shape.expected[c];
      sql_ += " = ";
      AppendColumn(shape.key.size() + c);
    }
  }

  const std::string& sql() const { return sql_; }
  std::span<const Value> values() const { return values_; }

 private:
  const Value& At(std::size_t row, std::size_t column) const { return rows_[row * shape_.width() + column]; }
  std::size_t count() const { return rows_.size() / shape_.width(); }

  bool IsShared(std::size_t column) const {
    for (std::size_t row = 1; row < count(); ++row) {
      if (!(At(row, column) == At(0, column))) return false;
    }
    return true;
  }

  void AppendValue(std::size_t row, std::size_t column) {
    sql_ += '?';
    values_.push_back(At(row, column));
  }

  // "a = ? AND b = ?"
  void AppendKey(std::size_t row) {
    for (std::size_t k = 0; k < shape_.key.size(); ++k) {
      if (k > 0) sql_ += " AND ";
      sql_ += shape_.key[k];
      sql_ += " = ";
      AppendValue(row, k);
    }
  }

  // What a column is of each row: one value, or a choice by key.
  void AppendColumn(std::size_t column) {
    if (IsShared(column)) return AppendValue(0, column);
    const bool simple = shape_.key.size() == 1;
    sql_ += "CASE";
    if (simple) (sql_ += ' ') += shape_.key[0];
    for (std::size_t row = 0; row < count(); ++row) {
      sql_ += " WHEN ";
      simple ? AppendValue(row, 0) : AppendKey(row);
      sql_ += " THEN ";
      AppendValue(row, column);
    }
    sql_ += " END";
  }

  void AppendKeys() {
    if (count() == 1) return AppendKey(0);
    if (shape_.key.size() == 1) {
      (sql_ += shape_.key[0]) += " IN (";
      for (std::size_t row = 0; row < count(); ++row) {
        if (row > 0) sql_ += ", ";
        AppendValue(row, 0);
      }
      sql_ += ')';
      return;
    }
    sql_ += '(';
    for (std::size_t row = 0; row < count(); ++row) {
      if (row > 0) sql_ += " OR ";
      sql_ += '(';
      AppendKey(row);
      sql_ += ')';
    }
    sql_ += ')';
  }

  const UpdateShape& shape_;
  const std::span<const Value> rows_;
  std::string sql_;
  std::vector<Value> values_;
};

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
    const SetUpdate update(shape, values.first(rows * width));
    matched += session.Execute(update.sql(), update.values());
    values = values.subspan(rows * width);
  }
  return matched;
}

}  // namespace multihub::storage
