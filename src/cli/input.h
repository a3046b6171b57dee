// Reading what operators type: each function throws Refused with a sentence that names the option and its rule.
#pragma once

#include <cstdint>
#include <string>

#include "multihub/domain/ids.h"
#include "multihub/domain/money.h"

namespace multihub::cli {

domain::ApplicationId ToApplicationId(std::int64_t value);
domain::MerchantId ToMerchantId(std::int64_t value);
domain::ServiceId ToServiceId(std::int64_t value);
domain::Currency ToCurrency(const std::string& code);

// "24h", "30m", "90s", "7d" or "0", in milliseconds; at most a year.
std::int64_t ToDurationMs(const std::string& option, const std::string& text);

// Refuses a text that is empty, longer than `max` characters, or holds control characters.
void CheckText(const std::string& option, const std::string& text, std::size_t max);

}  // namespace multihub::cli
