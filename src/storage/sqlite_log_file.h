// Writes SQLite's write-ahead log in large pieces.
//
// SQLite writes every changed page to its log by two system calls, one for 24 bytes and one for the page: hundreds for
// each COMMIT of a full batch, all but the last few right behind one another. The VFS put in here stands over the
// system's own, keeps what a transaction appends to the log in memory, and gives it to the system at once when SQLite
// asks for the log to be synced, and before anything else is done with that file.
//
// Nothing changes in what is durable when: with synchronous=FULL, which every session sets, SQLite syncs the log in
// each COMMIT before anybody is shown its pages. (With less, other connections would look for pages that are still in
// memory.) What cannot be written fails the sync, and with it the COMMIT, just as a failed write would.
#pragma once

namespace multihub::storage {

// Makes it the VFS of every connection opened from now on. Once, with SQLite initialised.
void UseSqliteLogFile();

}  // namespace multihub::storage
