#include "cli/directory_rows.h"

#include "cli/refused.h"

namespace multihub::cli {

storage::ApplicationRow RequireApplication(storage::Session& session, domain::ApplicationId id) {
  for (storage::ApplicationRow& row : storage::LoadDirectory(session).applications) {
    if (row.id == id) return std::move(row);
  }
  throw Refused("There is no application " + std::to_string(id.value) + "; `multihub app list` shows all.");
}

domain::Route RequireRoute(storage::Session& session, domain::ServiceId id) {
  for (domain::Route& route : storage::LoadDirectory(session).routes) {
    if (route.service_id == id) return std::move(route);
  }
  throw Refused("There is no service " + std::to_string(id.value) + "; `multihub service list` shows all.");
}

void RequireMerchant(storage::Session& session, domain::MerchantId id) {
  for (const storage::MerchantRow& row : storage::LoadDirectory(session).merchants) {
    if (row.id == id) return;
  }
  throw Refused("There is no merchant " + std::to_string(id.value) + "; `multihub merchant list` shows all.");
}

}  // namespace multihub::cli
