// Writes SQLite's write-ahead log in large pieces.
//
// SQLite writes every changed page to its log by two system calls, one for 24 bytes and one for the page: hundreds for
// each COMMIT of a full batch, all but the last few right behind one another. The VFS put in here stands over the
// system's own, keeps what a transaction appends to the log in memory, and gives it to the system at once when SQLite
// asks for the log to be synced, and before anything else is done with that file.
//
// Nothing changes in what is durable when: with synchronous=FULL, which every session of the gateway sets, SQLite syncs
// the log in each COMMIT before anybody is shown its pages. With less it does not, so the last page of a transaction
// goes to the system in any case (the log's format marks it:
// https://www.sqlite.org/fileformat2.html#the_write_ahead_log). What cannot be written fails that write or the sync,
// and with it the COMMIT.
#pragma once

namespace multihub::storage {

// Makes it the VFS of every connection opened from now on. Once, with SQLite initialised.
void UseSqliteLogFile();

}  // namespace multihub::storage
