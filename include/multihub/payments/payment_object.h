// The payment object of the API, as answers and webhooks show it.
#pragma once

#include <string>

#include "multihub/domain/payment.h"

namespace multihub::payments {

// Compact JSON, keys in the contract's order.
void AppendPaymentObject(std::string* out, const domain::Payment& payment);

}  // namespace multihub::payments
