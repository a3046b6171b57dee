#include "multihub/storage/session.h"

#include <soci/soci.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <unordered_map>

#include "multihub/base/check.h"
#include "multihub/base/clock.h"
#include "multihub/storage/database.h"
#include "storage/dialect.h"

namespace multihub::storage {
namespace {

// '?' placeholders become SOCI's named ones; binding stays by position.
std::string WithNamedPlaceholders(std::string_view sql) {
  std::string out;
  out.reserve(sql.size() + sql.size() / 4);
  int number = 0;
  for (char c : sql) {
    if (c == '?') {
      out += ":p";
      out += std::to_string(++number);
    } else {
      out += c;
    }
  }
  return out;
}

char LetterOf(const Value& value) { return value.kind() == Value::Kind::kInteger ? 'i' : 't'; }

// How each value is bound. A NULL says nothing: it goes where a number or a text went before, and else as a text.
std::string LettersOf(std::span<const Value> values, std::string_view before) {
  std::string letters(values.size(), 't');
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool says_nothing = values[i].kind() == Value::Kind::kNull && i < before.size();
    letters[i] = says_nothing ? before[i] : LetterOf(values[i]);
  }
  return letters;
}

// A prepared statement with the buffers it is bound to. SOCI keeps pointers into them: never moved.
class Prepared {
 public:
  Prepared(soci::session& session, const std::string& sql, std::string letters, std::string_view columns)
      : statement_(session), letters_(std::move(letters)), in_(letters_.size()), out_(columns.size()) {
    for (std::size_t i = 0; i < in_.size(); ++i) {
      in_[i].letter = letters_[i];
      if (in_[i].letter == 'i') {
        statement_.exchange(soci::use(in_[i].integer, in_[i].indicator));
      } else {
        statement_.exchange(soci::use(in_[i].text, in_[i].indicator));
      }
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      out_[i].letter = columns[i];
      if (columns[i] == 'i') {
        statement_.exchange(soci::into(out_[i].integer, out_[i].indicator));
      } else {
        statement_.exchange(soci::into(out_[i].text, out_[i].indicator));
      }
    }
    statement_.alloc();
    statement_.prepare(sql);
    statement_.define_and_bind();
  }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  bool Fits(std::span<const Value> values, std::string_view columns) const {
    if (values.size() != in_.size() || columns.size() != out_.size()) return false;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].kind() != Value::Kind::kNull && LetterOf(values[i]) != in_[i].letter) return false;
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] != out_[i].letter) return false;
    }
    return true;
  }

  void Bind(std::span<const Value> values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      Slot& slot = in_[i];
      slot.indicator = values[i].kind() == Value::Kind::kNull ? soci::i_null : soci::i_ok;
      if (values[i].kind() == Value::Kind::kInteger) slot.integer = values[i].number();
      if (values[i].kind() == Value::Kind::kText) slot.text = values[i].text();
    }
  }

  const std::string& letters() const { return letters_; }
  soci::statement& statement() { return statement_; }

  struct Slot {
    char letter = 't';
    long long integer = 0;
    std::string text;
    soci::indicator indicator = soci::i_ok;
  };
  const std::vector<Slot>& out() const { return out_; }

 private:
  soci::statement statement_;
  const std::string letters_;
  std::vector<Slot> in_;
  std::vector<Slot> out_;
};

class ResultRow final : public Row {
 public:
  explicit ResultRow(const std::vector<Prepared::Slot>& slots) : slots_(slots) {}
  bool is_null(std::size_t column) const override { return slots_.at(column).indicator == soci::i_null; }
  std::int64_t integer(std::size_t column) const override {
    MULTIHUB_CHECK(slots_.at(column).letter == 'i');
    return is_null(column) ? 0 : slots_[column].integer;
  }
  const std::string& text(std::size_t column) const override {
    MULTIHUB_CHECK(slots_.at(column).letter == 't');
    static const std::string empty;
    return is_null(column) ? empty : slots_[column].text;
  }

 private:
  const std::vector<Prepared::Slot>& slots_;
};

// Keeps at most this many texts prepared, and forgets the one not used for longest. Statements of many rows come in a
// few sizes and an UPDATE in as many forms as its rows have values in common, and each is as large as its values are
// many: one that was not among the last so many statements is forgotten too, when another is prepared, or memory would
// grow for as long as rare forms go on to turn up.
constexpr std::size_t kMaxPrepared = 192;
constexpr std::uint64_t kForgottenAfter = 10'000;

class SociSession final : public Session {
 public:
  SociSession(DatabaseUrl url, SessionOptions options) : url_(std::move(url)), options_(options) { Connect(); }
  ~SociSession() override { prepared_.clear(); }

  std::int64_t Execute(std::string_view sql, std::span<const Value> values) override {
    try {
      Prepared& prepared = Find(sql, values, "");
      prepared.Bind(values);
      prepared.statement().execute(true);
      return prepared.statement().get_affected_rows();
    } catch (const std::exception&) {
      Forget(sql);
      dialect::Rethrow(url_.engine, "statement");
    }
  }

  void Query(std::string_view sql, std::string_view columns, std::span<const Value> values,
             const std::function<void(const Row&)>& each) override {
    try {
      Prepared& prepared = Find(sql, values, columns);
      prepared.Bind(values);
      const ResultRow row(prepared.out());
      bool more = prepared.statement().execute(true);
      // Always to the end: an open cursor would keep SQLite's read snapshot alive.
      while (more) {
        each(row);
        more = prepared.statement().fetch();
      }
    } catch (const std::exception&) {
      Forget(sql);
      dialect::Rethrow(url_.engine, "query");
    }
  }

