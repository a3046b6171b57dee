// How long calls took, by method and code: a table that is found by index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "multihub/errors/code.h"
#include "multihub/observability/metrics.h"
#include "multihub/rpc/method.h"

namespace multihub::rpc {

// Thread safe; no lock.
class RequestMetrics {
 public:
  using Durations = observability::Histogram<observability::kCallScale>;

  // `methods` outlives the object.
  explicit RequestMetrics(const MethodTable& methods)
      : methods_(methods), durations_((methods.size() + 1) * kColumns) {}

  // `method`: one of the table, or nullptr when it was not known yet.
  void Succeeded(const Method* method, std::int64_t took_us) { durations_[RowOf(method)].Observe(took_us); }
  void Refused(const Method* method, errors::Code code, std::int64_t took_us) {
    const std::size_t row = static_cast<std::size_t>(&errors::RowOf(code) - errors::Catalogue().data());
    durations_[RowOf(method) + 1 + row].Observe(took_us);
  }

  std::uint64_t succeeded() const;
  std::uint64_t refused() const;
  // Only what has been answered, but every method's successes.
  void Collect(observability::MetricsPage* page) const;

 private:
  static constexpr std::size_t kColumns = 64;  // success, then the rows of the catalogue

  std::size_t RowOf(const Method* method) const {
    return (method == nullptr ? methods_.size() : static_cast<std::size_t>(method - methods_.data())) * kColumns;
  }

  const MethodTable& methods_;
  std::vector<Durations> durations_;
};

}  // namespace multihub::rpc
