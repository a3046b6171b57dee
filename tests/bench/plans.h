// Whether the statements of the hot paths find their rows by an index, however many there are.
#pragma once

#include <string>

namespace multihub::bench {

// Prints, for each engine, every statement that a gateway issued during accepting, settling, looking up and webhooks,
// with the plan that the engine makes for it on a database of some size; on SQLite with ten million payments when
// `big`. False when one of them reads a whole table of those that grow with use. Throws std::runtime_error.
bool ReportPlans(const std::string& binary, bool big);

}  // namespace multihub::bench
