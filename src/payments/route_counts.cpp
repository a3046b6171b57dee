#include "payments/route_counts.h"

namespace multihub::payments {

RouteCounts::RouteCounts() : rows_(std::make_unique<std::array<Row, kRows>>()) {}

std::size_t RouteCounts::PlaceOf(domain::ServiceId route, std::size_t step) {
  const std::uint64_t mixed = static_cast<std::uint64_t>(route.value) * 0x9e3779b97f4a7c15u;
  return (static_cast<std::size_t>(mixed >> (64 - kRowBits)) + step) % kRows;
}

void RouteCounts::Add(domain::ServiceId route, domain::PaymentStatus status) {
  const auto index = static_cast<std::size_t>(status);
  for (std::size_t step = 0; step < kSteps && route.value != 0; ++step) {
    Row& row = (*rows_)[PlaceOf(route, step)];
    std::int64_t owner = row.service_id.load(std::memory_order_relaxed);
    // Rows are taken once and never given back, so that a lost race shows who has it.
    if (owner == 0 && row.service_id.compare_exchange_strong(owner, route.value, std::memory_order_relaxed)) {
      owner = route.value;
    }
    if (owner == route.value) return row.counters[index].Add();
  }
  const std::lock_guard lock(mutex_);
  ++others_[route][index];
}

RouteCounts::Counts RouteCounts::Of(domain::ServiceId route) const {
  for (std::size_t step = 0; step < kSteps && route.value != 0; ++step) {
    const Row& row = (*rows_)[PlaceOf(route, step)];
    const std::int64_t owner = row.service_id.load(std::memory_order_relaxed);
    if (owner == 0) return {};
    if (owner != route.value) continue;
    Counts counts{};
    for (std::size_t i = 0; i < kStatuses; ++i) counts[i] = row.counters[i].value();
    return counts;
  }
  const std::lock_guard lock(mutex_);
  const auto found = others_.find(route);
  return found == others_.end() ? Counts{} : found->second;
}

}  // namespace multihub::payments
