#include "multihub/webhooks/reseal_endpoints.h"

#include "multihub/storage/webhook_store.h"

namespace multihub::webhooks {
namespace {

// False when it does not open.
bool Reseal(std::string* sealed, const std::string& place, const base::MasterKey& present, const base::MasterKey& next,
            base::Random& random) {
  if (sealed->empty()) return true;
  const auto plain = base::Unseal(present, place, *sealed);
  if (!plain) return false;
  *sealed = base::Seal(next, place, plain->Reveal(), random);
  return true;
}

}  // namespace

std::optional<std::int64_t> ResealEndpoints(storage::Session& session, const base::MasterKey& present,
                                            const base::MasterKey& next, base::Random& random) {
  std::int64_t count = 0;
  for (storage::EndpointRow& row : storage::AllEndpoints(session, storage::kSourceConfigured)) {
    const std::string place = storage::EndpointSecretPlace(row.id);
    if (!Reseal(&row.sealed_secret, place, present, next, random) ||
        !Reseal(&row.sealed_previous_secret, place, present, next, random)) {
      return std::nullopt;
    }
    storage::UpdateEndpoint(session, row);
    ++count;
  }
  return count;
}

}  // namespace multihub::webhooks
