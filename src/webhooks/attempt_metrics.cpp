#include "webhooks/attempt_metrics.h"

#include <string_view>

namespace multihub::webhooks {
namespace {

using observability::Metric;

constexpr std::size_t kSuccessClass = 2;

}  // namespace

void AttemptMetrics::Ended(const net::OutgoingAnswer& answer) {
  durations_.Observe(answer.duration_ms);
  if (answer.error != net::CallError::kNone) return by_error_[static_cast<std::size_t>(answer.error)].Add();
  const bool known = answer.status >= 100 && answer.status < static_cast<int>(kClasses) * 100;
  by_class_[known ? static_cast<std::size_t>(answer.status / 100) : 0].Add();
}

std::uint64_t AttemptMetrics::failed_attempts() const {
  std::uint64_t count = 0;
  for (const observability::Counter& counter : by_error_) count += counter.value();
  for (std::size_t i = 0; i < kClasses; ++i) count += i == kSuccessClass ? 0 : by_class_[i].value();
  return count;
}

void AttemptMetrics::Collect(observability::MetricsPage* page) const {
  static constexpr std::array<std::string_view, kClasses> kClassNames = {"odd_status", "1xx", "2xx",
                                                                         "3xx",        "4xx", "5xx"};
  for (std::size_t i = 0; i < kClasses; ++i) page->Add(Metric::kWebhookAttempts, {kClassNames[i]}, by_class_[i]);
  for (std::size_t i = 0; i < kErrors; ++i) {
    const auto error = static_cast<net::CallError>(i);
    if (error != net::CallError::kNone) page->Add(Metric::kWebhookAttempts, {net::NameOf(error)}, by_error_[i]);
  }
  page->Add(Metric::kWebhookAttemptTime, {}, durations_.figures());
  page->Add(Metric::kWebhookEnded, {"delivered"}, delivered_);
  page->Add(Metric::kWebhookEnded, {"failed"}, failed_);
}

}  // namespace multihub::webhooks
