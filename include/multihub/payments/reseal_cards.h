// The rotation of the master key, as far as payments hold something sealed under it.
#pragma once

#include <cstdint>
#include <optional>

#include "multihub/base/random.h"
#include "multihub/base/sealing.h"
#include "multihub/storage/session.h"

namespace multihub::payments {

// Seals every card number that still waits for its provider under `next` instead of `present`, inside the caller's
// transaction. Returns how many, or nullopt when one does not open under `present` (then the caller must not commit).
// Throws StorageFailure.
std::optional<std::int64_t> ResealCards(storage::Session& session, const base::MasterKey& present,
                                        const base::MasterKey& next, base::Random& random);

}  // namespace multihub::payments
