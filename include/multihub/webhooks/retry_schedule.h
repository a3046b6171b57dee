// The retry schedule of domain/retry_schedule.h as it is used: varied, and lengthened at the receiver's wish.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/storage/webhook_store.h"

namespace multihub::webhooks {

inline constexpr std::int64_t kDefaultTimeoutS = 30;

// The pause after the n-th attempt (from 1): varied by ±20 %, so that what failed together is not repeated together,
// and then lengthened to what a Retry-After header asks for, at most 24 h; it never shortens. nullopt after the last.
std::optional<std::int64_t> NextPauseMs(const storage::EndpointRow& endpoint, std::int64_t attempt,
                                        std::string_view retry_after, base::UnixMs now_ms, base::Random& random);
// domain::GiveUpAfterMs of the endpoint's settings.
std::int64_t ExpiryMs(const storage::EndpointRow& endpoint);

// Milliseconds from now that a Retry-After header asks for (seconds or an HTTP date); nullopt: none, or not readable.
std::optional<std::int64_t> RetryAfterMs(std::string_view header, base::UnixMs now_ms);

}  // namespace multihub::webhooks
