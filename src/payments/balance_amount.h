// A balance as it is shown, from its row.
#pragma once

#include "multihub/payments/payments.h"
#include "multihub/storage/ledger_store.h"

namespace multihub::payments {

// `amounts`: those of the row, or of an earlier moment.
inline BalanceAmount AmountOf(const storage::BalanceRow& row, const domain::Balance& amounts) {
  return {amounts.value, amounts.freezing, amounts.blocking, row.key.currency, row.enabled};
}
inline BalanceAmount AmountOf(const storage::BalanceRow& row) { return AmountOf(row, row.amounts); }

}  // namespace multihub::payments
