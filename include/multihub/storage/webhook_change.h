// What units that change webhooks need besides webhook_store.h: to run one after the other, and to find their own
// effects when they are run again. All functions throw StorageFailure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "multihub/domain/ids.h"
#include "multihub/storage/session.h"
#include "multihub/storage/webhook_store.h"

namespace multihub::storage {

// From here to the end of the transaction no other unit that takes this lock for the application goes on, in any
// process. False: there is no such application.
bool LockApplication(Session& session, domain::ApplicationId application);

// The `expires_ms` of the last UseNonce of this nonce; nullopt: it was never used.
std::optional<std::int64_t> NonceExpiry(Session& session, domain::ApplicationId application, const std::string& nonce);

std::optional<DeliveryRow> FindDelivery(Session& session, const std::string& id);

}  // namespace multihub::storage
