// The sealed card numbers of payouts that are not settled yet, for the rotation of the master key.
#pragma once

#include <string>
#include <vector>

#include "multihub/storage/session.h"

namespace multihub::storage {

struct SealedCard {
  std::string h_id;
  std::string sealed;
};

// All there are: payments without a final word, a card number among them only until its provider acknowledged.
std::vector<SealedCard> ListSealedCards(Session& session);
// Compare-and-set; false when the payment's sealed card is no longer `before.sealed`.
bool ReplaceSealedCard(Session& session, const SealedCard& before, const std::string& sealed);

}  // namespace multihub::storage
