#include "multihub/domain/route.h"

#include <algorithm>

namespace multihub::domain {

std::string_view NameOf(Direction direction) { return direction == Direction::kIn ? "in" : "out"; }

std::int64_t Route::FeeFor(std::int64_t amount) const {
  const std::int64_t fee = ComputeFee(amount, fee_fixed, fee_bps);
  return direction == Direction::kIn ? std::min(fee, amount) : fee;
}

}  // namespace multihub::domain