  void Begin() override { Hard(dialect::BeginStatement(url_.engine)); }
  void BeginSnapshot() override {
    for (const char* statement : dialect::SnapshotStatements(url_.engine)) Hard(statement);
  }
  void Commit() override { Hard("COMMIT"); }

  void Rollback() noexcept override {
    try {
      if (session_) *session_ << "ROLLBACK";
    } catch (const std::exception&) {
      // A connection that cannot even roll back is not used again.
      Close();
    }
  }

  void Reconnect() override {
    Close();
    Connect();
  }

  Engine engine() const override { return url_.engine; }

  std::int64_t DatabaseNowMs() override {
    if (url_.engine == Engine::kSqlite) return base::SystemClock().NowMs();
    return QueryInteger("SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)").value_or(0);
  }

 private:
  struct Text {
    std::unique_ptr<Prepared> prepared;
    std::uint64_t last_used = 0;
  };

  void Connect() {
    try {
      session_ = std::make_unique<soci::session>();
      dialect::Connect(*session_, url_, options_);
    } catch (const std::exception&) {
      session_.reset();
      dialect::Rethrow(url_.engine, "connect");
    }
  }

  void Close() noexcept {
    prepared_.clear();
    session_.reset();
  }

  soci::session& Open() {
    if (!session_) throw StorageFailure(StorageFailure::Kind::kLost, "not connected");
    return *session_;
  }

  void Hard(const char* sql) {
    try {
      Open() << sql;
    } catch (const std::exception&) {
      dialect::Rethrow(url_.engine, sql);
    }
  }

  Prepared& Find(std::string_view sql, std::span<const Value> values, std::string_view columns) {
    soci::session& session = Open();
    auto found = prepared_.find(sql);
    if (found == prepared_.end()) {
      MakeRoom();
      found = prepared_.emplace(std::string(sql), Text{}).first;
    }
    Text& text = found->second;
    text.last_used = ++uses_;
    if (text.prepared && text.prepared->Fits(values, columns)) return *text.prepared;
    // Prepared anew, for what came before as well: a batch has NULLs here and there, and to keep one for every pattern
    // of them would never end.
    std::string letters = LettersOf(values, text.prepared ? text.prepared->letters() : std::string());
    text.prepared = std::make_unique<Prepared>(session, WithNamedPlaceholders(sql), std::move(letters), columns);
    return *text.prepared;
  }

  void MakeRoom() {
    std::erase_if(prepared_, [this](const auto& text) { return text.second.last_used + kForgottenAfter < uses_; });
    if (prepared_.size() < kMaxPrepared) return;
    const auto older = [](const auto& a, const auto& b) { return a.second.last_used < b.second.last_used; };
    prepared_.erase(std::min_element(prepared_.begin(), prepared_.end(), older));
  }

  // A statement that failed is not used again: SOCI would leak the values bound to it, and a cursor may be open.
  void Forget(std::string_view sql) {
    const auto found = prepared_.find(sql);
    if (found != prepared_.end()) prepared_.erase(found);
  }

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  DatabaseUrl url_;
  SessionOptions options_;
  std::unique_ptr<soci::session> session_;
  std::unordered_map<std::string, Text, TextHash, std::equal_to<>> prepared_;
  std::uint64_t uses_ = 0;
};

}  // namespace

Database::Database(DatabaseUrl url) : url_(std::move(url)) {}

std::unique_ptr<Session> Database::Open(const SessionOptions& options) const {
  return std::make_unique<SociSession>(url_, options);
}

std::unique_ptr<Session> Database::Open() const { return Open(SessionOptions{}); }

std::optional<std::int64_t> Session::QueryInteger(std::string_view sql, std::initializer_list<Value> values) {
  std::optional<std::int64_t> result;
  Query(sql, "i", values, [&](const Row& row) {
    if (!result && !row.is_null(0)) result = row.integer(0);
  });
  return result;
}

std::optional<std::string> Session::QueryText(std::string_view sql, std::initializer_list<Value> values) {
  std::optional<std::string> result;
  Query(sql, "t", values, [&](const Row& row) {
    if (!result && !row.is_null(0)) result = row.text(0);
  });
  return result;
}

namespace {

// The pause before the n-th repetition of a unit: 1, 2, 4 … 64 ms.
std::int64_t PauseMs(int attempt) { return std::int64_t{1} << std::min(attempt, 6); }

bool MayRunAgain(StorageFailure::Kind kind) {
  return kind == StorageFailure::Kind::kConflict || kind == StorageFailure::Kind::kLost;
}

}  // namespace

void RunUnit(Session& session, std::int64_t budget_ms, const std::function<void(Session&)>& work) {
  const base::SystemClock clock;
  const std::int64_t give_up_us = clock.MonotonicUs() + budget_ms * 1000;
  bool lost = false;
  for (int attempt = 0;; ++attempt) {
    try {
      if (lost) session.Reconnect();
      lost = false;
      session.Begin();
      work(session);
      session.Commit();
      return;
    } catch (const StorageFailure& failure) {
      lost = failure.kind() == StorageFailure::Kind::kLost;
      if (!lost) session.Rollback();
      if (!MayRunAgain(failure.kind()) || clock.MonotonicUs() >= give_up_us) throw;
    } catch (...) {
      session.Rollback();
      throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(PauseMs(attempt)));
  }
}

}  // namespace multihub::storage
