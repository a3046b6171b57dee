// The databases gateways are measured with, looked into and filled from outside the gateway.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/mariadb_server.h"
#include "support/temp_dir.h"

namespace multihub::bench {

using TextRows = std::vector<std::vector<std::string>>;

class Database {
 public:
  virtual ~Database() = default;
  virtual std::string url() const = 0;
  // Runs SQL, a script of several statements too, and returns the rows as text; NULL is an empty text on SQLite.
  // Throws std::runtime_error with the engine's words.
  virtual TextRows Query(const std::string& sql) const = 0;
  // Of the first row's first column. Throws when it is none.
  long long QueryNumber(const std::string& sql) const;
};

// A SQLite file of its own, gone with the object.
std::unique_ptr<Database> NewSqliteDatabase();
// An existing or future file that stays.
std::unique_ptr<Database> SqliteDatabase(const std::string& path);

// The MariaDB server of a benchmark: durable commits and memory enough that what is measured is not the disk's reads.
// Started by the first call. One database at a time: each call drops what the one before made.
class MariadbDatabases {
 public:
  // An empty one.
  std::unique_ptr<Database> New();
  // One that holds what `prepare` left in an empty one; it is called once, then its result is copied.
  template <typename Prepare>
  std::unique_ptr<Database> Copied(const Prepare& prepare) {
    if (!prepared_) {
      prepare(*Named("bench_prepared"));
      prepared_ = true;
    }
    return CopyOfPrepared();
  }

 private:
  support::MariadbServer& server();
  std::unique_ptr<Database> Named(const std::string& name);
  std::unique_ptr<Database> CopyOfPrepared();

  std::unique_ptr<support::MariadbServer> server_;
  bool prepared_ = false;
};

}  // namespace multihub::bench
