// What SQLite is given before its first connection: how many threads use a connection, and two parts of its own that
// stand over those it brings (sqlite_log_file.h, sqlite_page_cache.h).
#pragma once

namespace multihub::storage {

// Before every connection; does its work once in the process. Any thread.
void ConfigureSqlite();

}  // namespace multihub::storage
