// Recomputes the ledger: every chain up to its sealed head, every balance from its postings, every payment against its
// entries. Reads one consistent moment per transaction; safe on a running gateway.
#pragma once

#include <optional>

#include "multihub/payments/operator.h"
#include "multihub/storage/ledger_store.h"

namespace multihub::payments {

class LedgerVerifier {
 public:
  LedgerVerifier(storage::Session& session, const storage::LedgerChain& chain) : session_(session), chain_(chain) {}
  LedgerVerdict Verify(std::optional<domain::ApplicationId> application);

 private:
  void CheckBalance(const storage::BalanceKey& key);
  void CheckStrays(std::optional<domain::ApplicationId> application);
  void CheckPayments(std::optional<domain::ApplicationId> application);
  void CheckVersions(std::optional<domain::ApplicationId> application);
  void Report(const storage::BalanceKey& key, std::int64_t sequence, std::string description);

  storage::Session& session_;
  const storage::LedgerChain& chain_;
  LedgerVerdict verdict_;
};

}  // namespace multihub::payments
