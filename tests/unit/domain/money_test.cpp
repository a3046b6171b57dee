#include "multihub/domain/money.h"

#include <catch2/catch.hpp>

#include <string>

using multihub::domain::ComputeFee;
using multihub::domain::Currency;
using multihub::domain::FormatDecimal;
using multihub::domain::kMaxAmount;
using multihub::domain::Money;

namespace {

Currency Of(const char* code) {
  Currency currency;
  REQUIRE(Currency::Parse(code, &currency));
  return currency;
}

}  // namespace

TEST_CASE("a currency has the minor digits of ISO 4217") {
  struct Row {
    int digits;
    std::string codes;
  };
  const Row rows[] = {
      {0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"},
      {2, "INR USD EUR MXN ARS AUD BRL GBP HUF IDR MGA MRU NGN PKR THB TRY TWD UYU XCD XCG ZAR ZWG AED ZMW"},
      {3, "BHD IQD JOD KWD LYD OMR TND"},
      {4, "CLF UYW"},
  };
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.codes.size(); i += 4) {
      const std::string code = row.codes.substr(i, 3);
      INFO(code);
      const Currency currency = Of(code.c_str());
      CHECK(currency.code() == code);
      CHECK(currency.minor_digits() == row.digits);
    }
  }
}

TEST_CASE("exactly 164 of all three-letter codes are currencies") {
  int count = 0;
  std::string code = "AAA";
  for (code[0] = 'A'; code[0] <= 'Z'; ++code[0]) {
    for (code[1] = 'A'; code[1] <= 'Z'; ++code[1]) {
      for (code[2] = 'A'; code[2] <= 'Z'; ++code[2]) {
        Currency currency;
        if (Currency::Parse(code, &currency)) ++count;
      }
    }
  }
  CHECK(count == 164);
}

TEST_CASE("what is no active currency code is refused and changes nothing") {
  using namespace std::string_view_literals;
  const std::string_view refused[] = {""sv,     "I"sv,     "IN"sv,  "INRR"sv, "inr"sv, "Inr"sv, " INR"sv, "INR "sv,
                                      "IN\0"sv, "INR\0"sv, "356"sv, "AAA"sv,  "ZZZ"sv, "XXX"sv, "XTS"sv,  "XAU"sv,
                                      "XDR"sv,  "ANG"sv,   "BGN"sv, "HRK"sv,  "SLL"sv, "ZWL"sv, "CUC"sv,  "₹"sv};
  for (const std::string_view code : refused) {
    INFO(code);
    Currency currency = Of("JPY");
    CHECK_FALSE(Currency::Parse(code, &currency));
    CHECK(currency.code() == "JPY");
  }
}

TEST_CASE("no currency is XXX without minor digits") {
  CHECK(Currency().code() == "XXX");
  CHECK(Currency().minor_digits() == 0);
  CHECK(Currency() != Of("JPY"));
}

TEST_CASE("an amount is written with the currency's own decimals") {
  struct Row {
    const char* currency;
    std::int64_t minor;
    const char* text;
  };
  const Row rows[] = {
      {"INR", 25000, "250.00"},
      {"INR", 0, "0.00"},
      {"INR", 1, "0.01"},
      {"INR", 10, "0.10"},
      {"INR", 99, "0.99"},
      {"INR", 100, "1.00"},
      {"JPY", 500, "500"},
      {"JPY", 0, "0"},
      {"KWD", 1, "0.001"},
      {"KWD", 1000, "1.000"},
      {"KWD", 12345, "12.345"},
      {"CLF", 1, "0.0001"},
      {"CLF", 12345, "1.2345"},
      {"USD", kMaxAmount, "90071992547409.91"},
      {"JPY", kMaxAmount, "9007199254740991"},
  };
  for (const Row& row : rows) {
    INFO(row.currency << " " << row.minor);
    CHECK(FormatDecimal({row.minor, Of(row.currency)}) == row.text);
  }
}

TEST_CASE("money is equal when amount and currency are") {
  CHECK(Money{5, Of("INR")} == Money{5, Of("INR")});
  CHECK_FALSE(Money{5, Of("INR")} == Money{6, Of("INR")});
  CHECK_FALSE(Money{5, Of("INR")} == Money{5, Of("USD")});
}

TEST_CASE("a fee is fixed plus basis points, rounded half up") {
  struct Row {
    std::int64_t amount, fixed, bps, fee;
  };
  const Row rows[] = {
      {0, 0, 0, 0},
      {25000, 0, 0, 0},
      {25000, 7, 0, 7},
      {25000, 0, 100, 250},
      {25000, 30, 100, 280},
      {49, 0, 100, 0},   // 0.49 → 0
      {50, 0, 100, 1},   // 0.50 → 1
      {149, 0, 100, 1},  // 1.49 → 1
      {150, 0, 100, 2},  // 1.50 → 2
      {4999, 0, 1, 0},   // 0.4999 → 0
      {5000, 0, 1, 1},   // 0.5 → 1
      {14999, 0, 1, 1},  // 1.4999 → 1
      {1, 0, 10000, 1},  // all of it
      {1, 0, 5000, 1},   // half of one
      {1, 0, 4999, 0},
      {10'000'000'000'000, 5, 10000, 10'000'000'000'005},
      {1'000'000'000'000'000, 0, 10000, 1'000'000'000'000'000},  // 10^19 before the division: over 64 bits
      {kMaxAmount, 0, 10000, kMaxAmount},
      {kMaxAmount, 0, 9999, 9006298534815517},
      {kMaxAmount, 1, 10000, kMaxAmount},           // clamped
      {kMaxAmount, kMaxAmount, 10000, kMaxAmount},  // clamped
      {0, kMaxAmount, 0, kMaxAmount},
  };
  for (const Row& row : rows) {
    INFO(row.amount << " " << row.fixed << " " << row.bps);
    CHECK(ComputeFee(row.amount, row.fixed, row.bps) == row.fee);
  }
}
