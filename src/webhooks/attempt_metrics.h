// What became of attempts to send webhooks, counted by kind of end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "multihub/net/http_client.h"
#include "multihub/observability/metrics.h"

namespace multihub::webhooks {

// Thread safe.
class AttemptMetrics {
 public:
  void Ended(const net::OutgoingAnswer& answer);
  // An attempt delivered it, or was its last.
  void DeliveryEnded(bool delivered) { (delivered ? delivered_ : failed_).Add(); }

  std::uint64_t delivered() const { return delivered_.value(); }
  std::uint64_t failed() const { return failed_.value(); }
  std::uint64_t failed_attempts() const;
  void Collect(observability::MetricsPage* page) const;

 private:
  static constexpr std::size_t kErrors = static_cast<std::size_t>(net::CallError::kNetwork) + 1;
  static constexpr std::size_t kClasses = 6;  // hundreds of the HTTP status; 0: none that HTTP knows

  std::array<observability::Counter, kErrors> by_error_;  // kNone stays empty
  std::array<observability::Counter, kClasses> by_class_;
  observability::Histogram<observability::kAttemptScale> durations_;
  observability::Counter delivered_, failed_;
};

}  // namespace multihub::webhooks
