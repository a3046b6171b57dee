// The names of webhook events, and which of them an endpoint wants (webhooks "Events").
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace multihub::domain {

inline constexpr std::string_view kPaymentCreated = "payment.created";
inline constexpr std::string_view kPaymentProcessing = "payment.processing";
inline constexpr std::string_view kPaymentCompleted = "payment.completed";
inline constexpr std::string_view kPaymentFailed = "payment.failed";
inline constexpr std::string_view kPaymentCancelled = "payment.cancelled";
inline constexpr std::string_view kPaymentRefunded = "payment.refunded";
inline constexpr std::string_view kPayoutCreated = "payout.created";
inline constexpr std::string_view kPayoutCompleted = "payout.completed";
inline constexpr std::string_view kPayoutFailed = "payout.failed";
inline constexpr std::string_view kWebhookTest = "webhook.test";

struct EventRow {
  std::string_view name;
  bool by_default;  // in the default subscription
};

// Every event there is, in the order of the documentation.
inline constexpr std::array<EventRow, 10> kEvents = {{
    {kPaymentCreated, true},
    {kPaymentProcessing, false},
    {kPaymentCompleted, true},
    {kPaymentFailed, true},
    {kPaymentCancelled, false},
    {kPaymentRefunded, true},
    {kPayoutCreated, true},
    {kPayoutCompleted, true},
    {kPayoutFailed, true},
    {kWebhookTest, false},
}};

// "*" subscribes to everything.
inline constexpr std::string_view kEveryEvent = "*";

// Byte for byte; "*" is no event name.
bool IsKnownEvent(std::string_view name);

// The names of kEvents that stand in the default subscription, comma separated and in table order.
const std::string& DefaultSubscription();

// A filter from the names a caller gave: repeated names once, in table order, comma separated; "*" when it is among
// them. Empty names: the empty filter. nullopt when a name is neither known nor "*".
std::optional<std::string> JoinFilter(std::span<const std::string> names);

// `filter` is a stored subscription: comma separated names, no spaces. Empty means the default subscription; "*" takes
// every event. A name is compared whole: "payment.failed" does not take "payment.fail".
bool Matches(std::string_view filter, std::string_view event);

}  // namespace multihub::domain
