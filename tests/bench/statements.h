// Statements as a gateway issued them, and what an engine's plan for one says.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace multihub::bench {

// The statement without its values, so that two that differ only in these, or in how many rows they take at once, have
// the same: literals and parameters become '?', repeated parts of lists and conditions one.
std::string ShapeOf(std::string_view sql);

// True of statements that have to find rows: SELECT, UPDATE and DELETE.
bool FindsRows(std::string_view sql);

// The table or alias that a line of SQLite's EXPLAIN QUERY PLAN reads from one end to the other; nullopt when it finds
// rows by a key, or reads no table.
std::optional<std::string> WholeRead(std::string_view sqlite_plan_line);

// The same of a row of MariaDB's EXPLAIN: id, select_type, table, type, …
std::optional<std::string> WholeRead(const std::vector<std::string>& mariadb_plan_row);

// Tables that an operator fills, not use: reading them whole is meant.
bool StaysSmall(std::string_view table);

}  // namespace multihub::bench
