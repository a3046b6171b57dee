#include "payments/ledger_verifier.h"

#include "multihub/storage/retention.h"

namespace multihub::payments {
namespace {

using storage::BalanceKey;
using storage::BalanceRow;
using storage::LedgerEntry;
using storage::Value;

// "… AND application_id = ?" when one application is asked for.
std::string OnlyOf(std::optional<domain::ApplicationId> application, const char* column) {
  return application ? std::string(" AND ") + column + " = ?" : std::string();
}
std::vector<Value> Bound(std::optional<domain::ApplicationId> application) {
  return application ? std::vector<Value>{application->value} : std::vector<Value>{};
}

bool SameAmounts(const domain::Balance& a, const domain::Balance& b) {
  return a.value == b.value && a.freezing == b.freezing && a.blocking == b.blocking;
}

}  // namespace

void LedgerVerifier::Report(const BalanceKey& key, std::int64_t sequence, std::string description) {
  if (!verdict_.problem) verdict_.problem = {key.application_id, key.currency, sequence, std::move(description)};
}

LedgerVerdict LedgerVerifier::Verify(std::optional<domain::ApplicationId> application) {
  verdict_ = {};
  // One snapshot per check: a running gateway goes on writing.
  for (const BalanceKey& key : storage::AllBalanceKeys(session_, application)) {
    if (verdict_.problem) break;
    session_.BeginSnapshot();
    CheckBalance(key);
    session_.Rollback();
  }
  session_.BeginSnapshot();
  if (!verdict_.problem) CheckStrays(application);
  if (!verdict_.problem) CheckPayments(application);
  if (!verdict_.problem) CheckVersions(application);
  session_.Rollback();
  return verdict_;
}

void LedgerVerifier::CheckBalance(const BalanceKey& key) {
  const auto row = storage::ReadBalance(session_, key);
  if (!row) return Report(key, 0, "the balance row is gone");
  ++verdict_.balances;
  domain::Balance sums;
  std::int64_t seq = 0;
  std::string mac = chain_.GenesisMac(key);
  storage::ReadChain(session_, key, [&](const LedgerEntry& entry) {
    if (verdict_.problem) return;
    ++verdict_.entries;
    if (entry.seq != seq + 1) return Report(key, seq + 1, "the entry is missing");
    if (!domain::IsBalanced(entry.movement)) return Report(key, entry.seq, "the postings do not sum to zero");
    if (chain_.EntryMac(entry, mac) != entry.mac) {
      return Report(key, entry.seq, "the entry or its place was altered (chain value differs)");
    }
    sums = domain::Apply(sums, entry.movement);
    if (!domain::IsPermitted(sums)) return Report(key, entry.seq, "the entry makes an amount negative or too large");
    seq = entry.seq;
    mac = entry.mac;
  });
  if (verdict_.problem) return;
  if (seq != row->chain_seq || mac != row->chain_mac) return Report(key, seq + 1, "entries are missing at the end");
  if (!SameAmounts(sums, row->amounts)) return Report(key, 0, "the balance differs from the sum of its postings");
  if (chain_.HeadMac(*row) != row->head_mac) return Report(key, 0, "the balance row was altered (head value differs)");
}

// Rows no chain leads to.
void LedgerVerifier::CheckStrays(std::optional<domain::ApplicationId> application) {
  session_.Query(
      "SELECT e.application_id, e.currency, e.seq FROM ledger_entries e LEFT JOIN balances b ON "
      "b.application_id = e.application_id AND b.currency = e.currency WHERE (b.chain_seq IS NULL OR "
      "e.seq > b.chain_seq)" +
          OnlyOf(application, "e.application_id") + " LIMIT 1",
      "iti", Bound(application), [&](const storage::Row& row) {
        Report({{row.integer(0)}, row.text(1)}, row.integer(2), "the entry belongs to no balance");
      });
  session_.Query(
      "SELECT p.application_id, p.currency, p.seq FROM ledger_postings p LEFT JOIN ledger_entries e ON "
      "e.application_id = p.application_id AND e.currency = p.currency AND e.seq = p.seq WHERE e.seq IS NULL" +
          OnlyOf(application, "p.application_id") + " LIMIT 1",
      "iti", Bound(application), [&](const storage::Row& row) {
        Report({{row.integer(0)}, row.text(1)}, row.integer(2), "the posting belongs to no entry");
      });
}

// One credit per successful deposit, one hold per payout, one debit or release per finished one, and no other.
void LedgerVerifier::CheckPayments(std::optional<domain::ApplicationId> application) {
  struct Rule {
    const char* kind;
    const char* condition;  // on payments p: exactly these have an entry of that kind
  };
  static constexpr Rule kRules[] = {
      {"deposit_credit", "p.direction = 'in' AND p.status IN ('success', 'partial_refund', 'refunded')"},
      {"payout_hold", "p.direction = 'out'"},
      {"payout_debit", "p.direction = 'out' AND p.status IN ('success', 'partial_refund', 'refunded')"},
      {"payout_release", "p.direction = 'out' AND p.status IN ('error', 'declined', 'canceled')"},
  };
  for (const Rule& rule : kRules) {
    const std::string kind = rule.kind;
    session_.Query(
        "SELECT p.application_id, p.currency, p.h_id FROM payments p LEFT JOIN ledger_entries e ON "
        "e.application_id = p.application_id AND e.kind = '" +
            kind + "' AND e.reference = p.h_id WHERE " + rule.condition + " AND e.seq IS NULL" +
            OnlyOf(application, "p.application_id") + " LIMIT 1",
        "itt", Bound(application), [&](const storage::Row& row) {
          Report({{row.integer(0)}, row.text(1)}, 0, "payment " + row.text(2) + " has no entry of kind " + kind);
        });
    session_.Query(
        "SELECT e.application_id, e.currency, e.seq FROM ledger_entries e LEFT JOIN payments p ON "
        "p.h_id = e.reference AND p.application_id = e.application_id AND " +
            std::string(rule.condition) + " WHERE e.kind = '" + kind + "' AND p.h_id IS NULL" +
            OnlyOf(application, "e.application_id") + " LIMIT 1",
        "iti", Bound(application), [&](const storage::Row& row) {
          Report({{row.integer(0)}, row.text(1)}, row.integer(2), "the entry fits no payment's status");
        });
  }
}

// Versions run 1, 2, 3 … with one event each. Only what `prune` may have removed can be missing: the oldest ones.
void LedgerVerifier::CheckVersions(std::optional<domain::ApplicationId> application) {
  session_.Query("SELECT COUNT(*) FROM payments p WHERE 1 = 1" + OnlyOf(application, "p.application_id"), "i",
                 Bound(application), [&](const storage::Row& row) { verdict_.payments = row.integer(0); });
  const std::int64_t pruned_before_ms = storage::EventsPrunedBefore(session_).value_or(0);
  session_.Query(
      "SELECT p.application_id, p.currency, p.h_id FROM payments p LEFT JOIN (SELECT h_id, COUNT(*) AS events, "
      "MIN(status_version) AS oldest, MAX(status_version) AS newest FROM events GROUP BY h_id) e ON e.h_id = p.h_id "
      "WHERE (e.h_id IS NULL OR e.newest <> p.status_version OR e.events <> e.newest - e.oldest + 1 OR "
      "(e.oldest <> 1 AND p.created_ms >= " +
          std::to_string(pruned_before_ms) + "))" + OnlyOf(application, "p.application_id") + " LIMIT 1",
      "itt", Bound(application), [&](const storage::Row& row) {
        Report({{row.integer(0)}, row.text(1)}, 0, "payment " + row.text(2) + " has not one event per status version");
      });
}

}  // namespace multihub::payments
