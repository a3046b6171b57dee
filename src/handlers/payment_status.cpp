#include <utility>

#include "handlers/methods.h"
#include "handlers/payment_lookup.h"
#include "handlers/results.h"

namespace multihub::handlers {

void PaymentStatus(payments::Payments& payments, const rpc::CallContext& context, rpc::Finish finish) {
  auto lookup = ReadPaymentLookup(context);
  if (!lookup) return finish(base::Fail(std::move(lookup).error()));
  payments.Find(std::move(lookup).value(), AnswerWithPayment(std::move(finish)));
}

}  // namespace multihub::handlers
