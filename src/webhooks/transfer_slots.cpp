#include "webhooks/transfer_slots.h"

#include "multihub/base/check.h"

namespace multihub::webhooks {
namespace {

constexpr int kCrowdedPercent = 75;
constexpr int kShareWhenCrowded = 4;

template <typename Key>
int CountOf(const std::map<Key, int>& counts, const Key& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

template <typename Key>
void Lower(std::map<Key, int>* counts, const Key& key) {
  const auto found = counts->find(key);
  MULTIHUB_CHECK(found != counts->end());
  if (--found->second == 0) counts->erase(found);
}

}  // namespace

TransferSlots::TransferSlots(int in_all, int per_application, int per_origin)
    : in_all_(in_all), per_application_(per_application), per_origin_(per_origin) {}

bool TransferSlots::HasRoomFor(const OriginKey& key) const {
  const int of_application = CountOf(of_application_, key.first);
  if (full() || of_application >= per_application_ || CountOf(of_origin_, key) >= per_origin_) return false;
  const bool crowded = taken_ * 100 >= in_all_ * kCrowdedPercent;
  return !crowded || of_application < kShareWhenCrowded;
}

void TransferSlots::Take(const OriginKey& key) {
  ++taken_;
  ++of_application_[key.first];
  ++of_origin_[key];
}

void TransferSlots::Free(const OriginKey& key) {
  --taken_;
  Lower(&of_application_, key.first);
  Lower(&of_origin_, key);
}

}  // namespace multihub::webhooks
