#include "multihub/payments/reseal_cards.h"

#include "multihub/storage/sealed_card_store.h"
#include "payments/accept_payment.h"

namespace multihub::payments {

std::optional<std::int64_t> ResealCards(storage::Session& session, const base::MasterKey& present,
                                        const base::MasterKey& next, base::Random& random) {
  std::int64_t count = 0;
  for (const storage::SealedCard& card : storage::ListSealedCards(session)) {
    const std::optional<base::SecretString> plain = base::Unseal(present, CardBinding(card.h_id), card.sealed);
    if (!plain) return std::nullopt;
    // A card whose provider has acknowledged meanwhile is erased already.
    const std::string sealed = base::Seal(next, CardBinding(card.h_id), plain->Reveal(), random);
    if (storage::ReplaceSealedCard(session, card, sealed)) ++count;
  }
  return count;
}

}  // namespace multihub::payments
