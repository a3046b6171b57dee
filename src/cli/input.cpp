#include "cli/input.h"

#include <charconv>

#include "cli/refused.h"
#include "multihub/base/utf8.h"
#include "multihub/base/whole_number.h"

namespace multihub::cli {
namespace {

constexpr std::int64_t kYearMs = 366LL * 86'400'000;

std::int64_t CheckId(const char* what, std::int64_t value) {
  if (value < 1 || value > base::kMaxSafeInteger) {
    throw Refused(std::string(what) + " must be a whole number from 1 to " + std::to_string(base::kMaxSafeInteger) +
                  ".");
  }
  return value;
}

// Milliseconds of a unit's letter; 0: no such unit.
std::int64_t UnitMs(std::string_view unit) {
  if (unit == "s") return 1000;
  if (unit == "m") return 60'000;
  if (unit == "h") return 3'600'000;
  if (unit == "d") return 86'400'000;
  return 0;
}

}  // namespace

domain::ApplicationId ToApplicationId(std::int64_t value) { return {CheckId("The application's id", value)}; }
domain::MerchantId ToMerchantId(std::int64_t value) { return {CheckId("The merchant's id", value)}; }
domain::ServiceId ToServiceId(std::int64_t value) { return {CheckId("The service id", value)}; }

domain::Currency ToCurrency(const std::string& code) {
  domain::Currency currency;
  if (!domain::Currency::Parse(code, &currency)) {
    throw Refused("'" + code + "' is no currency; give an ISO 4217 code in capital letters, such as INR.");
  }
  return currency;
}

std::int64_t ToDurationMs(const std::string& option, const std::string& text) {
  if (text == "0") return 0;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::int64_t unit = UnitMs(std::string_view(end, static_cast<std::size_t>(text.data() + text.size() - end)));
  if (error != std::errc() || unit == 0 || count < 0 || count > kYearMs / unit) {
    throw Refused(option + " must be a duration such as 24h, 30m, 90s, 7d or 0, at most 366d.");
  }
  return count * unit;
}

void CheckText(const std::string& option, const std::string& text, std::size_t max) {
  if (text.empty() || !base::IsValidUtf8(text) || base::HasControlCharacters(text) ||
      base::CountUtf8Characters(text) > max) {
    throw Refused(option + " must be 1 to " + std::to_string(max) + " characters of text without control characters.");
  }
}

}  // namespace multihub::cli
