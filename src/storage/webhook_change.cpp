#include "multihub/storage/webhook_change.h"

namespace multihub::storage {

bool LockApplication(Session& session, domain::ApplicationId application) {
  // Changes nothing: an UPDATE takes the row's lock on every engine.
  return session.Execute("UPDATE applications SET created_ms = created_ms WHERE id = ?", {application.value}) == 1;
}

std::optional<std::int64_t> NonceExpiry(Session& session, domain::ApplicationId application, const std::string& nonce) {
  return session.QueryInteger("SELECT expires_ms FROM call_nonces WHERE application_id = ? AND nonce = ?",
                              {application.value, nonce});
}

std::optional<DeliveryRow> FindDelivery(Session& session, const std::string& id) {
  std::optional<DeliveryRow> found;
  session.Query(
      "SELECT id, endpoint_id, application_id, h_id, status_version, state, due_ms, lease_owner, attempts, created_ms, "
      "expires_ms, finished_ms, outcome FROM webhook_deliveries WHERE id = ?",
      "ttitititiiiit", {id}, [&](const Row& row) {
        DeliveryRow d;
        d.id = row.text(0);
        d.endpoint_id = row.text(1);
        d.application_id = {row.integer(2)};
        d.h_id = row.text(3);
        d.status_version = row.integer(4);
        d.state = row.text(5);
        d.due_ms = row.integer(6);
        d.lease_owner = row.text(7);
        d.attempts = row.integer(8);
        d.created_ms = row.integer(9);
        d.expires_ms = row.integer(10);
        d.finished_ms = row.integer(11);
        d.outcome = row.text(12);
        found = std::move(d);
      });
  return found;
}

}  // namespace multihub::storage
