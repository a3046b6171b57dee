#include "multihub/storage/sealed_card_store.h"

namespace multihub::storage {
namespace {

// By way of the tasks: every unfinished payment has one, and there are few of them.
constexpr std::string_view kSelect =
    "SELECT p.h_id, p.sealed_card FROM provider_tasks t JOIN payments p ON p.h_id = t.h_id "
    "WHERE p.sealed_card IS NOT NULL ORDER BY p.h_id";
constexpr std::string_view kUpdate = "UPDATE payments SET sealed_card = ? WHERE h_id = ? AND sealed_card = ?";

}  // namespace

std::vector<SealedCard> ListSealedCards(Session& session) {
  std::vector<SealedCard> cards;
  session.Query(kSelect, "tt", {}, [&](const Row& row) { cards.push_back({row.text(0), row.text(1)}); });
  return cards;
}

bool ReplaceSealedCard(Session& session, const SealedCard& before, const std::string& sealed) {
  return session.Execute(kUpdate, {sealed, before.h_id, before.sealed}) == 1;
}

}  // namespace multihub::storage
