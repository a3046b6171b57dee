#include "multihub/domain/route.h"

#include <algorithm>

#include "multihub/base/seeded_fault.h"

namespace multihub::domain {

std::string_view NameOf(Direction direction) { return direction == Direction::kIn ? "in" : "out"; }

std::int64_t Route::FeeFor(std::int64_t amount) const {
  if (base::SeededFault("payout-without-fee") && direction == Direction::kOut) return 0;
  const std::int64_t fee = ComputeFee(amount, fee_fixed, fee_bps);
  return direction == Direction::kIn ? std::min(fee, amount) : fee;
}

}  // namespace multihub::domain
