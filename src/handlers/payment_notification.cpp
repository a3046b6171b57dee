#include <utility>

#include "handlers/methods.h"
#include "handlers/payment_lookup.h"
#include "handlers/results.h"

namespace multihub::handlers {

void PaymentNotification(payments::Payments& payments, const rpc::CallContext& context, rpc::Finish finish) {
  auto lookup = ReadPaymentLookup(context);
  if (!lookup) return finish(base::Fail(std::move(lookup).error()));
  lookup->trace = context.trace;
  payments.Notify(std::move(lookup).value(), AnswerWithQueuedPayment(std::move(finish)));
}

}  // namespace multihub::handlers
