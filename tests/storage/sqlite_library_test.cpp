// What stands over SQLite's own files and page cache: its log reaches the file in whole pieces and not later than its
// sync, and a database whose pages were split, taken back and given away stays sound.
#include <sqlite3.h>
#include <catch2/catch.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "storage/sqlite_library.h"
#include "support/temp_dir.h"

namespace multihub::storage {
namespace {

constexpr int kOpen = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

// The name of a log, beside its database: SQLite gives it the rights of that.
std::string LogIn(const support::TempDir& dir) {
  support::WriteFile(dir.File("db"), "");
  return dir.File("db-wal");
}

// A file as SQLite opens its log.
class Log {
 public:
  explicit Log(std::string path) : path_(std::move(path)) {
    ConfigureSqlite();
    sqlite3_vfs* vfs = sqlite3_vfs_find("multihub");
    REQUIRE(vfs != nullptr);
    REQUIRE(vfs == sqlite3_vfs_find(nullptr));
    memory_.resize(static_cast<std::size_t>(vfs->szOsFile) / sizeof(std::max_align_t) + 1);
    int flags = 0;
    REQUIRE(vfs->xOpen(vfs, path_.c_str(), file(), kOpen | SQLITE_OPEN_WAL, &flags) == SQLITE_OK);
  }
  ~Log() { file()->pMethods->xClose(file()); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  int Write(const std::string& text, sqlite3_int64 offset) {
    return file()->pMethods->xWrite(file(), text.data(), static_cast<int>(text.size()), offset);
  }
  int Sync() { return file()->pMethods->xSync(file(), SQLITE_SYNC_NORMAL); }
  std::string Read(int size, sqlite3_int64 offset) {
    std::string text(static_cast<std::size_t>(size), '?');
    CHECK(file()->pMethods->xRead(file(), text.data(), size, offset) == SQLITE_OK);
    return text;
  }
  sqlite3_int64 Size() {
    sqlite3_int64 size = -1;
    CHECK(file()->pMethods->xFileSize(file(), &size) == SQLITE_OK);
    return size;
  }
  int Truncate(sqlite3_int64 size) { return file()->pMethods->xTruncate(file(), size); }

  // What another process would find in it.
  std::string Stored() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.data()); }

