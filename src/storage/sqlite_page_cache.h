// Spares SQLite a walk through its whole page cache at a COMMIT.
//
// When SQLite 3.40 splits a page of a tree between its neighbours, it may have to exchange the numbers of two pages,
// and parks one of them for that on the number of a page that no database has (the one at one gigabyte, where its locks
// are). Its page cache takes that for the greatest number in use, and at the end of the transaction looks through
// everything it holds for pages behind the end of the database. With random keys (c_id) that is every COMMIT of a
// batch. What stands over the cache here lets the page be parked right behind the end instead; then there are a few
// places to look at. With a release of SQLite that no longer parks pages so it does nothing.
#pragma once

namespace multihub::storage {

// Once, before SQLite is initialised.
void UseSqlitePageCache();

}  // namespace multihub::storage
