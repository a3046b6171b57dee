// How many payments of each route reached each status.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "multihub/domain/ids.h"
#include "multihub/domain/payment.h"
#include "multihub/observability/metrics.h"

namespace multihub::payments {

// Thread safe. A route finds its row by its number, without a lock, as long as there are not very many of them.
class RouteCounts {
 public:
  static constexpr std::size_t kStatuses = static_cast<std::size_t>(domain::PaymentStatus::kRefunded) + 1;
  using Counts = std::array<std::uint64_t, kStatuses>;  // by domain::PaymentStatus

  RouteCounts();

  void Add(domain::ServiceId route, domain::PaymentStatus status);
  Counts Of(domain::ServiceId route) const;

 private:
  static constexpr std::size_t kRowBits = 10;
  static constexpr std::size_t kRows = std::size_t{1} << kRowBits;
  static constexpr std::size_t kSteps = 16;  // rows that are tried for a route
  struct Row {
    std::atomic<std::int64_t> service_id{0};  // 0: nobody's
    std::array<observability::Counter, kStatuses> counters;
  };

  static std::size_t PlaceOf(domain::ServiceId route, std::size_t step);

  const std::unique_ptr<std::array<Row, kRows>> rows_;
  mutable std::mutex mutex_;
  std::map<domain::ServiceId, Counts> others_;  // for which there was no row
};

}  // namespace multihub::payments
