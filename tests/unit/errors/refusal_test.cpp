#include "multihub/errors/refusal.h"

#include <catch2/catch.hpp>
#include <string>

#include "unit/base/expect_abort.h"

namespace multihub::errors {
namespace {

void CheckNothingPublic(const Refusal& refusal) {
  CHECK(refusal.field.empty());
  CHECK(refusal.description.empty());
  CHECK(refusal.context.empty());
  CHECK(refusal.retry_after_s == 0);
}

TEST_CASE("a plain refusal has its code and nothing else") {
  const Refusal refusal = Refuse(Code::kPaymentNotFound);
  CHECK(refusal.code == Code::kPaymentNotFound);
  CHECK(refusal.internal.empty());
  CheckNothingPublic(refusal);
}

TEST_CASE("an invalid request names the field and the rule") {
  const Refusal refusal = Invalid("params.payment.payer", "params.payment.payer is required");
  CHECK(refusal.code == Code::kInvalidRequest);
  CHECK(refusal.field == "params.payment.payer");
  CHECK(refusal.description == "params.payment.payer is required");
  CHECK(refusal.context.empty());
  CHECK(refusal.internal.empty());
  CHECK(refusal.retry_after_s == 0);
}

TEST_CASE("a shed call says why and when to come back") {
  const Refusal limited = RateLimited(12);
  CHECK(limited.code == Code::kCommonError);
  CHECK(limited.description == "Rate limit exceeded");
  CHECK(limited.retry_after_s == 12);
  CHECK(limited.field.empty());

  const Refusal busy = Busy();
  CHECK(busy.code == Code::kCommonError);
  CHECK(busy.description == "Server is busy");
  CHECK(busy.retry_after_s >= 1);
  CHECK(busy.field.empty());
}

TEST_CASE("a rate limit that may be tried again at once is a programming error") {
  CHECK(base::Aborts([] { RateLimited(0); }));
  CHECK(base::Aborts([] { RateLimited(-1); }));
  CHECK_FALSE(base::Aborts([] { RateLimited(1); }));
}

TEST_CASE("what failed inside stays in the internal text") {
  const Refusal hub = HubError("lane 3: disk full");
  CHECK(hub.code == Code::kHubError);
  CHECK(hub.internal == "lane 3: disk full");
  CheckNothingPublic(hub);

  const Refusal unexpected = Unexpected("std::bad_alloc");
  CHECK(unexpected.code == Code::kUnexpectedError);
  CHECK(unexpected.internal == "std::bad_alloc");
  CheckNothingPublic(unexpected);
}

TEST_CASE("a refusal made without a code is an unexpected error, never a success in disguise") {
  CHECK(Refusal().code == Code::kUnexpectedError);
}

TEST_CASE("an outcome carries either side") {
  const auto half = [](int number) -> Outcome<int> {
    if (number % 2 != 0) return base::Fail(Invalid("number", "number must be even"));
    return number / 2;
  };
  CHECK(half(4).value() == 2);
  CHECK(half(3).error().field == "number");
}

}  // namespace
}  // namespace multihub::errors
