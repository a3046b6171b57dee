#include "storage/sqlite_library.h"

#include <sqlite3.h>

#include "multihub/base/check.h"
#include "storage/sqlite_log_file.h"
#include "storage/sqlite_page_cache.h"

namespace multihub::storage {
namespace {

bool Configure() {
  // Every session stays with one thread, so SQLite need not lock around each of its calls.
  MULTIHUB_CHECK(sqlite3_config(SQLITE_CONFIG_MULTITHREAD) == SQLITE_OK);
  UseSqlitePageCache();
  // From here on SQLite is at work, and takes no more of the above.
  MULTIHUB_CHECK(sqlite3_initialize() == SQLITE_OK);
  UseSqliteLogFile();
  return true;
}

}  // namespace

void ConfigureSqlite() {
  static const bool configured = Configure();
  MULTIHUB_CHECK(configured);
}

}  // namespace multihub::storage
