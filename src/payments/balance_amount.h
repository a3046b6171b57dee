// A balance as it is shown, from its row.
#pragma once

#include "multihub/payments/payments.h"
#include "multihub/storage/ledger_store.h"

namespace multihub::payments {

inline BalanceAmount AmountOf(const storage::BalanceRow& row) {
  return {row.amounts.value, row.amounts.freezing, row.amounts.blocking, row.key.currency, row.enabled};
}

}  // namespace multihub::payments
