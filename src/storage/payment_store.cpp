#include "multihub/storage/payment_store.h"

#include <algorithm>
#include <map>

#include "multihub/base/check.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/base/ids.h"
#include "multihub/base/json_reader.h"
#include "multihub/base/json_writer.h"
#include "storage/set_statements.h"

namespace multihub::storage {
namespace {

using domain::Payment;

constexpr std::string_view kColumns =
    "h_id, application_id, merchant_id, service_id, direction, c_id, c_id_numeric, currency, amount, fee, provider, "
    "method, test, status, status_version, p_id, utr, created_ms, updated_ms, finished_ms, redirect, receiver, payer, "
    "sealed_card, webhook_url, webhook_events, trace_context";
constexpr std::string_view kColumnTypes = "tiiittitiittitittiiittttttt";

// Stored flat, {"bank.account.id":"…"}: a form of our own, so that the API's may change.
std::string EncodeReceiver(const domain::Receiver& receiver) {
  std::string out;
  base::JsonWriter json(&out);
  bool any = false;
  json.BeginObject();
  for (std::size_t i = 0; i < domain::kReceiverFieldCount; ++i) {
    const auto field = static_cast<domain::ReceiverField>(i);
    if (!receiver[field]) continue;
    json.Key(domain::PathOf(field)).String(*receiver[field]);
    any = true;
  }
  json.EndObject();
  return any ? out : std::string();
}

domain::Receiver DecodeReceiver(const std::string& text) {
  domain::Receiver receiver;
  if (text.empty()) return receiver;
  const auto parsed = base::JsonDocument::Parse(text);
  MULTIHUB_CHECK(parsed.ok());
  const base::JsonValue root = parsed->root();
  for (std::size_t i = 0; i < root.size(); ++i) {
    const auto field = domain::ReceiverFieldOf(root.key_at(i));
    MULTIHUB_CHECK(field.has_value());
    receiver[*field] = std::string(root.member_at(i).string());
  }
  return receiver;
}

Payment ReadPayment(const Row& row) {
  Payment p;
  p.h_id = row.text(0);
  p.application_id = {row.integer(1)};
  p.merchant_id = {row.integer(2)};
  p.service_id = {row.integer(3)};
  p.direction = row.text(4) == "in" ? domain::Direction::kIn : domain::Direction::kOut;
  p.c_id = {row.text(5), row.integer(6) != 0};
  MULTIHUB_CHECK(domain::Currency::Parse(row.text(7), &p.amount.currency));
  p.amount.minor = row.integer(8);
  p.fee = row.integer(9);
  p.provider = row.text(10);
  p.method = row.text(11);
  p.test = row.integer(12) != 0;
  MULTIHUB_CHECK(domain::ParsePaymentStatus(row.text(13), &p.status));
  p.status_version = row.integer(14);
  p.p_id = row.text(15);
  p.utr = row.text(16);
  p.created_ms = row.integer(17);
  p.updated_ms = row.integer(18);
  p.finished_ms = row.integer(19);
  p.redirect = row.text(20);
  p.receiver = DecodeReceiver(row.text(21));
  p.payer = row.text(22);
  p.sealed_card = row.text(23);
  p.webhook_url = row.text(24);
  p.webhook_events = row.text(25);
  p.trace = base::ParseStoredTrace(row.text(26));
  return p;
}

std::vector<Payment> Select(Session& session, const std::string& tail, std::span<const Value> values) {
  std::vector<Payment> payments;
  session.Query("SELECT " + std::string(kColumns) + " FROM payments " + tail, kColumnTypes, values,
                [&](const Row& row) { payments.push_back(ReadPayment(row)); });
  return payments;
}

}  // namespace

std::vector<Payment> FindByClientKeys(Session& session, std::span<const ClientKey> keys) {
  std::vector<Payment> found;
  std::map<domain::ApplicationId, std::vector<const std::string*>> by_application;
  for (const ClientKey& key : keys) by_application[key.application_id].push_back(&key.c_id);
  for (const auto& [application, c_ids] : by_application) {
    const std::size_t size = ListSize(c_ids.size());
    std::vector<Value> values = {application.value};
    values.reserve(size + 1);
    for (std::size_t i = 0; i < size; ++i) values.push_back(*c_ids[std::min(i, c_ids.size() - 1)]);
    auto part = Select(session, "WHERE application_id = ? AND c_id IN (" + Placeholders(size) + ")", values);
    std::move(part.begin(), part.end(), std::back_inserter(found));
  }
  return found;
}

std::vector<Payment> FindByIds(Session& session, std::span<const std::string> h_ids) {
  if (h_ids.empty()) return {};
  const std::vector<Value> values = FilledList(h_ids);
  return Select(session, "WHERE h_id IN (" + Placeholders(values.size()) + ")", values);
}

void InsertPayments(Session& session, std::span<const Payment* const> payments) {
  static const InsertShape kShape("payments", kColumns);
  std::vector<std::string> receivers, traces;
  receivers.reserve(payments.size());
  traces.reserve(payments.size());
  std::vector<Value> values;
  values.reserve(payments.size() * kShape.width());
  for (const Payment* p : payments) {
    const std::string& receiver = receivers.emplace_back(EncodeReceiver(p->receiver));
    const std::string& trace = traces.emplace_back(base::StoredTrace(p->trace));
    values.insert(values.end(), {p->h_id,
                                 p->application_id.value,
                                 p->merchant_id.value,
                                 p->service_id.value,
                                 domain::NameOf(p->direction),
                                 p->c_id.text,
                                 p->c_id.numeric,
                                 p->amount.currency.code(),
                                 p->amount.minor,
                                 p->fee,
                                 p->provider,
                                 p->method,
                                 p->test,
                                 domain::NameOf(p->status),
                                 p->status_version,
                                 OptionalText(p->p_id),
                                 OptionalText(p->utr),
                                 p->created_ms,
                                 p->updated_ms,
                                 p->finished_ms,
                                 OptionalText(p->redirect),
                                 OptionalText(receiver),
                                 OptionalText(p->payer),
                                 OptionalText(p->sealed_card),
                                 OptionalText(p->webhook_url),
                                 OptionalText(p->webhook_events),
                                 OptionalText(trace)});
  }
  InsertRows(session, kShape, values);
}

std::int64_t MovePayments(Session& session, std::span<const PaymentMove> moves) {
  static const UpdateShape kShape = {
      "payments",
      {"h_id"},
      {"status_version", "updated_ms"},
      {"status", "status_version", "p_id", "utr", "updated_ms", "finished_ms", "sealed_card"}};
  std::vector<Value> values;
  values.reserve(moves.size() * kShape.width());
  for (const PaymentMove& move : moves) {
    const Payment& p = *move.after;
    values.insert(values.end(), {p.h_id, move.expected_version, move.expected_updated_ms, domain::NameOf(p.status),
                                 p.status_version, OptionalText(p.p_id), OptionalText(p.utr), p.updated_ms,
                                 p.finished_ms, OptionalText(p.sealed_card)});
  }
  return UpdateRows(session, kShape, values);
}

std::vector<Payment> ListPayments(Session& session, const PaymentListFilter& filter) {
  std::string where = "WHERE created_ms >= ?";
  std::vector<Value> values = {filter.created_from_ms};
  const auto add = [&](const char* condition, Value value) {
    where += condition;
    values.push_back(value);
  };
  if (filter.application_id) add(" AND application_id = ?", filter.application_id->value);
  if (filter.status) add(" AND status = ?", domain::NameOf(*filter.status));
  if (filter.created_before_ms > 0) add(" AND created_ms < ?", filter.created_before_ms);
  if (filter.unfinished) where += " AND finished_ms = 0";
  add(" ORDER BY h_id DESC LIMIT ?", std::int64_t{filter.limit});
  return Select(session, where, values);
}

void InsertEvents(Session& session, std::span<const EventRow> events) {
  static const InsertShape kShape("events", "h_id, status_version, event_id, event, application_id, created_ms, body");
  std::vector<Value> values;
  values.reserve(events.size() * kShape.width());
  for (const EventRow& e : events) {
    values.insert(values.end(),
                  {e.h_id, e.status_version, e.event_id, e.event, e.application_id.value, e.created_ms, e.body});
  }
  InsertRows(session, kShape, values);
}

std::vector<EventRow> EventsOf(Session& session, const std::string& h_id) {
  std::vector<EventRow> events;
  session.Query(
      "SELECT h_id, status_version, event_id, event, application_id, created_ms, body FROM events WHERE h_id = ? "
      "ORDER BY status_version DESC",
      "tittiit", {h_id}, [&](const Row& row) {
        events.push_back(
            {row.text(0), row.integer(1), row.text(2), row.text(3), {row.integer(4)}, row.integer(5), row.text(6)});
      });
  return events;
}

void InsertTasks(Session& session, std::span<const ProviderTask> tasks) {
  static const InsertShape kShape("provider_tasks", "h_id, application_id, due_ms, asks");
  std::vector<Value> values;
  values.reserve(tasks.size() * kShape.width());
  for (const ProviderTask& t : tasks) {
    values.insert(values.end(), {t.h_id, t.application_id.value, t.due_ms, t.asks});
  }
  InsertRows(session, kShape, values);
}

std::vector<ProviderTask> DueTasks(Session& session, std::int64_t now_ms, int limit) {
  std::vector<ProviderTask> tasks;
  session.Query(
      "SELECT h_id, application_id, due_ms, asks FROM provider_tasks WHERE due_ms <= ? ORDER BY due_ms LIMIT ?", "tiii",
      {now_ms, std::int64_t{limit}}, [&](const Row& row) {
        tasks.push_back({row.text(0), {row.integer(1)}, row.integer(2), row.integer(3)});
      });
  return tasks;
}

std::vector<bool> ClaimTasks(Session& session, std::span<const TaskClaim> claims) {
  static const UpdateShape kShape = {"provider_tasks", {"h_id"}, {"due_ms"}, {"due_ms", "asks"}};
  std::vector<Value> values;
  values.reserve(claims.size() * kShape.width());
  for (const TaskClaim& claim : claims) {
    values.insert(values.end(), {claim.task->h_id, claim.task->due_ms, claim.next_due_ms, claim.task->asks + 1});
  }
  if (UpdateRows(session, kShape, values) == static_cast<std::int64_t>(claims.size())) {
    return std::vector<bool>(claims.size(), true);
  }
  std::vector<bool> claimed;
  for (const TaskClaim& claim : claims) {
    const auto due = session.QueryInteger("SELECT due_ms FROM provider_tasks WHERE h_id = ?", {claim.task->h_id});
    claimed.push_back(due == claim.next_due_ms);
  }
  return claimed;
}

void DeleteTasks(Session& session, std::span<const std::string> h_ids) {
  if (h_ids.empty()) return;
  const std::vector<Value> values = FilledList(h_ids);
  session.Execute("DELETE FROM provider_tasks WHERE h_id IN (" + Placeholders(values.size()) + ")", values);
}

bool KeepMessage(Session& session, const ProviderMessage& m) {
  const auto known =
      session.QueryInteger("SELECT COUNT(*) FROM provider_messages WHERE h_id = ? AND digest = ?", {m.h_id, m.digest});
  if (known.value_or(0) > 0) return false;
  session.Execute(
      "INSERT INTO provider_messages (h_id, digest, reason, provider, received_ms, body) VALUES (?, ?, ?, ?, ?, ?)",
      {m.h_id, m.digest, m.reason, m.provider, m.received_ms, m.body});
  return true;
}

std::vector<ProviderMessage> MessagesOf(Session& session, const std::string& h_id) {
  std::vector<ProviderMessage> messages;
  session.Query(
      "SELECT h_id, digest, reason, provider, received_ms, body FROM provider_messages WHERE h_id = ? "
      "ORDER BY received_ms, digest",
      "ttttit", {h_id}, [&](const Row& row) {
        messages.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.integer(4), row.text(5)});
      });
  return messages;
}

}  // namespace multihub::storage
