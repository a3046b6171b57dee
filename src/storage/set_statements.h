// Statements over many rows at once, in a few fixed sizes so that each is prepared once per session.
#pragma once

#include <array>
#include <initializer_list>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "multihub/storage/session.h"

namespace multihub::storage {

// An INSERT into some columns of a table; one static object per table, usable from several threads.
class InsertShape {
 public:
  // `columns` is a comma separated list; both views must live as long as this.
  InsertShape(std::string_view table, std::string_view columns);

  std::size_t width() const { return width_; }
  // The statement for this many rows: a power of two, at most kLargest.
  const std::string& Sql(std::size_t rows) const;

  static constexpr std::size_t kLargest = 64;

 private:
  const std::string_view table_, columns_;
  const std::size_t width_;
  mutable std::mutex mutex_;
  mutable std::array<std::string, kLargest + 1> texts_;  // by the number of rows; written once each
};

// Inserts rows given one after the other in `values` (row-major).
void InsertRows(Session& session, const InsertShape& shape, std::span<const Value> values);

// A compare-and-set of some columns of a table.
struct UpdateShape {
  std::string_view table;
  std::vector<std::string_view> key;       // never among `set`
  std::vector<std::string_view> expected;  // compare-and-set: rows that differ are not touched
  std::vector<std::string_view> set;

  std::size_t width() const { return key.size() + expected.size() + set.size(); }
};
// Rows one after the other in `values`, each its key, what it must still hold, what it becomes. Returns how many rows
// matched key and expectation.
std::int64_t UpdateRows(Session& session, const UpdateShape& shape, std::span<const Value> values);

// NULL for an empty text.
Value OptionalText(const std::string& text);
Value OptionalText(std::string&&) = delete;  // a Value only views its text

// "?, ?, ?" for lists of n values.
std::string Placeholders(std::size_t n);

// IN lists come in few sizes, so that few statements are prepared: a power of two, filled up with the last value.
std::size_t ListSize(std::size_t n);
std::vector<Value> FilledList(std::span<const std::string> values);  // not empty

}  // namespace multihub::storage
