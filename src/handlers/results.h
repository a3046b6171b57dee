// The results that several methods share.
#pragma once

#include "multihub/payments/payments.h"
#include "multihub/rpc/method.h"

namespace multihub::handlers {

// Finishes with {"payment":…}, or with the refusal.
payments::PaymentDone AnswerWithPayment(rpc::Finish finish);
// Finishes with {"message":"queued","payment":…}, or with the refusal.
payments::PaymentDone AnswerWithQueuedPayment(rpc::Finish finish);

}  // namespace multihub::handlers
