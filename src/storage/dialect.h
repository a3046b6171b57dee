// The only place that knows SQLite from MySQL: how to connect, which error means what, where the clock is.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "multihub/storage/session.h"

namespace soci {
class session;
}

namespace multihub::storage::dialect {

// Connects and applies the session settings the stores rely on. Lets SOCI's exceptions through. `options` must live as
// long as the session.
void Connect(soci::session& session, const DatabaseUrl& url, const SessionOptions& options);

// Translates the exception being handled (call inside a catch block) into a StorageFailure and throws it.
[[noreturn]] void Rethrow(Engine engine, const char* doing);

const char* BeginStatement(Engine engine);
std::vector<const char*> SnapshotStatements(Engine engine);

// How many rows one UPDATE changes: as many as a round trip is worth, and one where there is none.
std::size_t RowsPerUpdate(Engine engine);

}  // namespace multihub::storage::dialect
