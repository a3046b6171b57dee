// Balances and the ledger behind them: insert-only entries, chained per application and currency by HMAC-SHA256, the
// head sealed on the balance row together with the amounts, so that an altered, missing, reordered or cut-off entry is
// found and cannot be forged with database access alone.
//
// A transaction that moves balances first takes their rows (LockBalances: one write each, in key order), decides on
// what it then reads, and stores the outcome with StoreBalances, which is conditional on the chain position read.
// All functions throw StorageFailure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "multihub/base/secret_string.h"
#include "multihub/domain/ledger.h"
#include "multihub/storage/session.h"

namespace multihub::storage {

struct BalanceKey {
  domain::ApplicationId application_id;
  std::string currency;
  friend auto operator<=>(const BalanceKey&, const BalanceKey&) = default;
};

struct BalanceRow {
  BalanceKey key;
  domain::Balance amounts;
  bool enabled = true;
  std::int64_t chain_seq = 0;  // seq of the last entry; 0: none
  std::string chain_mac;       // its mac, or the genesis mac
  std::string head_mac;        // over position, mac and amounts
};

struct LedgerEntry {
  BalanceKey key;
  std::int64_t seq = 0;
  domain::Movement movement;
  std::string reference;  // payment h_id or the operator's; unique per application and kind
  std::string reason;
  std::int64_t created_ms = 0;
  std::string mac;
};

// Computes the chain. Stateless; cheap to copy.
class LedgerChain {
 public:
  // MasterKey::Derive("ledger-chain").
  explicit LedgerChain(base::SecretString key) : key_(std::move(key)) {}
  std::string GenesisMac(const BalanceKey& key) const;
  std::string EntryMac(const LedgerEntry& entry, const std::string& previous_mac) const;
  std::string HeadMac(const BalanceRow& row) const;

  // Appends `movement` to the row's chain: moves amounts, position and macs in memory and returns the entry to insert.
  // The movement must leave permitted amounts (checked).
  LedgerEntry Append(BalanceRow* row, domain::Movement movement, std::string reference, std::string reason,
                     std::int64_t now_ms) const;

 private:
  base::SecretString key_;
};

// Takes the rows of `keys` (sorted, distinct) for this transaction and reads them; keys without a row are left out.
std::map<BalanceKey, BalanceRow> LockBalances(Session& session, std::span<const BalanceKey> keys);
// Plain reads, no decision may rest on them.
std::vector<BalanceRow> ReadBalances(Session& session, domain::ApplicationId application);
std::vector<BalanceKey> AllBalanceKeys(Session& session, std::optional<domain::ApplicationId> application);
std::optional<BalanceRow> ReadBalance(Session& session, const BalanceKey& key);

// A new row (value zero, seq 0) with its genesis macs. A taken key throws kDuplicate.
void InsertBalance(Session& session, const BalanceRow& row);
// Stores amounts and head of rows taken by LockBalances. `taken_seq`: the chain_seq read then. Every row must still be
// there (checked: they are locked).
struct BalanceMove {
  std::int64_t taken_seq = 0;
  const BalanceRow* after = nullptr;
};
void StoreBalances(Session& session, std::span<const BalanceMove> moves);
bool SetBalanceRowEnabled(Session& session, const BalanceKey& key, bool enabled);

void InsertEntries(Session& session, std::span<const LedgerEntry> entries);
// In chain order, whole; one row at a time, so that memory stays bounded.
void ReadChain(Session& session, const BalanceKey& key, const std::function<void(const LedgerEntry&)>& each);
// What the balance was right after entry `seq`, which is committed. Adds up every posting until then: not for a
// transaction that holds rows.
domain::Balance BalanceAfter(Session& session, const BalanceKey& key, std::int64_t seq);
// The entry an operator's reference made, if any.
std::optional<LedgerEntry> FindEntry(Session& session, domain::ApplicationId application, std::string_view kind,
                                     const std::string& reference);

// What the last verification found, for those who watch the gateway.
struct LedgerVerification {
  bool sound = false;
  std::int64_t found_ms = 0;  // database time
};
// In a transaction. Replaces what was kept.
void KeepVerification(Session& session, const LedgerVerification& verification);
// nullopt: there was none yet.
std::optional<LedgerVerification> LastVerification(Session& session);

}  // namespace multihub::storage
