// A route: one way money can go, named by its service_id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "multihub/domain/ids.h"
#include "multihub/domain/money.h"

namespace multihub::domain {

enum class Direction { kIn, kOut };            // deposit (`payment.in`), payout (`payment.out`)
std::string_view NameOf(Direction direction);  // "in", "out": on the wire and in the database

inline constexpr std::int64_t kDefaultRouteMaximum = 1'000'000'000'000;   // 10^12 minor units
inline constexpr std::int64_t kLargestRouteMaximum = 10'000'000'000'000;  // 10^13

struct Route {
  ServiceId service_id;
  Direction direction = Direction::kIn;
  Currency currency;
  std::string method;    // "upi", "bank_transfer", "spei", "card", "payid", …
  std::string provider;  // name of the adapter, such as "simulator"
  std::int64_t min = 1;
  std::int64_t max = kDefaultRouteMaximum;
  std::int64_t fee_fixed = 0;
  std::int64_t fee_bps = 0;
  std::vector<std::string> required;  // receiver fields this route asks for: "receiver.person.first_name"
  std::string upi_payee;              // VPA, UPI deposits only
  std::string upi_name;
  bool answer_started = false;  // the answer waits until the provider's `start` returned
  bool enabled = true;

  // Fixed at acceptance: for a deposit at most the amount.
  std::int64_t FeeFor(std::int64_t amount) const;
};

}  // namespace multihub::domain
