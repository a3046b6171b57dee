#include "multihub/payments/payment_object.h"

#include <catch2/catch.hpp>

using namespace multihub;
using domain::PaymentStatus;
using domain::ReceiverField;

namespace {

domain::Payment Sample() {
  domain::Payment p;
  p.h_id = "pay_01hx3q7k2m4v8d5e6f7g8h9j0k";
  p.service_id = {14701};
  p.c_id = {"ord-7781", false};
  p.amount.minor = 25'000;
  REQUIRE(domain::Currency::Parse("INR", &p.amount.currency));
  p.status = PaymentStatus::kSuccess;
  p.status_version = 3;
  p.p_id = "sim_42";
  p.utr = "412300000001";
  p.created_ms = 1'777'629'600'120;
  p.updated_ms = 1'777'629'730'900;
  p.finished_ms = 1'777'629'730'850;
  p.redirect = "upi://pay?pa=shop%40examplebank";
  return p;
}

std::string Render(const domain::Payment& payment) {
  std::string out;
  payments::AppendPaymentObject(&out, payment);
  return out;
}

}  // namespace

TEST_CASE("a finished deposit shows every key in the contract's order") {
  CHECK(
      Render(Sample()) ==
      R"({"amount":{"value":25000,"currency":"INR"},)"
      R"("identifiers":{"c_id":"ord-7781","h_id":"pay_01hx3q7k2m4v8d5e6f7g8h9j0k","p_id":"sim_42","utr":"412300000001"},)"
      R"("status":{"status":"success","final":true,"success":true,"error":null},"status_version":3,)"
      R"("timestamps":{"created":"2026-05-01T10:00:00.120Z","updated":"2026-05-01T10:02:10.900Z",)"
      R"("finished":"2026-05-01T10:02:10.850Z"},"destination":"in","service_id":14701,)"
      R"("redirect":{"to":"upi://pay?pa=shop%40examplebank"},"receiver":{},"operations":[]})");
}

TEST_CASE("a status says what it means") {
  struct Case {
    PaymentStatus status;
    const char* json;
  };
  const auto c = GENERATE(values<Case>({
      {PaymentStatus::kCreated, R"({"status":"created","final":false,"success":null,"error":null})"},
      {PaymentStatus::kProcessing, R"({"status":"processing","final":false,"success":null,"error":null})"},
      {PaymentStatus::kSuccess, R"({"status":"success","final":true,"success":true,"error":null})"},
      {PaymentStatus::kError,
       R"({"status":"error","final":true,"success":false,"error":{"code":7000,"message":"Provider error"}})"},
      {PaymentStatus::kDeclined,
       R"({"status":"declined","final":true,"success":false,"error":{"code":7000,"message":"Provider error"}})"},
      {PaymentStatus::kCanceled, R"({"status":"canceled","final":true,"success":false,"error":null})"},
      {PaymentStatus::kPartialRefund, R"({"status":"partial_refund","final":true,"success":true,"error":null})"},
      {PaymentStatus::kRefunded, R"({"status":"refunded","final":true,"success":true,"error":null})"},
  }));
  domain::Payment p = Sample();
  p.status = c.status;
  CHECK(Render(p).find("\"status\":" + std::string(c.json)) != std::string::npos);
}

TEST_CASE("what is not known is left out, and a numeric c_id stays a number") {
  domain::Payment p = Sample();
  p.c_id = {"7", true};
  p.p_id.clear();
  p.utr.clear();
  p.redirect.clear();
  p.finished_ms = 0;
  const std::string json = Render(p);
  CHECK(json.find(R"("identifiers":{"c_id":7,"h_id":"pay_01hx3q7k2m4v8d5e6f7g8h9j0k"})") != std::string::npos);
  CHECK(json.find("redirect") == std::string::npos);
  CHECK(json.find(R"("finished":null)") != std::string::npos);
}

TEST_CASE("a payout shows its receiver by the whitelist") {
  domain::Payment p = Sample();
  p.direction = domain::Direction::kOut;
  p.receiver[ReceiverField::kPayidType] = "email";
  p.receiver[ReceiverField::kBankAccountId] = "1";
  p.receiver[ReceiverField::kBankCode] = "2";
  p.receiver[ReceiverField::kLastName] = "Rao";
  p.receiver[ReceiverField::kCardNumber] = "400000******0002";
  p.receiver[ReceiverField::kUpiVpa] = "a@b";
  CHECK(Render(p).find(R"("receiver":{"person":{"last_name":"Rao"},"bank":{"code":"2","account":{"id":"1"}},)"
                       R"("card":{"number":"400000******0002"},"upi":{"vpa":"a@b"},"payid_type":"email"})") !=
        std::string::npos);
}
