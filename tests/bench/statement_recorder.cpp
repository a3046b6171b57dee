// A library that is loaded into a gateway before SQLite (LD_PRELOAD): it writes every statement that is prepared to
// the file named by BENCH_STATEMENTS, one in a line.

#include <dlfcn.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

void Record(const char* sql, int bytes) {
  static const int file = [] {
    const char* path = std::getenv("BENCH_STATEMENTS");
    return path == nullptr ? -1 : ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  }();
  if (file < 0 || sql == nullptr) return;
  std::string line(sql, bytes < 0 ? std::strlen(sql) : ::strnlen(sql, static_cast<std::size_t>(bytes)));
  for (char& c : line) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  line += '\n';
  // One write, so that lines of several threads stay whole.
  if (::write(file, line.data(), line.size()) < 0) std::abort();
}

}  // namespace

extern "C" int sqlite3_prepare_v2(sqlite3* database, const char* sql, int bytes, sqlite3_stmt** statement,
                                  const char** tail) {
  using Prepare = int (*)(sqlite3*, const char*, int, sqlite3_stmt**, const char**);
  static const auto prepare = reinterpret_cast<Prepare>(::dlsym(RTLD_NEXT, "sqlite3_prepare_v2"));
  Record(sql, bytes);
  return prepare(database, sql, bytes, statement, tail);
}
