// A webhook as the gateway signs it, for programs that verify: to be altered before they get it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace multihub::snippets {

inline constexpr const char* kApiSecret = "unit-test-secret of a \xc2\xa3 shop";
inline constexpr const char* kOtherApiSecret = "another secret";
inline constexpr const char* kEndpointSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
inline constexpr const char* kOtherEndpointSecret = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
inline constexpr const char* kEventId = "pay_01:payment.completed";
inline constexpr std::int64_t kMinuteMs = 60'000;

struct SentWebhook {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // The header of that name, which must be there.
  std::string& operator[](const std::string& name);
  void Drop(const std::string& name);
  // As proxies may leave them.
  void PutNamesInLowerCase();
  std::string HeaderText(const std::string& line_end = "\n") const;
};

// Signed `late_ms` ago with the application's secret and each of the endpoint's.
SentWebhook SignedWebhook(std::int64_t late_ms = 0, const std::string& api_secret = kApiSecret,
                          const std::vector<std::string>& endpoint_secrets = {kEndpointSecret});

std::string WithFlippedBit(std::string text, std::size_t at);

}  // namespace multihub::snippets
