#include "multihub/webhooks/retry_schedule.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace multihub::webhooks {
namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kJitterPercent = 20;

std::int64_t Varied(std::int64_t pause_ms, base::Random& random) {
  const std::int64_t spread = pause_ms * kJitterPercent / 100;
  return pause_ms - spread + static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(2 * spread + 1)));
}

// The three forms of RFC 9110: IMF-fixdate, RFC 850, asctime.
std::optional<base::UnixMs> ParseHttpDate(const std::string& text) {
  for (const char* format : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* end = ::strptime(text.c_str(), format, &parts);
    if (end != nullptr && *end == '\0') return static_cast<base::UnixMs>(::timegm(&parts)) * kSecondMs;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> NextPauseMs(const storage::EndpointRow& endpoint, std::int64_t attempt,
                                        std::string_view retry_after, base::UnixMs now_ms, base::Random& random) {
  const auto pause_ms = domain::PauseAfterMs(storage::RetrySettingsOf(endpoint), attempt);
  if (!pause_ms) return std::nullopt;
  const std::int64_t asked_ms = std::min(RetryAfterMs(retry_after, now_ms).value_or(0), domain::kLongestPauseMs);
  return std::max(Varied(*pause_ms, random), asked_ms);
}

std::int64_t ExpiryMs(const storage::EndpointRow& endpoint) {
  return domain::GiveUpAfterMs(storage::RetrySettingsOf(endpoint));
}

std::optional<std::int64_t> RetryAfterMs(std::string_view header, base::UnixMs now_ms) {
  if (header.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  const bool digits_only = header.find_first_not_of("0123456789") == std::string_view::npos;
  // More digits than fit: as long as there is.
  if (digits_only && error == std::errc::result_out_of_range) return domain::kLongestPauseMs;
  if (digits_only && error == std::errc() && end == header.data() + header.size()) {
    return std::min(seconds, domain::kLongestPauseMs / kSecondMs) * kSecondMs;
  }
  const auto date_ms = ParseHttpDate(std::string(header));
  if (!date_ms) return std::nullopt;
  return std::max<std::int64_t>(*date_ms - now_ms, 0);
}

}  // namespace multihub::webhooks
