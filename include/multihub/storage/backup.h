// A copy of an SQLite database while it is in use.
#pragma once

#include <string>

#include "multihub/base/result.h"
#include "multihub/storage/database.h"
#include "multihub/storage/session.h"

namespace multihub::storage {

// Writes the database behind `session` (SQLite) to `file` as of one moment, checks the copy, and makes it durable; the
// gateway goes on writing meanwhile. `file` appears only when it is whole, with mode 0600; it must not exist. The error
// is a sentence for the operator. Throws StorageFailure.
base::Result<std::int64_t, std::string> BackUp(Session& session, const std::string& file);  // its size in bytes

}  // namespace multihub::storage
