// Payments, their events, the work their providers still owe, and messages kept for the operator.
// All functions throw StorageFailure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "multihub/domain/payment.h"
#include "multihub/storage/session.h"

namespace multihub::storage {

struct ClientKey {
  domain::ApplicationId application_id;
  std::string c_id;
};

// Every stored payment under one of the keys, whole. One statement for all.
std::vector<domain::Payment> FindByClientKeys(Session& session, std::span<const ClientKey> keys);
// Every stored payment of these ids, in no particular order.
std::vector<domain::Payment> FindByIds(Session& session, std::span<const std::string> h_ids);

// A taken h_id or c_id throws kDuplicate.
void InsertPayments(Session& session, std::span<const domain::Payment* const> payments);

// Compare-and-set on (h_id, status_version, updated_ms): stores the movable columns (status, status_version, p_id, utr,
// times, sealed_card). Returns how many rows still were as expected. Every change raises one of the two.
struct PaymentMove {
  std::int64_t expected_version = 0;
  std::int64_t expected_updated_ms = 0;
  const domain::Payment* after = nullptr;
};
std::int64_t MovePayments(Session& session, std::span<const PaymentMove> moves);

struct PaymentListFilter {
  std::optional<domain::ApplicationId> application_id;
  std::optional<domain::PaymentStatus> status;
  std::int64_t created_from_ms = 0;
  std::int64_t created_before_ms = 0;  // 0: no bound
  bool unfinished = false;
  int limit = 50;
};
// Newest first.
std::vector<domain::Payment> ListPayments(Session& session, const PaymentListFilter& filter);

// An event of the log: written in the transaction of the change that caused it, its body frozen.
struct EventRow {
  std::string h_id;
  std::int64_t status_version = 1;
  std::string event_id;  // "<h_id>:<event>", with ":<status_version>" from the second partial refund on
  std::string event;
  domain::ApplicationId application_id;
  std::int64_t created_ms = 0;
  std::string body;
};
void InsertEvents(Session& session, std::span<const EventRow> events);
// Newest version first; bodies included.
std::vector<EventRow> EventsOf(Session& session, const std::string& h_id);

// What a payment without a final word is still owed: when its provider is asked next. Claiming moves the due time, so
// that of several processes one gets the task, and a claimant that dies only delays it.
struct ProviderTask {
  std::string h_id;
  domain::ApplicationId application_id;
  std::int64_t due_ms = 0;  // database time
  std::int64_t asks = 0;    // how often it was claimed
};
void InsertTasks(Session& session, std::span<const ProviderTask> tasks);
std::vector<ProviderTask> DueTasks(Session& session, std::int64_t now_ms, int limit);
// Compare-and-set on due_ms, asks + 1. Says for each claim whether it is this caller's. (Two processes that move a task
// to the same millisecond may both be told so; asking a provider twice is harmless.)
struct TaskClaim {
  const ProviderTask* task = nullptr;
  std::int64_t next_due_ms = 0;
};
std::vector<bool> ClaimTasks(Session& session, std::span<const TaskClaim> claims);
void DeleteTasks(Session& session, std::span<const std::string> h_ids);

// A provider's message that changed nothing and waits for the operator.
struct ProviderMessage {
  std::string h_id;
  std::string digest;  // of the message; the same one is kept once
  std::string reason;  // "amount_mismatch", "late_message", "balance_limit"
  std::string provider;
  std::int64_t received_ms = 0;
  std::string body;
};
// False when it is kept already.
bool KeepMessage(Session& session, const ProviderMessage& message);
std::vector<ProviderMessage> MessagesOf(Session& session, const std::string& h_id);

}  // namespace multihub::storage
