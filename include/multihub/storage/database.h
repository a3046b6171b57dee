// A database: where it is, and how to get a session on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "multihub/base/result.h"
#include "multihub/base/secret_string.h"

namespace multihub::storage {

enum class Engine { kSqlite, kMysql };  // kMysql: any server that speaks the MySQL protocol

// "sqlite:///absolute/path.db", "sqlite:///./relative/path.db",
// "mysql://user:password@host:port/database[?ssl_ca=FILE]".
struct DatabaseUrl {
  Engine engine = Engine::kSqlite;
  std::string path;  // SQLite file
  std::string user, host, database, ssl_ca;
  base::SecretString password;
  int port = 3306;

  // The error is a sentence for the operator; it never repeats the password.
  static base::Result<DatabaseUrl, std::string> Parse(std::string_view text);
  // For logs: without the password.
  std::string Redacted() const;
};

// How long SQLite's log gets before it is written back: pages that many commits change are then written once.
inline constexpr std::size_t kWalPages = 8192;

struct SessionOptions {
  int connect_timeout_s = 3;
  int statement_timeout_s = 8;  // a statement that takes longer loses its connection (MySQL) or reports busy (SQLite)
  bool read_only = false;       // refuses writes on SQLite; on MySQL a promise of the caller
  // SQLite: told after each commit how many pages the write-ahead log has. Who asks for it sees to it that they are
  // written back; else the session does so itself whenever there are kWalPages.
  std::function<void(std::size_t)> on_wal_pages;
};

class Session;

// Thread safe; sessions it opens are not. Tests derive from it to open sessions that fail when told to.
class Database {
 public:
  explicit Database(DatabaseUrl url);
  virtual ~Database() = default;
  // Throws StorageFailure when the database cannot be reached.
  virtual std::unique_ptr<Session> Open(const SessionOptions& options) const;
  std::unique_ptr<Session> Open() const;  // with the default options
  Engine engine() const { return url_.engine; }
  const DatabaseUrl& url() const { return url_; }

 private:
  DatabaseUrl url_;
};

}  // namespace multihub::storage
