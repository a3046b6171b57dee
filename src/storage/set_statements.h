// Statements over many rows at once, in a few fixed sizes so that each is prepared once per session.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "multihub/storage/session.h"

namespace multihub::storage {

// Inserts rows given one after the other in `values` (row-major, `columns` wide; `columns` is a comma separated list).
void InsertRows(Session& session, std::string_view table, std::string_view columns, std::span<const Value> values);

// One row of a set update: which row, what it must still hold, what it becomes.
struct RowUpdate {
  std::vector<Value> key;
  std::vector<Value> expected;
  std::vector<Value> set;
};
struct UpdateShape {
  std::string_view table;
  std::vector<std::string_view> key;       // never among `set`
  std::vector<std::string_view> expected;  // compare-and-set: rows that differ are not touched
  std::vector<std::string_view> set;
};
// Returns how many rows matched key and expectation.
std::int64_t UpdateRows(Session& session, const UpdateShape& shape, std::span<const RowUpdate> rows);

// NULL for an empty text.
Value OptionalText(const std::string& text);

// "?, ?, ?" for lists of n values.
std::string Placeholders(std::size_t n);

}  // namespace multihub::storage
