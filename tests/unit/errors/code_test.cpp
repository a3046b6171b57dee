#include "multihub/errors/code.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <string>

#include "unit/base/expect_abort.h"

namespace multihub::errors {
namespace {

struct Published {
  std::int32_t number;
  const char* name;
  const char* message;
  int http_status;
  bool retry;
};

// The published table, number by number; a status of 0 is a code that answers no call.
constexpr Published kPublished[] = {
    {1000, "common_error", "Common error", 429, true},
    {1001, "endpoint_not_found", "Endpoint not found", 400, false},
    {1002, "method_not_found", "The method does not exist / is not available", 404, false},
    {1003, "incorrect_use", "Incorrect use of API", 400, false},
    {1004, "route_not_found", "The payment system does not exist for this application", 400, false},
    {1005, "invalid_request", "Invalid request format", 400, false},
    {1006, "invalid_content_type", "Invalid Content-Type header", 400, false},
    {1007, "http_method_not_allowed", "HTTP Method Not Allowed", 400, false},
    {1008, "direction_not_allowed", "This method not allowed for payment system", 400, false},
    {1009, "invalid_provider", "Invalid provider", 400, false},
    {1010, "currency_not_available", "Currency does not exist / is not available", 400, false},
    {1011, "no_balance", "The balance is not set for this application", 400, false},
    {1012, "insufficient_funds", "There are not enough funds on the application", 400, false},
    {2000, "hub_error", "Payment hub error", 400, true},
    {2001, "unexpected_error", "Unexpected error", 400, true},
    {2002, "provider_unavailable", "The payment provider is not available", 400, true},
    {3000, "authentication_error", "Authentication error", 400, false},
    {3001, "bad_application_id_header", "Missing / incorrect X-Data-Application-Id header", 400, false},
    {3002, "bad_hash_header", "Missing / incorrect X-Data-Hash header", 400, false},
    {3003, "application_not_found", "The app does not exist", 400, false},
    {3004, "application_disabled", "The app is disabled", 400, false},
    {3005, "address_not_allowed", "The IP address is not allowed", 400, false},
    {4000, "provider_account_error", "Provider account error", 0, false},
    {5000, "limit_exceeded", "Limit exceeded", 400, false},
    {6001, "incorrect_amount", "Incorrect transaction amount", 400, false},
    {6002, "incorrect_currency", "Incorrect currency code", 400, false},
    {6009, "payment_exists", "Payment already exists", 400, false},
    {6010, "payment_not_found", "Payment does not exist", 400, false},
    {7000, "provider_error", "Provider error", 0, false},
    {7001, "provider_timeout", "Provider timeout", 0, false},
    {8000, "wrong_status", "Operation is not allowed in the current status", 400, false},
    {8001, "no_callback_url", "No callback URL for this payment", 400, false},
    {9000, "validation_error", "Validation error", 0, false},
};

TEST_CASE("the catalogue is the published table, in its order") {
  REQUIRE(Catalogue().size() == std::size(kPublished));
  for (std::size_t i = 0; i < std::size(kPublished); ++i) {
    const Published& expected = kPublished[i];
    const CatalogueRow& row = Catalogue()[i];
    CAPTURE(expected.number);
    CHECK(static_cast<std::int32_t>(row.code) == expected.number);
    CHECK(row.name == expected.name);
    CHECK(row.message == expected.message);
    CHECK(row.http_status == expected.http_status);
    CHECK(row.retry == expected.retry);
    CHECK(row.reserved.empty() == (expected.http_status != 0));
  }
}

TEST_CASE("the codes that answer no call say why") {
  CHECK(RowOf(Code::kProviderAccountError).reserved.find("reserved") != std::string_view::npos);
  CHECK(RowOf(Code::kProviderError).reserved.find("status.error") != std::string_view::npos);
  CHECK(RowOf(Code::kProviderTimeout).reserved.find("time alone never fails a payment") != std::string_view::npos);
  CHECK(RowOf(Code::kValidationError).reserved.find("1005 since 2.1") != std::string_view::npos);
}

TEST_CASE("the row of a code is the code's own") {
  for (const CatalogueRow& row : Catalogue()) CHECK(&RowOf(row.code) == &row);
}

TEST_CASE("a number that is no code has no row") {
  for (const std::int32_t number : {-1, 0, 999, 1013, 1999, 6003, 9001, 10000}) {
    CAPTURE(number);
    CHECK(base::Aborts([number] { static_cast<void>(RowOf(static_cast<Code>(number))); }));
  }
}

TEST_CASE("names are distinct snake_case words") {
  std::set<std::string_view> names;
  for (const CatalogueRow& row : Catalogue()) {
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK_FALSE(row.name.empty());
    CHECK(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
  }
}

TEST_CASE("every row tells in sentences what happened and what to do") {
  for (const CatalogueRow& row : Catalogue()) {
    CAPTURE(row.name);
    for (const std::string_view text : {row.meaning, row.advice}) {
      REQUIRE(text.size() > 20);
      CHECK(text.ends_with('.'));
      CHECK(text.find('\n') == std::string_view::npos);
      CHECK(text.find("  ") == std::string_view::npos);
      // The pages made of them are tables.
      CHECK(text.find('|') == std::string_view::npos);
    }
  }
}

}  // namespace
}  // namespace multihub::errors
