// The rotation of the master key, as far as webhook endpoints hold something sealed under it.
#pragma once

#include <cstdint>
#include <optional>

#include "multihub/base/random.h"
#include "multihub/base/sealing.h"
#include "multihub/storage/session.h"

namespace multihub::webhooks {

// Seals the secrets of every configured endpoint under `next` instead of `present`, inside the caller's transaction.
// Returns how many endpoints, or nullopt when one does not open under `present`: then roll back. Throws StorageFailure.
std::optional<std::int64_t> ResealEndpoints(storage::Session& session, const base::MasterKey& present,
                                            const base::MasterKey& next, base::Random& random);

}  // namespace multihub::webhooks
