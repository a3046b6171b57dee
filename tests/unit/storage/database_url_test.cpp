#include <catch2/catch.hpp>

#include "multihub/storage/database.h"

using multihub::storage::DatabaseUrl;
using multihub::storage::Engine;

TEST_CASE("SQLite URLs name a file") {
  const auto absolute = DatabaseUrl::Parse("sqlite:///var/lib/m.db");
  REQUIRE(absolute.ok());
  CHECK(absolute->engine == Engine::kSqlite);
  CHECK(absolute->path == "/var/lib/m.db");
  CHECK(absolute->Redacted() == "sqlite:///var/lib/m.db");
  CHECK(DatabaseUrl::Parse("sqlite:///./var/m.db")->path == "./var/m.db");
  CHECK(DatabaseUrl::Parse("sqlite:///../m.db")->path == "../m.db");
}

TEST_CASE("MySQL URLs name user, password, host, port and database") {
  const auto url =
      DatabaseUrl::Parse("mysql://gate%40way:p%40ss%3Aword%2F@db.example:3307/multihub?ssl_ca=%2Fetc%2Fca.pem");
  REQUIRE(url.ok());
  CHECK(url->engine == Engine::kMysql);
  CHECK(url->user == "gate@way");
  CHECK(url->password.Reveal() == "p@ss:word/");
  CHECK(url->host == "db.example");
  CHECK(url->port == 3307);
  CHECK(url->database == "multihub");
  CHECK(url->ssl_ca == "/etc/ca.pem");
  CHECK(url->Redacted() == "mysql://gate@way:***@db.example:3307/multihub");
  CHECK(DatabaseUrl::Parse("mysql://u:p@h/d")->port == 3306);
  CHECK(DatabaseUrl::Parse("mysql://u:p@[::1]:3310/d")->host == "::1");
}

TEST_CASE("anything else is a sentence that does not repeat the password") {
  const char* text =
      GENERATE("", "sqlite://x", "sqlite:///", "mysql://h/d", "mysql://u:secret@h", "mysql://u:secret@/d",
               "mysql://u:secret@h:0/d", "mysql://u:secret@h:99999/d", "mysql://u:secret@h:1x/d",
               "mysql://u:secret@h/d?tls=1", "mysql://u:secret@[::1/d", "postgres://u:secret@h/d");
  CAPTURE(text);
  const auto url = DatabaseUrl::Parse(text);
  REQUIRE_FALSE(url.ok());
  CHECK(url.error().find("secret") == std::string::npos);
  CHECK(url.error().back() == '.');
}
