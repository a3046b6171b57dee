#include "handlers/results.h"

#include <string>
#include <string_view>
#include <utility>

#include "multihub/payments/payment_object.h"

namespace multihub::handlers {
namespace {

// `head` is the JSON before the payment object.
payments::PaymentDone AnswerWith(std::string_view head, rpc::Finish finish) {
  return [head, finish = std::move(finish)](errors::Outcome<domain::Payment> outcome) {
    if (!outcome) return finish(base::Fail(std::move(outcome).error()));
    constexpr std::size_t kTypicalObject = 768;
    std::string json;
    json.reserve(kTypicalObject);
    json.append(head);
    payments::AppendPaymentObject(&json, outcome.value());
    json.push_back('}');
    finish(std::move(json));
  };
}

}  // namespace

payments::PaymentDone AnswerWithPayment(rpc::Finish finish) { return AnswerWith(R"({"payment":)", std::move(finish)); }

payments::PaymentDone AnswerWithQueuedPayment(rpc::Finish finish) {
  return AnswerWith(R"({"message":"queued","payment":)", std::move(finish));
}

}  // namespace multihub::handlers
