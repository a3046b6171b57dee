#include "multihub/storage/ledger_store.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "multihub/base/check.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/storage/directory_store.h"
#include "storage/set_statements.h"

namespace multihub::storage {
namespace {

constexpr std::string_view kVerificationSetting = "ledger_verification";
const std::string kSound = "sound ";
const std::string kDifferent = "different ";

constexpr std::string_view kBalanceColumns =
    "application_id, currency, value, value_freezing, value_blocking, enabled, chain_seq, chain_mac, head_mac";
constexpr std::string_view kBalanceTypes = "itiiiiitt";

// Each field with its length before it, so that no two different field lists give the same bytes.
void Field(std::string* out, std::string_view text) {
  *out += std::to_string(text.size());
  *out += ':';
  *out += text;
}
void Field(std::string* out, std::int64_t number) { Field(out, std::to_string(number)); }

BalanceRow ReadRow(const Row& row) {
  BalanceRow balance;
  balance.key = {{row.integer(0)}, row.text(1)};
  balance.amounts = {row.integer(2), row.integer(3), row.integer(4)};
  balance.enabled = row.integer(5) != 0;
  balance.chain_seq = row.integer(6);
  balance.chain_mac = row.text(7);
  balance.head_mac = row.text(8);
  return balance;
}

std::string KeysCondition(std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += i == 0 ? "" : " OR ", out += "(application_id = ? AND currency = ?)";
  return out;
}

std::vector<Value> KeysValues(std::span<const BalanceKey> keys) {
  std::vector<Value> values;
  for (const BalanceKey& key : keys) {
    values.push_back(key.application_id.value);
    values.push_back(key.currency);
  }
  return values;
}

// The kinds as literals that live for ever: a Movement only views its kind.
std::string_view InternKind(const std::string& kind) {
  static constexpr std::string_view kKinds[] = {"deposit_credit", "payout_hold", "payout_debit", "payout_release",
                                                "topup",          "withdrawal",  "hold",         "release"};
  const auto* found = std::find(std::begin(kKinds), std::end(kKinds), kind);
  return found == std::end(kKinds) ? std::string_view("unknown") : *found;
}

LedgerEntry ReadEntry(const Row& row) {
  LedgerEntry entry;
  entry.key = {{row.integer(0)}, row.text(1)};
  entry.seq = row.integer(2);
  entry.movement.kind = InternKind(row.text(3));
  entry.reference = row.text(4);
  entry.reason = row.text(5);
  entry.created_ms = row.integer(6);
  entry.mac = row.text(7);
  return entry;
}

constexpr std::size_t kKeysPerStatement = 32;
constexpr std::int64_t kChainPage = 1000;

}  // namespace

std::string LedgerChain::GenesisMac(const BalanceKey& key) const {
  std::string text = "genesis|";
  Field(&text, key.application_id.value);
  Field(&text, key.currency);
  return base::HexEncode(base::HmacSha256(key_.Reveal(), {text}));
}

std::string LedgerChain::EntryMac(const LedgerEntry& entry, const std::string& previous_mac) const {
  std::string text = "entry|";
  Field(&text, entry.key.application_id.value);
  Field(&text, entry.key.currency);
  Field(&text, entry.seq);
  Field(&text, entry.movement.kind);
  Field(&text, entry.reference);
  Field(&text, entry.reason);
  Field(&text, entry.created_ms);
  for (const domain::Posting& posting : entry.movement.postings) {
    Field(&text, posting.account);
    Field(&text, posting.amount);
  }
  Field(&text, previous_mac);
  return base::HexEncode(base::HmacSha256(key_.Reveal(), {text}));
}

std::string LedgerChain::HeadMac(const BalanceRow& row) const {
  std::string text = "head|";
  Field(&text, row.key.application_id.value);
  Field(&text, row.key.currency);
  Field(&text, row.chain_seq);
  Field(&text, row.chain_mac);
  Field(&text, row.amounts.value);
  Field(&text, row.amounts.freezing);
  Field(&text, row.amounts.blocking);
  return base::HexEncode(base::HmacSha256(key_.Reveal(), {text}));
}

LedgerEntry LedgerChain::Append(BalanceRow* row, domain::Movement movement, std::string reference, std::string reason,
                                std::int64_t now_ms) const {
  MULTIHUB_CHECK(domain::IsBalanced(movement));
  row->amounts = domain::Apply(row->amounts, movement);
  MULTIHUB_CHECK(domain::IsPermitted(row->amounts));
  LedgerEntry entry{row->key, row->chain_seq + 1, std::move(movement), std::move(reference), std::move(reason),
                    now_ms,   std::string()};
  entry.mac = EntryMac(entry, row->chain_mac);
  row->chain_seq = entry.seq;
  row->chain_mac = entry.mac;
  return entry;
}

std::map<BalanceKey, BalanceRow> LockBalances(Session& session, std::span<const BalanceKey> keys) {
  std::map<BalanceKey, BalanceRow> rows;
  for (std::size_t at = 0; at < keys.size(); at += kKeysPerStatement) {
    const auto part = keys.subspan(at, std::min(kKeysPerStatement, keys.size() - at));
    const std::vector<Value> values = KeysValues(part);
    // A write, not a read: it holds the rows until the end of the transaction on every engine.
    session.Execute("UPDATE balances SET lock_version = lock_version + 1 WHERE " + KeysCondition(part.size()), values);
    session.Query("SELECT " + std::string(kBalanceColumns) + " FROM balances WHERE " + KeysCondition(part.size()),
                  kBalanceTypes, values, [&](const Row& row) {
                    BalanceRow balance = ReadRow(row);
                    rows.emplace(balance.key, std::move(balance));
                  });
  }
  return rows;
}

std::vector<BalanceRow> ReadBalances(Session& session, domain::ApplicationId application) {
  std::vector<BalanceRow> rows;
  session.Query("SELECT " + std::string(kBalanceColumns) + " FROM balances WHERE application_id = ? ORDER BY currency",
                kBalanceTypes, {application.value}, [&](const Row& row) { rows.push_back(ReadRow(row)); });
  return rows;
}

std::vector<BalanceKey> AllBalanceKeys(Session& session, std::optional<domain::ApplicationId> application) {
  std::vector<BalanceKey> keys;
  const auto add = [&](const Row& row) { keys.push_back({{row.integer(0)}, row.text(1)}); };
  if (application) {
    session.Query("SELECT application_id, currency FROM balances WHERE application_id = ? ORDER BY currency", "it",
                  {application->value}, add);
  } else {
    session.Query("SELECT application_id, currency FROM balances ORDER BY application_id, currency", "it", {}, add);
  }
  return keys;
}

std::optional<BalanceRow> ReadBalance(Session& session, const BalanceKey& key) {
  std::optional<BalanceRow> found;
  session.Query("SELECT " + std::string(kBalanceColumns) + " FROM balances WHERE " + KeysCondition(1), kBalanceTypes,
                KeysValues({&key, 1}), [&](const Row& row) { found = ReadRow(row); });
  return found;
}

void InsertBalance(Session& session, const BalanceRow& row) {
  session.Execute(
      "INSERT INTO balances (application_id, currency, value, value_freezing, value_blocking, enabled, chain_seq, "
      "chain_mac, head_mac, lock_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
      {row.key.application_id.value, row.key.currency, row.amounts.value, row.amounts.freezing, row.amounts.blocking,
       std::int64_t{row.enabled}, row.chain_seq, row.chain_mac, row.head_mac});
}

void StoreBalances(Session& session, std::span<const BalanceMove> moves) {
  static const UpdateShape kShape = {
      "balances",
      {"application_id", "currency"},
      {"chain_seq"},
      {"value", "value_freezing", "value_blocking", "chain_seq", "chain_mac", "head_mac"}};
  std::vector<Value> values;
  for (const BalanceMove& move : moves) {
    const BalanceRow& row = *move.after;
    values.insert(values.end(),
                  {row.key.application_id.value, row.key.currency, move.taken_seq, row.amounts.value,
                   row.amounts.freezing, row.amounts.blocking, row.chain_seq, row.chain_mac, row.head_mac});
  }
  MULTIHUB_CHECK(UpdateRows(session, kShape, values) == static_cast<std::int64_t>(moves.size()));
}

bool SetBalanceRowEnabled(Session& session, const BalanceKey& key, bool enabled) {
  return session.Execute("UPDATE balances SET enabled = ? WHERE application_id = ? AND currency = ?",
                         {std::int64_t{enabled}, key.application_id.value, key.currency}) == 1;
}

void InsertEntries(Session& session, std::span<const LedgerEntry> entries) {
  static const InsertShape kEntries("ledger_entries",
                                    "application_id, currency, seq, kind, reference, reason, created_ms, mac");
  static const InsertShape kPostings("ledger_postings", "application_id, currency, seq, leg, account, amount");
  std::vector<Value> rows, postings;
  for (const LedgerEntry& e : entries) {
    rows.insert(rows.end(), {e.key.application_id.value, e.key.currency, e.seq, e.movement.kind, e.reference,
                             OptionalText(e.reason), e.created_ms, e.mac});
    std::int64_t leg = 0;
    for (const domain::Posting& posting : e.movement.postings) {
      postings.insert(postings.end(),
                      {e.key.application_id.value, e.key.currency, e.seq, ++leg, posting.account, posting.amount});
    }
  }
  InsertRows(session, kEntries, rows);
  InsertRows(session, kPostings, postings);
}

void ReadChain(Session& session, const BalanceKey& key, const std::function<void(const LedgerEntry&)>& each) {
  const std::vector<Value> owner = {key.application_id.value, key.currency};
  for (std::int64_t after = 0;;) {
    std::vector<LedgerEntry> page;
    session.Query(
        "SELECT application_id, currency, seq, kind, reference, reason, created_ms, mac FROM ledger_entries "
        "WHERE application_id = ? AND currency = ? AND seq > ? ORDER BY seq LIMIT ?",
        "ititttit", {owner[0], owner[1], after, kChainPage}, [&](const Row& row) { page.push_back(ReadEntry(row)); });
    if (page.empty()) return;
    std::map<std::int64_t, std::size_t> index;
    for (std::size_t i = 0; i < page.size(); ++i) index[page[i].seq] = i;
    session.Query(
        "SELECT seq, account, amount FROM ledger_postings WHERE application_id = ? AND currency = ? AND seq > ? AND "
        "seq <= ? ORDER BY seq, leg",
        "iti", {owner[0], owner[1], after, page.back().seq}, [&](const Row& row) {
          const auto found = index.find(row.integer(0));
          if (found != index.end()) page[found->second].movement.postings.push_back({row.text(1), row.integer(2)});
        });
    for (const LedgerEntry& entry : page) each(entry);
    after = page.back().seq;
  }
}

domain::Balance BalanceAfter(Session& session, const BalanceKey& key, std::int64_t seq) {
  static const std::string kSelect = [] {
    std::string sql = "SELECT ";
    for (const std::string_view account : {domain::kAccountValue, domain::kAccountFreezing, domain::kAccountBlocking}) {
      if (account != domain::kAccountValue) sql += ", ";
      sql += "CAST(COALESCE(SUM(CASE WHEN account = '" + std::string(account) + "' THEN amount END), 0) AS SIGNED)";
    }
    return sql + " FROM ledger_postings WHERE application_id = ? AND currency = ? AND seq <= ?";
  }();
  domain::Balance balance;
  session.Query(kSelect, "iii", {key.application_id.value, key.currency, seq}, [&](const Row& row) {
    balance.value = row.integer(0);
    balance.freezing = row.integer(1);
    balance.blocking = row.integer(2);
  });
  return balance;
}

std::optional<LedgerEntry> FindEntry(Session& session, domain::ApplicationId application, std::string_view kind,
                                     const std::string& reference) {
  std::optional<LedgerEntry> found;
  session.Query(
      "SELECT application_id, currency, seq, kind, reference, reason, created_ms, mac FROM ledger_entries "
      "WHERE application_id = ? AND kind = ? AND reference = ?",
      "ititttit", {application.value, kind, reference}, [&](const Row& row) { found = ReadEntry(row); });
  return found;
}

// One text, so that a reader never sees one verification's result with another's time.
void KeepVerification(Session& session, const LedgerVerification& verification) {
  PutSetting(session, std::string(kVerificationSetting),
             (verification.sound ? kSound : kDifferent) + std::to_string(verification.found_ms));
}

std::optional<LedgerVerification> LastVerification(Session& session) {
  const auto text = GetSetting(session, std::string(kVerificationSetting));
  if (!text) return std::nullopt;
  const bool sound = text->starts_with(kSound);
  const std::string_view time = std::string_view(*text).substr(std::min(text->find(' ') + 1, text->size()));
  LedgerVerification verification{sound, 0};
  std::from_chars(time.data(), time.data() + time.size(), verification.found_ms);
  return verification;
}

}  // namespace multihub::storage
