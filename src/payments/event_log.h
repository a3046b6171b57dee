// The event of a status change, with its webhook body frozen.
#pragma once

#include "multihub/base/random.h"
#include "multihub/domain/payment.h"
#include "multihub/storage/payment_store.h"

namespace multihub::payments {

// The event of `payment` having just reached its present status and version, at its `updated_ms`.
// `previous`: the status before (partial refunds after the first carry their version in the id).
storage::EventRow MakeEvent(const domain::Payment& payment, domain::PaymentStatus previous, base::Random& random);

}  // namespace multihub::payments
