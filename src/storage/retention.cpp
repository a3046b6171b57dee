#include "multihub/storage/retention.h"

#include <algorithm>
#include <string>
#include <vector>

#include "multihub/base/ids.h"
#include "multihub/storage/directory_store.h"
#include "storage/set_statements.h"

namespace multihub::storage {
namespace {

constexpr std::int64_t kPage = 500;
constexpr std::int64_t kBudgetMs = 30'000;
const std::string kEventsPrunedSetting = "events_pruned_before_ms";

// Ids begin with their time, so the old rows are the first of the table and every page is found by the primary key.
constexpr std::string_view kOldDeliveries =
    "SELECT id FROM webhook_deliveries WHERE id > ? AND id < ? AND state <> 'pending' AND finished_ms < ? "
    "ORDER BY id LIMIT ?";
// Oldest first and never over one that a delivery stands on: what is left of a payment's events has no gap.
constexpr std::string_view kOldEvents =
    "SELECT e.h_id, e.status_version FROM events e JOIN payments p ON p.h_id = e.h_id WHERE e.h_id >= ? AND e.h_id < ? "
    "AND (e.h_id > ? OR e.status_version > ?) AND e.created_ms < ? AND e.status_version < p.status_version AND "
    "NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.h_id = e.h_id AND d.status_version <= e.status_version) "
    "ORDER BY e.h_id, e.status_version LIMIT ?";
constexpr std::string_view kDeleteEvent =
    "DELETE FROM events WHERE h_id = ? AND status_version = ? AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d "
    "WHERE d.h_id = events.h_id AND d.status_version <= events.status_version)";
constexpr std::string_view kCountOldNonces = "SELECT COUNT(*) FROM call_nonces WHERE expires_ms < ?";
constexpr std::string_view kDeleteOldNonces = "DELETE FROM call_nonces WHERE expires_ms < ?";

struct EventKey {
  std::string h_id;
  std::int64_t status_version = 0;
};

std::vector<Value> ListOf(const std::vector<std::string>& ids) { return {ids.begin(), ids.end()}; }

void PruneDeliveries(Session& session, std::int64_t before_ms, bool dry_run, Pruned* pruned) {
  const std::string bound = "dlv_" + base::FirstUlidOf(before_ms);
  std::string after;
  for (;;) {
    std::vector<std::string> ids;
    session.Query(kOldDeliveries, "t", {after, bound, before_ms, kPage},
                  [&](const Row& row) { ids.push_back(row.text(0)); });
    if (ids.empty()) return;
    after = ids.back();
    const std::string list = " IN (" + Placeholders(ids.size()) + ")";
    std::int64_t deliveries = static_cast<std::int64_t>(ids.size()), attempts = 0;
    if (dry_run) {
      session.Query("SELECT COUNT(*) FROM webhook_attempts WHERE delivery_id" + list, "i", ListOf(ids),
                    [&](const Row& row) { attempts = row.integer(0); });
    } else {
      RunUnit(session, kBudgetMs, [&](Session& unit) {
        // The deliveries first: one that was taken up again meanwhile keeps its attempts.
        deliveries = unit.Execute("DELETE FROM webhook_deliveries WHERE state <> 'pending' AND id" + list, ListOf(ids));
        attempts = unit.Execute(
            "DELETE FROM webhook_attempts WHERE delivery_id" + list +
                " AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.id = webhook_attempts.delivery_id)",
            ListOf(ids));
      });
    }
    pruned->deliveries += deliveries;
    pruned->attempts += attempts;
  }
}

void NoteEventsPruned(Session& session, std::int64_t before_ms) {
  RunUnit(session, kBudgetMs, [&](Session& unit) {
    const std::int64_t known = EventsPrunedBefore(unit).value_or(0);
    PutSetting(unit, kEventsPrunedSetting, std::to_string(std::max(known, before_ms)));
  });
}

void PruneEvents(Session& session, std::int64_t before_ms, bool dry_run, Pruned* pruned) {
  // Before anything is gone: a run killed half-way leaves no gap that nobody can explain.
  if (!dry_run) NoteEventsPruned(session, before_ms);
  const std::string bound = "pay_" + base::FirstUlidOf(before_ms);
  EventKey after;
  for (;;) {
    std::vector<EventKey> keys;
    session.Query(kOldEvents, "ti", {after.h_id, bound, after.h_id, after.status_version, before_ms, kPage},
                  [&](const Row& row) {
                    keys.push_back({row.text(0), row.integer(1)});
                  });
    if (keys.empty()) return;
    after = keys.back();
    std::int64_t events = static_cast<std::int64_t>(keys.size());
    if (!dry_run) {
      RunUnit(session, kBudgetMs, [&](Session& unit) {
        events = 0;
        for (const EventKey& key : keys) events += unit.Execute(kDeleteEvent, {key.h_id, key.status_version});
      });
    }
    pruned->events += events;
  }
}

void PruneNonces(Session& session, std::int64_t now_ms, bool dry_run, Pruned* pruned) {
  if (dry_run) {
    pruned->nonces = session.QueryInteger(kCountOldNonces, {now_ms}).value_or(0);
  } else {
    RunUnit(session, kBudgetMs, [&](Session& unit) { pruned->nonces = unit.Execute(kDeleteOldNonces, {now_ms}); });
  }
}

}  // namespace

Pruned Prune(Session& session, std::int64_t before_ms, bool dry_run) {
  Pruned pruned;
  PruneDeliveries(session, before_ms, dry_run, &pruned);
  PruneEvents(session, before_ms, dry_run, &pruned);
  PruneNonces(session, session.DatabaseNowMs(), dry_run, &pruned);
  return pruned;
}

std::optional<std::int64_t> EventsPrunedBefore(Session& session) {
  const std::optional<std::string> text = GetSetting(session, kEventsPrunedSetting);
  if (!text) return std::nullopt;
  return std::stoll(*text);
}

}  // namespace multihub::storage
