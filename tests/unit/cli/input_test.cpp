#include "cli/input.h"

#include <catch2/catch.hpp>
#include <optional>

#include "cli/refused.h"

namespace multihub::cli {
namespace {

TEST_CASE("durations are a whole number and a unit, or 0") {
  struct Row {
    const char* text;
    std::optional<std::int64_t> ms;
  };
  const Row rows[] = {
      {"0", 0},
      {"24h", 86'400'000},
      {"30m", 1'800'000},
      {"90s", 90'000},
      {"7d", 604'800'000},
      {"0h", 0},
      {"366d", 31'622'400'000},
      {"367d", std::nullopt},
      {"", std::nullopt},
      {"5", std::nullopt},
      {"h", std::nullopt},
      {"-1h", std::nullopt},
      {"1.5h", std::nullopt},
      {"1 h", std::nullopt},
      {"1w", std::nullopt},
      {"99999999999999999999h", std::nullopt},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    if (row.ms) {
      CHECK(ToDurationMs("--overlap", row.text) == *row.ms);
    } else {
      CHECK_THROWS_AS(ToDurationMs("--overlap", row.text), Refused);
    }
  }
}

TEST_CASE("ids are 1 to 2^53-1") {
  CHECK(ToApplicationId(1).value == 1);
  CHECK(ToServiceId(9007199254740991).value == 9007199254740991);
  CHECK_THROWS_AS(ToApplicationId(0), Refused);
  CHECK_THROWS_AS(ToMerchantId(9007199254740992), Refused);
}

TEST_CASE("a currency is an ISO code in capitals") {
  CHECK(ToCurrency("INR").code() == "INR");
  for (const char* text : {"inr", "IN", "INRX", "ZZZ", ""}) {
    INFO(text);
    CHECK_THROWS_AS(ToCurrency(text), Refused);
  }
}

TEST_CASE("a text is refused when empty, too long, or with control characters") {
  CHECK_NOTHROW(CheckText("--name", "Caf\u00e9", 4));
  for (const std::string& text : {std::string(), std::string("12345"), std::string("a\nb"), std::string("\xff")}) {
    CHECK_THROWS_AS(CheckText("--name", text, 4), Refused);
  }
}

}  // namespace
}  // namespace multihub::cli
