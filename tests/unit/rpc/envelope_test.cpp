#include "rpc/envelope.h"
#include "support/json.h"

#include <catch2/catch.hpp>
#include <string>

namespace multihub::rpc {
namespace {

constexpr std::string_view kId = "00000000-0000-4000-8000-000000000001";

TEST_CASE("a success is the published vector byte for byte") {
  CHECK(RenderSuccess(R"({"message":"pong"})", kId, 3) ==
        R"({"success":true,"result":{"message":"pong"},"request_id":"00000000-0000-4000-8000-000000000001",)"
        R"("processing_time":3})");
}

TEST_CASE("an error shows code, message, details and context, byte for byte") {
  CHECK(RenderRefusal(errors::Refuse(errors::Code::kPaymentNotFound), kId, 0) ==
        R"({"success":false,"error":{"code":6010,"message":"Payment does not exist","details":null,"context":null},)"
        R"("request_id":"00000000-0000-4000-8000-000000000001","processing_time":0})");
  CHECK(RenderRefusal(errors::Invalid("params.payment.payer", "params.payment.payer is required"), kId, 12) ==
        R"({"success":false,"error":{"code":1005,"message":"Invalid request format","details":{"description":)"
        R"("params.payment.payer is required","field":"params.payment.payer"},"context":null},)"
        R"("request_id":"00000000-0000-4000-8000-000000000001","processing_time":12})");
  CHECK(RenderRefusal(errors::RateLimited(7), kId, 1) ==
        R"({"success":false,"error":{"code":1000,"message":"Common error","details":{"description":)"
        R"("Rate limit exceeded"},"context":null},"request_id":"00000000-0000-4000-8000-000000000001",)"
        R"("processing_time":1})");
}

TEST_CASE("context stands as it is given") {
  errors::Refusal refusal = errors::Refuse(errors::Code::kPaymentExists);
  refusal.context = R"({"identifiers":{"c_id":7,"h_id":"pay_1"},"status":"created"})";
  const auto body = nlohmann::json::parse(RenderRefusal(refusal, kId, 0));
  CHECK(body["error"]["details"].is_null());
  CHECK(body["error"]["context"]["identifiers"]["c_id"] == 7);
}

TEST_CASE("details are there exactly for 1005 and 1000, and the internal text never shows") {
  for (const errors::CatalogueRow& row : errors::Catalogue()) {
    errors::Refusal refusal = errors::Refuse(row.code);
    refusal.description = "public words";
    refusal.internal = "internal words";
    const std::string text = RenderRefusal(refusal, kId, 0);
    CAPTURE(text);
    const auto error = nlohmann::json::parse(text)["error"];
    CHECK(error.size() == 4);
    CHECK(error["code"] == static_cast<int>(row.code));
    CHECK(error["message"] == std::string(row.message));
    const bool has_details = row.code == errors::Code::kInvalidRequest || row.code == errors::Code::kCommonError;
    CHECK(error["details"].is_object() == has_details);
    CHECK(error["context"].is_null());
    CHECK(text.find("internal words") == std::string::npos);
  }
}

}  // namespace
}  // namespace multihub::rpc
