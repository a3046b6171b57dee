// The business checks of payment.in and payment.out that need no database, in the contract's order.
#pragma once

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/base/sealing.h"
#include "multihub/errors/refusal.h"
#include "multihub/payments/payments.h"

namespace multihub::payments {

// The payment to store, status created, its card number sealed and masked; or the first check that fails: 1004, 1008,
// 1009, 1010, receiver rules (1005), 6001, 6002, 5000.
errors::Outcome<domain::Payment> CheckAndMakePayment(const AcceptPayment& command, base::UnixMs now_ms,
                                                     const base::MasterKey& key, base::Random& random);

// The place a payment's card number is sealed for.
std::string CardBinding(const std::string& h_id);

}  // namespace multihub::payments
