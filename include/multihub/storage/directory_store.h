// The rows behind the directory: merchants, applications, routes, assignments, currencies, providers. Small tables,
// read whole by every gateway process when `DirectoryVersion` moves (each change below raises it in its transaction).
// All functions throw StorageFailure; callers run the changing ones inside RunUnit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "multihub/domain/ids.h"
#include "multihub/domain/money.h"
#include "multihub/domain/route.h"
#include "multihub/storage/session.h"

namespace multihub::storage {

struct MerchantRow {
  domain::MerchantId id;
  std::string name;
  bool enabled = true;
};

struct ApplicationRow {
  domain::ApplicationId id;
  domain::MerchantId merchant_id;
  bool test = false;
  bool enabled = true;
  bool strict_identifiers = false;
  bool balance_enabled = true;
  std::string sealed_secret;           // base::Seal, binding "applications/<id>/secret"
  std::string secret_digest;           // hex HMAC-SHA256 under MasterKey::Derive("secret-digest"); unique
  std::string sealed_previous_secret;  // binding "applications/<id>/previous_secret"; empty: none
  std::int64_t previous_until_ms = 0;  // the previous secret verifies requests until then
  bool secret_in_use = true;           // the application has signed with the new secret (webhooks follow it)
  std::string sealed_webhook_secret;   // binding "applications/<id>/webhook_secret"
  std::vector<std::string> addresses;  // allow-list CIDRs; empty: any address
};

struct AssignmentRow {
  domain::ApplicationId application_id;
  domain::ServiceId service_id;
  bool enabled = true;
};

struct CurrencySwitchRow {                              // only currencies that were ever switched have a row
  std::optional<domain::ApplicationId> application_id;  // nullopt: the whole gateway
  std::string currency;
  bool enabled = true;
};

struct ProviderRow {
  std::string name;
  bool enabled = true;
};

struct DirectoryRows {
  std::int64_t version = 0;
  std::vector<MerchantRow> merchants;
  std::vector<ApplicationRow> applications;
  std::vector<domain::Route> routes;
  std::vector<AssignmentRow> assignments;
  std::vector<CurrencySwitchRow> currencies;
  std::vector<ProviderRow> providers;
};

std::int64_t DirectoryVersion(Session& session);
// All rows of one consistent moment.
DirectoryRows LoadDirectory(Session& session);

// From here to the end of the transaction no other process changes the directory. Every change below takes this lock
// itself; a unit that decides by what it reads takes it first.
void LockDirectory(Session& session);

// Inserts. A taken id (or secret digest) throws kDuplicate.
void InsertMerchant(Session& session, const MerchantRow& row, std::int64_t now_ms);
void InsertApplication(Session& session, const ApplicationRow& row, std::int64_t now_ms);
void InsertRoute(Session& session, const domain::Route& route, std::int64_t now_ms);
// Makes or re-enables the assignment.
void AssignRoute(Session& session, domain::ApplicationId application, domain::ServiceId service);

// Updates; false when there is no such row.
bool SetMerchantEnabled(Session& session, domain::MerchantId id, bool enabled);
bool SetApplicationEnabled(Session& session, domain::ApplicationId id, bool enabled);
bool SetStrictIdentifiers(Session& session, domain::ApplicationId id, bool strict);
bool SetBalanceSwitch(Session& session, domain::ApplicationId id, bool enabled);
bool SetRouteEnabled(Session& session, domain::ServiceId id, bool enabled);
bool UnassignRoute(Session& session, domain::ApplicationId application, domain::ServiceId service);
bool SetProviderEnabled(Session& session, const std::string& name, bool enabled);
void SetCurrencyEnabled(Session& session, const std::string& currency, std::optional<domain::ApplicationId> application,
                        bool enabled);
bool AllowAddress(Session& session, domain::ApplicationId id, const std::string& cidr);
// The present secret becomes the previous one until `previous_until_ms`.
bool RotateSecret(Session& session, const ApplicationRow& with_new_secret);
bool RotateWebhookSecret(Session& session, domain::ApplicationId id, const std::string& sealed);
// The same secrets sealed under another master key. `previous_digest` is empty when there is no previous secret.
bool ResealApplication(Session& session, const ApplicationRow& row, const std::string& previous_digest);
// The application has signed with its new secret for the first time: never goes back.
bool MarkSecretInUse(Session& session, domain::ApplicationId id);

// The lowest id above all there are. Holds the lock of LockDirectory, so nobody else is given the same one.
std::int64_t NextMerchantId(Session& session);
std::int64_t NextApplicationId(Session& session);

// Named texts of the gateway itself: "sandbox" (marked or not), "master_key_id", ….
std::optional<std::string> GetSetting(Session& session, const std::string& name);
void PutSetting(Session& session, const std::string& name, const std::string& value);

}  // namespace multihub::storage
