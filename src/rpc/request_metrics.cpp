#include "rpc/request_metrics.h"

#include <string>

#include "multihub/base/check.h"

namespace multihub::rpc {
namespace {

constexpr std::string_view kNoMethod = "none";

}  // namespace

std::uint64_t RequestMetrics::succeeded() const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < durations_.size(); i += kColumns) count += durations_[i].figures().count();
  return count;
}

std::uint64_t RequestMetrics::refused() const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < durations_.size(); ++i) {
    if (i % kColumns != 0) count += durations_[i].figures().count();
  }
  return count;
}

void RequestMetrics::Collect(observability::MetricsPage* page) const {
  const auto catalogue = errors::Catalogue();
  MULTIHUB_CHECK(catalogue.size() < kColumns);
  for (std::size_t row = 0; row <= methods_.size(); ++row) {
    const std::string_view method = row < methods_.size() ? methods_[row].name : kNoMethod;
    for (std::size_t column = 0; column <= catalogue.size(); ++column) {
      const observability::HistogramFigures figures = durations_[row * kColumns + column].figures();
      const bool from_the_start = column == 0 && row < methods_.size();
      if (figures.count() == 0 && !from_the_start) continue;
      const int code = column == 0 ? 0 : static_cast<int>(catalogue[column - 1].code);
      page->Add(observability::Metric::kRequestDuration, {method, std::to_string(code)}, figures);
    }
  }
}

}  // namespace multihub::rpc
