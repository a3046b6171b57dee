// Own types for the identifiers that must not be mixed up.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace multihub::domain {

template <typename Tag>
struct NumericId {
  std::int64_t value = 0;
  friend auto operator<=>(const NumericId&, const NumericId&) = default;
};

using ApplicationId = NumericId<struct ApplicationTag>;
using MerchantId = NumericId<struct MerchantTag>;
using ServiceId = NumericId<struct ServiceTag>;  // a route's public number, the API's `service_id`

}  // namespace multihub::domain

template <typename Tag>
struct std::hash<multihub::domain::NumericId<Tag>> {
  std::size_t operator()(const multihub::domain::NumericId<Tag>& id) const noexcept {
    return std::hash<std::int64_t>{}(id.value);
  }
};
