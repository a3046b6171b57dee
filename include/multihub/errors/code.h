// The error catalogue: one row per code, from which the enum, HTTP status, public text, `multihub errors` and
// docs/errors.md come.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace multihub::errors {

enum class Code : std::int32_t {
  kCommonError = 1000,
  kEndpointNotFound = 1001,
  kMethodNotFound = 1002,
  kIncorrectUse = 1003,
  kRouteNotFound = 1004,
  kInvalidRequest = 1005,
  kInvalidContentType = 1006,
  kHttpMethodNotAllowed = 1007,
  kDirectionNotAllowed = 1008,
  kInvalidProvider = 1009,
  kCurrencyNotAvailable = 1010,
  kNoBalance = 1011,
  kInsufficientFunds = 1012,
  kHubError = 2000,
  kUnexpectedError = 2001,
  kProviderUnavailable = 2002,
  kAuthenticationError = 3000,
  kBadApplicationIdHeader = 3001,
  kBadHashHeader = 3002,
  kApplicationNotFound = 3003,
  kApplicationDisabled = 3004,
  kAddressNotAllowed = 3005,
  kProviderAccountError = 4000,
  kLimitExceeded = 5000,
  kIncorrectAmount = 6001,
  kIncorrectCurrency = 6002,
  kPaymentExists = 6009,
  kPaymentNotFound = 6010,
  kProviderError = 7000,
  kProviderTimeout = 7001,
  kWrongStatus = 8000,
  kNoCallbackUrl = 8001,
  kValidationError = 9000,
};

struct CatalogueRow {
  Code code;
  std::string_view name;      // "kInvalidRequest" without the k: stable word for logs and metrics, snake_case
  std::string_view message;   // public text, published with the contract
  int http_status;            // 0 when the code never answers a call
  bool retry;                 // the same call may succeed later
  std::string_view reserved;  // why the code never answers a call; empty when it does
  std::string_view meaning;   // what happened, for docs/errors.md
  std::string_view advice;    // what the merchant does about it, for docs/errors.md
};

// Ordered by code.
std::span<const CatalogueRow> Catalogue();
// Every enumerator has a row (checked at compile time).
const CatalogueRow& RowOf(Code code);

}  // namespace multihub::errors
