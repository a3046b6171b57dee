#include "multihub/domain/upi_link.h"

#include <catch2/catch.hpp>

using multihub::domain::Currency;
using multihub::domain::Money;
using multihub::domain::UpiLink;

namespace {

Money Rupees(std::int64_t minor) {
  Money money;
  money.minor = minor;
  REQUIRE(Currency::Parse("INR", &money.currency));
  return money;
}

}  // namespace

TEST_CASE("a UPI link reads as the specification's example") {
  CHECK(UpiLink("shop@examplebank", "Example Shop", Rupees(25000), "pay_01hx3q7k2m4v8d5e6f7g8h9j0k") ==
        "upi://pay?pa=shop%40examplebank&pn=Example%20Shop&am=250.00&cu=INR&tr=pay_01hx3q7k2m4v8d5e6f7g8h9j0k");
}

TEST_CASE("values are escaped as encodeURIComponent does") {
  struct Row {
    const char* name;
    const char* encoded;
  };
  const Row rows[] = {
      {"A-Z_a.z~0!*'()", "A-Z_a.z~0!*'()"},
      {"a&b=c", "a%26b%3Dc"},
      {"100% + #1?/", "100%25%20%2B%20%231%3F%2F"},
      {"\"<>[]{}|\\^`;:,$", "%22%3C%3E%5B%5D%7B%7D%7C%5C%5E%60%3B%3A%2C%24"},
      {"Caf\xC3\xA9 \xE2\x82\xB9", "Caf%C3%A9%20%E2%82%B9"},
      {"", ""},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(UpiLink("a@b", row.name, Rupees(1), "r&1") ==
          std::string("upi://pay?pa=a%40b&pn=") + row.encoded + "&am=0.01&cu=INR&tr=r%261");
  }
}
