// One connection to the database, with prepared statements kept by their text. One thread at a time.
//
// SQL is portable text with `?` placeholders, always bound; see docs/architecture.md "SQL". Only the dialect
// (src/storage/dialect) knows which engine is behind it.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "multihub/storage/database.h"

namespace multihub::storage {

// Why a statement or a commit failed. Stores throw it; UnitOfWork and the lanes catch it. It never crosses into the
// code above payments and auth.
class StorageFailure : public std::runtime_error {
 public:
  enum class Kind {
    kConflict,   // deadlock, lock timeout, SQLITE_BUSY: the whole unit may be run again
    kDuplicate,  // a unique key refused an insert
    kLost,       // the connection is gone; during COMMIT the outcome is unknown
    kOther,      // anything else: disk full, read-only, corrupt, missing table …
  };
  // What somebody has to do something about. It chooses words and alerts, and decides nothing.
  enum class Trouble { kNone, kUnreachable, kCredentials, kNoDatabase, kFull, kNotWritable, kDamaged };

  StorageFailure(Kind kind, const std::string& what, Trouble trouble = Trouble::kNone)
      : std::runtime_error(what), kind_(kind), trouble_(trouble) {}
  Kind kind() const { return kind_; }
  Trouble trouble() const { return trouble_; }

 private:
  Kind kind_;
  Trouble trouble_;
};

// A running gateway's alert for trouble that calls cannot cure: database_damaged, database_full,
// database_not_writable. Each at most once a minute, whoever meets it. Thread safe.
void AlertTrouble(const StorageFailure& failure);

// A bound value: absent (NULL), integer or text. Texts are bytes: no padding, folding or normalisation on any engine.
// A text is viewed, not owned: it must live until the statement has run.
class Value {
 public:
  enum class Kind : char { kNull, kInteger, kText };

  Value() = default;
  template <std::integral Integer>
  Value(Integer number) : number_(number), kind_(Kind::kInteger) {}  // NOLINT: meant to be implicit
  Value(std::string_view text) : text_(text), kind_(Kind::kText) {}  // NOLINT
  Value(const std::string& text) : Value(std::string_view(text)) {}  // NOLINT
  Value(const char* text) : Value(std::string_view(text)) {}         // NOLINT
  Value(std::string&&) = delete;                                     // would be gone before the statement runs

  Kind kind() const { return kind_; }
  std::int64_t number() const { return number_; }
  std::string_view text() const { return text_; }
  friend bool operator==(const Value&, const Value&) = default;

 private:
  std::string_view text_;
  std::int64_t number_ = 0;
  Kind kind_ = Kind::kNull;
};

// One row of a result; columns in the order of the SELECT.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(std::size_t column) const = 0;
  // 0 for NULL.
  virtual std::int64_t integer(std::size_t column) const = 0;
  // Empty for NULL.
  virtual const std::string& text(std::size_t column) const = 0;
};

class Session {
 public:
  virtual ~Session() = default;

  // Runs a statement without a result; returns the number of rows it matched.
  virtual std::int64_t Execute(std::string_view sql, std::span<const Value> values) = 0;
  std::int64_t Execute(std::string_view sql, std::initializer_list<Value> values = {}) {
    return Execute(sql, std::span(values.begin(), values.size()));
  }

  // Runs a SELECT. `columns` has one letter per column: 'i' integer, 't' text.
  virtual void Query(std::string_view sql, std::string_view columns, std::span<const Value> values,
                     const std::function<void(const Row&)>& each) = 0;
  void Query(std::string_view sql, std::string_view columns, std::initializer_list<Value> values,
             const std::function<void(const Row&)>& each) {
    Query(sql, columns, std::span(values.begin(), values.size()), each);
  }

  // Begin takes SQLite's write lock at once. Commit may throw kLost: then nobody knows whether it happened.
  virtual void Begin() = 0;
  // A read-only transaction that sees one moment throughout; ended by Rollback.
  virtual void BeginSnapshot() = 0;
  virtual void Commit() = 0;
  // Never throws; a session that cannot roll back counts as lost.
  virtual void Rollback() noexcept = 0;
  // Opens the connection anew (after kLost). Throws StorageFailure.
  virtual void Reconnect() = 0;

  virtual Engine engine() const = 0;
  // The database's clock, milliseconds since 1970 UTC.
  virtual std::int64_t DatabaseNowMs() = 0;

  // Convenience: first column of the first row, or nullopt.
  std::optional<std::int64_t> QueryInteger(std::string_view sql, std::initializer_list<Value> values = {});
  std::optional<std::string> QueryText(std::string_view sql, std::initializer_list<Value> values = {});
};

// Runs `work` between Begin and Commit on `session`, again as a whole on kConflict and kLost (after Reconnect), with
// growing pauses, until `budget_ms` is used up; then the last failure is thrown. `work` must be safe to run again: it
// finds its own effects by key. A StorageFailure of another kind, or any other exception, rolls back and is thrown at
// once.
void RunUnit(Session& session, std::int64_t budget_ms, const std::function<void(Session&)>& work);

}  // namespace multihub::storage