  std::string path_;
  std::vector<std::max_align_t> memory_;
};

TEST_CASE("sqlite log: what is appended reaches the file at once, by its sync") {
  support::TempDir dir;
  Log log(LogIn(dir));
  CHECK(log.Write("head", 0) == SQLITE_OK);
  CHECK(log.Write("page", 4) == SQLITE_OK);
  CHECK(log.Stored().empty());
  CHECK(log.Sync() == SQLITE_OK);
  CHECK(log.Stored() == "headpage");
  // The next piece begins where SQLite says.
  CHECK(log.Write("PA", 4) == SQLITE_OK);
  CHECK(log.Write("GE", 6) == SQLITE_OK);
  CHECK(log.Sync() == SQLITE_OK);
  CHECK(log.Stored() == "headPAGE");
}

TEST_CASE("sqlite log: the last page of a transaction reaches the file without a sync") {
  support::TempDir dir;
  Log log(LogIn(dir));
  std::string more(24, '\0'), last = more, page(512, 'p');
  last[7] = 2;  // pages in the database after it
  CHECK(log.Write(more, 0) == SQLITE_OK);
  CHECK(log.Write(page, 24) == SQLITE_OK);
  CHECK(log.Write(last, 536) == SQLITE_OK);
  CHECK(log.Stored().empty());
  CHECK(log.Write(page, 560) == SQLITE_OK);
  CHECK(log.Stored() == more + page + last + page);
}

TEST_CASE("sqlite log: whatever else is done with it finds what was written") {
  support::TempDir dir;
  Log log(LogIn(dir));
  CHECK(log.Write("0123456789", 0) == SQLITE_OK);
  SECTION("reading") { CHECK(log.Read(4, 3) == "3456"); }
  SECTION("its size") { CHECK(log.Size() == 10); }
  SECTION("cutting it") {
    CHECK(log.Truncate(5) == SQLITE_OK);
    CHECK(log.Stored() == "01234");
  }
  SECTION("writing over what was written before") {
    CHECK(log.Write("ab", 2) == SQLITE_OK);
    CHECK(log.Stored() == "0123456789");
    CHECK(log.Read(10, 0) == "01ab456789");
  }
  SECTION("writing behind a gap") {
    CHECK(log.Write("x", 12) == SQLITE_OK);
    CHECK(log.Read(13, 0) == std::string("0123456789") + '\0' + '\0' + 'x');
  }
}

TEST_CASE("sqlite log: more than is kept in memory is written in pieces, in order") {
  support::TempDir dir;
  Log log(LogIn(dir));
  std::mt19937 random(1);
  std::string all;
  while (all.size() < 3'000'000) {
    // The largest page SQLite has, now and then.
    const std::size_t size = random() % 50 == 0 ? 65'536 : random() % 5000;
    const std::string part(size, static_cast<char>('a' + random() % 26));
    REQUIRE(log.Write(part, static_cast<sqlite3_int64>(all.size())) == SQLITE_OK);
    all += part;
  }
  CHECK(log.Sync() == SQLITE_OK);
  CHECK(log.Stored() == all);
}

TEST_CASE("sqlite log: what cannot be written fails the sync, and is not tried again") {
  Log log("/dev/full");
  CHECK(log.Write("page", 0) == SQLITE_OK);
  CHECK((log.Sync() & 0xff) == SQLITE_FULL);
  // What is said now is of another kind: a device takes no sync.
  CHECK((log.Sync() & 0xff) == SQLITE_IOERR);
}

TEST_CASE("sqlite log: what was not synced when it is closed is in the file") {
  support::TempDir dir;
  {
    Log log(LogIn(dir));
    CHECK(log.Write("page", 0) == SQLITE_OK);
  }
  Log again(LogIn(dir));
  CHECK(again.Stored() == "page");
}

class Connection {
 public:
  explicit Connection(const std::string& path) {
    ConfigureSqlite();
    REQUIRE(sqlite3_open(path.c_str(), &connection_) == SQLITE_OK);
  }
  ~Connection() { sqlite3_close(connection_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The first column of the last row.
  std::string Run(const std::string& sql) {
    std::string last;
    const auto keep = [](void* text, int, char** values, char**) {
      *static_cast<std::string*>(text) = values[0] == nullptr ? "" : values[0];
      return 0;
    };
    char* trouble = nullptr;
    const int done = sqlite3_exec(connection_, sql.c_str(), keep, &last, &trouble);
    INFO(sql << ": " << (trouble == nullptr ? "" : trouble));
    CHECK(done == SQLITE_OK);
    sqlite3_free(trouble);
    return last;
  }

 private:
  sqlite3* connection_ = nullptr;
};

TEST_CASE("sqlite: trees split by random keys stay sound, with transactions taken back and pages given away") {
  support::TempDir dir;
  const std::string path = dir.path() + "/split.db";
  std::mt19937 random(7);
  std::set<unsigned> keys;
  {
    Connection writer(path), reader(path);
    writer.Run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
    // Few pages in memory: some are written before the transaction ends, and read again.
    writer.Run(GENERATE(as<std::string>{}, "PRAGMA cache_size=20", "PRAGMA cache_size=-65536"));
    writer.Run("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT) WITHOUT ROWID; CREATE INDEX i ON t (v)");
    for (int round = 0; round < 150; ++round) {
      std::set<unsigned> next = keys;
      writer.Run("BEGIN IMMEDIATE");
      for (int i = 0; i < 40; ++i) {
        const unsigned key = random() % 100'000;
        const std::string value =
            "printf('%0" + std::to_string(10 + random() % 700) + "d', " + std::to_string(key) + ")";
        writer.Run("INSERT OR REPLACE INTO t VALUES (" + std::to_string(key) + ", " + value + ")");
        next.insert(key);
        if (random() % 3 == 0) {
          const unsigned gone = *next.begin();
          writer.Run("DELETE FROM t WHERE k = " + std::to_string(gone));
          next.erase(gone);
        }
      }
      if (random() % 4 == 0) {
        writer.Run("ROLLBACK");
      } else {
        writer.Run("COMMIT");
        keys = std::move(next);
      }
      // Another connection is shown what was committed, and all of it.
      REQUIRE(reader.Run("SELECT count(*) FROM t") == std::to_string(keys.size()));
      if (round % 50 == 49) writer.Run("VACUUM");
    }
    CHECK(writer.Run("PRAGMA integrity_check") == "ok");
    CHECK(reader.Run("PRAGMA integrity_check") == "ok");
  }
  Connection again(path);
  CHECK(again.Run("PRAGMA integrity_check") == "ok");
  CHECK(again.Run("SELECT count(*) FROM t") == std::to_string(keys.size()));
}

}  // namespace
}  // namespace multihub::storage
