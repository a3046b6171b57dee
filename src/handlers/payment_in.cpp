#include <utility>

#include "handlers/methods.h"
#include "handlers/payment_request.h"
#include "handlers/results.h"

namespace multihub::handlers {

void PaymentIn(payments::Payments& payments, const HandlerOptions& options, const rpc::CallContext& context,
               rpc::Finish finish) {
  auto command = ReadPaymentRequest(domain::Direction::kIn, options, context);
  if (!command) return finish(base::Fail(std::move(command).error()));
  payments.Accept(std::move(command).value(), AnswerWithPayment(std::move(finish)));
}

}  // namespace multihub::handlers
