// The UPI deep link of a deposit.
#pragma once

#include <string>

#include "multihub/domain/money.h"

namespace multihub::domain {

// "upi://pay?pa=<payee>&pn=<name>&am=<decimal amount>&cu=<currency>&tr=<reference>", values percent-encoded like
// encodeURIComponent (space is %20, '@' is %40).
std::string UpiLink(const std::string& payee, const std::string& name, const Money& amount,
                    const std::string& reference);

}  // namespace multihub::domain
