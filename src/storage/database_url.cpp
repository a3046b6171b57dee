#include <charconv>

#include "multihub/storage/database.h"

namespace multihub::storage {
namespace {

using Parsed = base::Result<DatabaseUrl, std::string>;

constexpr std::string_view kSqlitePrefix = "sqlite:///";
constexpr std::string_view kMysqlPrefix = "mysql://";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Percent escapes let a password hold '@', ':' or '/'.
std::string Unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Cuts `text` at the first `mark`; what follows goes to `rest` (empty when there is none).
std::string_view Cut(std::string_view text, char mark, std::string_view* rest) {
  const std::size_t at = text.find(mark);
  *rest = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return text.substr(0, at);
}

Parsed ParseSqlite(std::string_view rest) {
  if (rest.empty()) return base::Fail(std::string("The SQLite database URL names no file."));
  DatabaseUrl url;
  url.engine = Engine::kSqlite;
  const bool relative = rest.substr(0, 2) == "./" || rest.substr(0, 3) == "../";
  url.path = relative ? std::string(rest) : "/" + std::string(rest);
  if (url.path.find('"') != std::string::npos) {
    return base::Fail(std::string("The SQLite file's name must not hold a double quote."));
  }
  return url;
}

bool ParseOptions(std::string_view options, DatabaseUrl* url) {
  while (!options.empty()) {
    std::string_view rest, value;
    const std::string_view option = Cut(options, '&', &rest);
    const std::string_view name = Cut(option, '=', &value);
    if (name != "ssl_ca" || value.empty()) return false;
    url->ssl_ca = Unescape(value);
    options = rest;
  }
  return true;
}

bool ParseHostPort(std::string_view text, DatabaseUrl* url) {
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    url->host = std::string(text.substr(1, close - 1));
    text.remove_prefix(close + 1);
    if (text.empty()) return true;
    if (text.front() != ':') return false;
    text.remove_prefix(1);
  } else {
    std::string_view port;
    const bool has_port = text.find(':') != std::string_view::npos;
    url->host = std::string(Cut(text, ':', &port));
    if (!has_port) return !url->host.empty();
    text = port;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), url->port);
  return error == std::errc() && end == text.data() + text.size() && url->port > 0 && url->port < 65536 &&
         !url->host.empty();
}

Parsed ParseMysql(std::string_view rest) {
  DatabaseUrl url;
  url.engine = Engine::kMysql;
  std::string_view options, path;
  const std::string_view before_options = Cut(rest, '?', &options);
  const std::string_view authority = Cut(before_options, '/', &path);
  if (path.empty()) return base::Fail(std::string("The MySQL database URL names no database after the host."));
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return base::Fail(std::string("The MySQL database URL names no user."));
  std::string_view password;
  url.user = Unescape(Cut(authority.substr(0, at), ':', &password));
  url.password = base::SecretString(Unescape(password));
  url.database = Unescape(path);
  if (!ParseHostPort(authority.substr(at + 1), &url)) {
    return base::Fail(std::string("The MySQL database URL has no valid host and port."));
  }
  if (!ParseOptions(options, &url)) {
    return base::Fail(std::string("The MySQL database URL has an unknown option; only ssl_ca=FILE is known."));
  }
  return url;
}

}  // namespace

Parsed DatabaseUrl::Parse(std::string_view text) {
  if (text.substr(0, kSqlitePrefix.size()) == kSqlitePrefix) return ParseSqlite(text.substr(kSqlitePrefix.size()));
  if (text.substr(0, kMysqlPrefix.size()) == kMysqlPrefix) return ParseMysql(text.substr(kMysqlPrefix.size()));
  return base::Fail(
      std::string("A database URL begins with sqlite:/// or mysql://, for example sqlite:///./var/multihub.db."));
}

std::string DatabaseUrl::Redacted() const {
  if (engine == Engine::kSqlite) return "sqlite:///" + (path.front() == '/' ? path.substr(1) : path);
  return "mysql://" + user + ":***@" + host + ":" + std::to_string(port) + "/" + database;
}

}  // namespace multihub::storage
