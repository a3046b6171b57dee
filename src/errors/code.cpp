#include "multihub/errors/code.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "multihub/base/check.h"

namespace multihub::errors {
namespace {

constexpr int kNever = 0;
constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;
constexpr int kTooManyRequests = 429;
constexpr bool kRetry = true;
constexpr bool kFinal = false;

constexpr CatalogueRow kRows[] = {
    {Code::kCommonError, "common_error", "Common error", kTooManyRequests, kRetry, "",
     "The gateway sheds the call: a rate limit is exhausted, or more calls are in flight than it takes on. Nothing was "
     "done. details.description says which.",
     "Wait the seconds of the Retry-After header and repeat the same call. When it happens often, spread the calls or "
     "ask for a higher limit."},
    {Code::kEndpointNotFound, "endpoint_not_found", "Endpoint not found", kBadRequest, kFinal, "",
     "The path of the URL is not one of the gateway's.",
     "Send calls to POST /public/api/multihub/v1; check the base URL for a missing or doubled part."},
    {Code::kMethodNotFound, "method_not_found", "The method does not exist / is not available", kNotFound, kFinal, "",
     "The value of method is no method of this API.",
     "Check the spelling and the case of method against the list of methods."},
    {Code::kIncorrectUse, "incorrect_use", "Incorrect use of API", kBadRequest, kFinal, "",
     "The message is not acceptable HTTP/1.x: framing, header syntax, a repeated signature header, or too many or too "
     "long headers. The connection was closed.",
     "Use an ordinary HTTP client, send each X-Data header once and open a new connection."},
    {Code::kRouteNotFound, "route_not_found", "The payment system does not exist for this application", kBadRequest,
     kFinal, "", "The service_id is not assigned to this application.",
     "Use a service_id that was given to you for this application; test and live applications have different ones."},
    {Code::kInvalidRequest, "invalid_request", "Invalid request format", kBadRequest, kFinal, "",
     "The body is not one JSON object by the rules, or a field is missing, of a wrong type or breaks a rule. "
     "details.field names the field, details.description the rule.",
     "Correct the field that details names and send a new call."},
    {Code::kInvalidContentType, "invalid_content_type", "Invalid Content-Type header", kBadRequest, kFinal, "",
     "The Content-Type header is missing or is not application/json.", "Send Content-Type: application/json."},
    {Code::kHttpMethodNotAllowed, "http_method_not_allowed", "HTTP Method Not Allowed", kBadRequest, kFinal, "",
     "The path exists, but not for this HTTP verb.", "Send the call with POST."},
    {Code::kDirectionNotAllowed, "direction_not_allowed", "This method not allowed for payment system", kBadRequest,
     kFinal, "",
     "The route of the service_id goes the other way: a deposit was asked of a payout route or a payout of a deposit "
     "route.",
     "Use payment.in with a deposit service_id and payment.out with a payout service_id."},
    {Code::kInvalidProvider, "invalid_provider", "Invalid provider", kBadRequest, kFinal, "",
     "The route, its assignment or its provider is switched off, or the provider's configuration is broken.",
     "Use another service_id, or ask support when the route will be back."},
    {Code::kCurrencyNotAvailable, "currency_not_available", "Currency does not exist / is not available", kBadRequest,
     kFinal, "", "The route's currency is switched off on the gateway or for this application.",
     "Use a route of another currency, or ask support to enable this one."},
    {Code::kNoBalance, "no_balance", "The balance is not set for this application", kBadRequest, kFinal, "",
     "The application has no balance in the payout's currency, or it is disabled.",
     "Look at balance.get; ask support to open, fund or enable the balance."},
    {Code::kInsufficientFunds, "insufficient_funds", "There are not enough funds on the application", kBadRequest,
     kFinal, "", "The available amount does not cover the payout and its fee. Nothing was reserved.",
     "Top the balance up or send a smaller amount; the same c_id may be used again."},
    {Code::kHubError, "hub_error", "Payment hub error", kBadRequest, kRetry, "",
     "The gateway's storage was unavailable or too slow. Whether a payment was created is open.",
     "Ask payment.status with the c_id. Repeat the call with the same c_id; never use another one for the same order "
     "before the status is known."},
    {Code::kUnexpectedError, "unexpected_error", "Unexpected error", kBadRequest, kRetry, "",
     "Something failed inside the gateway that should not. Whether a payment was created is open.",
     "Ask payment.status with the c_id, then repeat with the same c_id. Tell support the request_id."},
    {Code::kProviderUnavailable, "provider_unavailable", "The payment provider is not available", kBadRequest, kRetry,
     "", "The payment provider behind the route cannot be reached at the moment. No payment was created.",
     "Try again later with the same c_id, or use another service_id."},
    {Code::kAuthenticationError, "authentication_error", "Authentication error", kBadRequest, kFinal, "",
     "The X-Data-Hash does not match the body and the application's secret.",
     "Compute SHA-512 over exactly the bytes that are sent, followed by the secret; check that no library re-encodes "
     "the body afterwards and that the secret belongs to this application."},
    {Code::kBadApplicationIdHeader, "bad_application_id_header", "Missing / incorrect X-Data-Application-Id header",
     kBadRequest, kFinal, "", "X-Data-Application-Id is missing or is not a positive decimal integer.",
     "Send the application id as plain digits, without sign, spaces or leading zeros."},
    {Code::kBadHashHeader, "bad_hash_header", "Missing / incorrect X-Data-Hash header", kBadRequest, kFinal, "",
     "X-Data-Hash is missing or is not 128 hexadecimal digits.", "Send the SHA-512 digest as 128 hexadecimal digits."},
    {Code::kApplicationNotFound, "application_not_found", "The app does not exist", kBadRequest, kFinal, "",
     "No application has the id of X-Data-Application-Id.",
     "Check the id and that the call goes to the right installation."},
    {Code::kApplicationDisabled, "application_disabled", "The app is disabled", kBadRequest, kFinal, "",
     "The application or its merchant is switched off.", "Ask support why and when it will be enabled."},
    {Code::kAddressNotAllowed, "address_not_allowed", "The IP address is not allowed", kBadRequest, kFinal, "",
     "The application has a list of allowed addresses and the caller's is not on it.",
     "Call from a listed address, or ask support to add this one."},
    {Code::kProviderAccountError, "provider_account_error", "Provider account error", kNever, kFinal,
     "reserved: no call answers it", "Kept because the published catalogue numbers it.",
     "Nothing: it is never answered."},
    {Code::kLimitExceeded, "limit_exceeded", "Limit exceeded", kBadRequest, kFinal, "",
     "The amount is below the route's minimum or above its maximum; context holds both. Of webhook.create: the "
     "application has as many endpoints as it may, context.max.",
     "Send an amount within context.min and context.max; delete an endpoint that is no longer used."},
    {Code::kIncorrectAmount, "incorrect_amount", "Incorrect transaction amount", kBadRequest, kFinal, "",
     "The amount is zero, negative or larger than 9007199254740991.",
     "Send a positive whole number of minor units (cents, paise)."},
    {Code::kIncorrectCurrency, "incorrect_currency", "Incorrect currency code", kBadRequest, kFinal, "",
     "amount.currency is not the currency of the route.", "Send the currency of the service_id, in capital letters."},
    {Code::kPaymentExists, "payment_exists", "Payment already exists", kBadRequest, kFinal, "",
     "This application has used the c_id before; context holds that payment's identifiers and status. No second "
     "payment was created.",
     "When this was a repetition, go on with the payment in context. For a new order use a new c_id."},
    {Code::kPaymentNotFound, "payment_not_found", "Payment does not exist", kBadRequest, kFinal, "",
     "No payment of this application has these identifiers, or the ones given disagree with each other or with "
     "service_id. Of the webhook and event methods: the application has no such endpoint or event.",
     "Check the identifiers. Later than 60 seconds after the last call with a c_id this answer means that no payment "
     "exists."},
    {Code::kProviderError, "provider_error", "Provider error", kNever, kFinal,
     "stands in status.error of a payment, never in the answer of a call",
     "The provider refused or failed the payment; its status is error or declined.",
     "The payment is final. Start a new one with a new c_id, perhaps on another route."},
    {Code::kProviderTimeout, "provider_timeout", "Provider timeout", kNever, kFinal,
     "reserved: time alone never fails a payment",
     "A payment whose provider is silent stays non-final and is reconciled.", "Nothing: it is never answered."},
    {Code::kWrongStatus, "wrong_status", "Operation is not allowed in the current status", kBadRequest, kFinal, "",
     "The payment is not final yet, and the operation needs a final one.",
     "Wait for the payment's final status, then repeat."},
    {Code::kNoCallbackUrl, "no_callback_url", "No callback URL for this payment", kBadRequest, kFinal, "",
     "Neither the application nor the payment has an endpoint that could be notified.",
     "Make an endpoint with webhook.create, or send webhook_url with the next payment."},
    {Code::kValidationError, "validation_error", "Validation error", kNever, kFinal, "reserved: 1005 since 2.1",
     "Older versions of the API answered it for what is 1005 now.", "Nothing: it is never answered."},
};

// A switch without a default: the compiler names an enumerator that is missing here, and the assertions below one that
// has no row.
constexpr bool IsEnumerator(Code code) {
  switch (code) {
    case Code::kCommonError:
    case Code::kEndpointNotFound:
    case Code::kMethodNotFound:
    case Code::kIncorrectUse:
    case Code::kRouteNotFound:
    case Code::kInvalidRequest:
    case Code::kInvalidContentType:
    case Code::kHttpMethodNotAllowed:
    case Code::kDirectionNotAllowed:
    case Code::kInvalidProvider:
    case Code::kCurrencyNotAvailable:
    case Code::kNoBalance:
    case Code::kInsufficientFunds:
    case Code::kHubError:
    case Code::kUnexpectedError:
    case Code::kProviderUnavailable:
    case Code::kAuthenticationError:
    case Code::kBadApplicationIdHeader:
    case Code::kBadHashHeader:
    case Code::kApplicationNotFound:
    case Code::kApplicationDisabled:
    case Code::kAddressNotAllowed:
    case Code::kProviderAccountError:
    case Code::kLimitExceeded:
    case Code::kIncorrectAmount:
    case Code::kIncorrectCurrency:
    case Code::kPaymentExists:
    case Code::kPaymentNotFound:
    case Code::kProviderError:
    case Code::kProviderTimeout:
    case Code::kWrongStatus:
    case Code::kNoCallbackUrl:
    case Code::kValidationError:
      return true;
  }
  return false;
}

constexpr bool RowsAreOrderedEnumerators() {
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    if (!IsEnumerator(kRows[i].code)) return false;
    if (i > 0 && kRows[i - 1].code >= kRows[i].code) return false;
  }
  return true;
}

constexpr std::size_t CountEnumerators() {
  constexpr std::int32_t kLargestCode = 9999;
  std::size_t count = 0;
  for (std::int32_t number = 0; number <= kLargestCode; ++number) count += IsEnumerator(static_cast<Code>(number));
  return count;
}

static_assert(RowsAreOrderedEnumerators());
static_assert(CountEnumerators() == std::size(kRows), "every code has one row");

// A row answers calls exactly when it has an HTTP status.
constexpr bool ReservedRowsNeverAnswer() {
  for (const CatalogueRow& row : kRows) {
    if (row.reserved.empty() != (row.http_status != kNever)) return false;
  }
  return true;
}
static_assert(ReservedRowsNeverAnswer());

}  // namespace

std::span<const CatalogueRow> Catalogue() { return kRows; }

const CatalogueRow& RowOf(Code code) {
  const auto* const row = std::lower_bound(std::begin(kRows), std::end(kRows), code,
                                           [](const CatalogueRow& left, Code right) { return left.code < right; });
  MULTIHUB_CHECK(row != std::end(kRows) && row->code == code);
  return *row;
}

}  // namespace multihub::errors
