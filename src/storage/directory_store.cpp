#include "multihub/storage/directory_store.h"

#include <algorithm>
#include <unordered_map>

namespace multihub::storage {
namespace {

constexpr std::string_view kRaiseVersion = "UPDATE directory_version SET version = version + 1 WHERE id = 1";
constexpr std::string_view kSelectDirectoryVersion = "SELECT version FROM directory_version WHERE id = 1";

constexpr std::string_view kSelectMerchants = "SELECT id, name, enabled FROM merchants ORDER BY id";
constexpr std::string_view kSelectApplications =
    "SELECT id, merchant_id, test, enabled, strict_identifiers, balance_enabled, sealed_secret, secret_digest, "
    "sealed_previous_secret, previous_until_ms, secret_in_use, sealed_webhook_secret FROM applications ORDER BY id";
constexpr std::string_view kSelectAddresses =
    "SELECT application_id, cidr FROM application_addresses ORDER BY application_id, cidr";
constexpr std::string_view kSelectRoutes =
    "SELECT service_id, direction, currency, method, provider, min_amount, max_amount, fee_fixed, fee_bps, required, "
    "upi_payee, upi_name, answer_started, enabled FROM routes ORDER BY service_id";
constexpr std::string_view kSelectAssignments =
    "SELECT application_id, service_id, enabled FROM assignments ORDER BY application_id, service_id";
constexpr std::string_view kSelectCurrencies =
    "SELECT application_id, currency, enabled FROM currency_switches ORDER BY application_id, currency";
constexpr std::string_view kSelectProviders = "SELECT name, enabled FROM providers ORDER BY name";

constexpr std::string_view kInsertMerchant =
    "INSERT INTO merchants (id, name, enabled, created_ms) VALUES (?, ?, ?, ?)";
constexpr std::string_view kInsertApplication =
    "INSERT INTO applications (id, merchant_id, test, enabled, strict_identifiers, balance_enabled, sealed_secret, "
    "secret_digest, sealed_previous_secret, previous_until_ms, secret_in_use, sealed_webhook_secret, created_ms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kInsertDigest =
    "INSERT INTO application_secret_digests (digest, application_id) VALUES (?, ?)";
constexpr std::string_view kSelectDigest = "SELECT secret_digest FROM applications WHERE id = ?";
constexpr std::string_view kDeleteOtherDigests =
    "DELETE FROM application_secret_digests WHERE application_id = ? AND digest <> ?";
constexpr std::string_view kDeleteDigests = "DELETE FROM application_secret_digests WHERE application_id = ?";
constexpr std::string_view kInsertAddress = "INSERT INTO application_addresses (application_id, cidr) VALUES (?, ?)";
constexpr std::string_view kSelectAddress =
    "SELECT COUNT(*) FROM application_addresses WHERE application_id = ? AND cidr = ?";
constexpr std::string_view kInsertRoute =
    "INSERT INTO routes (service_id, direction, currency, method, provider, min_amount, max_amount, fee_fixed, "
    "fee_bps, required, upi_payee, upi_name, answer_started, enabled, created_ms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kUpdateAssignment =
    "UPDATE assignments SET enabled = 1 WHERE application_id = ? AND service_id = ?";
constexpr std::string_view kInsertAssignment =
    "INSERT INTO assignments (application_id, service_id, enabled) VALUES (?, ?, 1)";
constexpr std::string_view kDeleteAssignment = "DELETE FROM assignments WHERE application_id = ? AND service_id = ?";
constexpr std::string_view kUpdateCurrency =
    "UPDATE currency_switches SET enabled = ? WHERE application_id = ? AND currency = ?";
constexpr std::string_view kInsertCurrency =
    "INSERT INTO currency_switches (enabled, application_id, currency) VALUES (?, ?, ?)";
constexpr std::string_view kUpdateProvider = "UPDATE providers SET enabled = ? WHERE name = ?";
constexpr std::string_view kInsertProvider = "INSERT INTO providers (enabled, name) VALUES (?, ?)";
constexpr std::string_view kEnableMerchant = "UPDATE merchants SET enabled = ? WHERE id = ?";
constexpr std::string_view kEnableApplication = "UPDATE applications SET enabled = ? WHERE id = ?";
constexpr std::string_view kSetStrict = "UPDATE applications SET strict_identifiers = ? WHERE id = ?";
constexpr std::string_view kSetBalance = "UPDATE applications SET balance_enabled = ? WHERE id = ?";
constexpr std::string_view kEnableRoute = "UPDATE routes SET enabled = ? WHERE service_id = ?";
constexpr std::string_view kApplicationExists = "SELECT COUNT(*) FROM applications WHERE id = ?";
constexpr std::string_view kRotateSecret =
    "UPDATE applications SET sealed_secret = ?, secret_digest = ?, sealed_previous_secret = ?, previous_until_ms = ?, "
    "secret_in_use = ? WHERE id = ?";
constexpr std::string_view kReseal =
    "UPDATE applications SET sealed_secret = ?, secret_digest = ?, sealed_previous_secret = ?, "
    "sealed_webhook_secret = ? WHERE id = ?";
constexpr std::string_view kRotateWebhookSecret = "UPDATE applications SET sealed_webhook_secret = ? WHERE id = ?";
constexpr std::string_view kMarkSecretInUse =
    "UPDATE applications SET secret_in_use = 1 WHERE id = ? AND secret_in_use = 0";
constexpr std::string_view kMaxMerchantId = "SELECT COALESCE(MAX(id), 0) FROM merchants";
constexpr std::string_view kMaxApplicationId = "SELECT COALESCE(MAX(id), 0) FROM applications";
constexpr std::string_view kSelectSetting = "SELECT value FROM settings WHERE name = ?";
constexpr std::string_view kUpdateSetting = "UPDATE settings SET value = ? WHERE name = ?";
constexpr std::string_view kInsertSetting = "INSERT INTO settings (value, name) VALUES (?, ?)";

// A load that is overtaken by changes this often in a row gives up; changes are made by operators.
constexpr int kMaxLoadRounds = 50;

Value Flag(bool on) { return std::int64_t{on ? 1 : 0}; }

std::string Join(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += ',';
    joined += part;
  }
  return joined;
}

std::vector<std::string> Split(const std::string& joined) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin < joined.size()) {
    const std::size_t comma = std::min(joined.find(',', begin), joined.size());
    parts.push_back(joined.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return parts;
}

// Also takes the row lock that makes changes of the directory wait for each other.
void RaiseVersion(Session& session) {
  if (session.Execute(kRaiseVersion) != 1) {
    throw StorageFailure(StorageFailure::Kind::kOther, "the directory_version row is missing");
  }
}

bool Change(Session& session, std::string_view sql, std::initializer_list<Value> values) {
  RaiseVersion(session);
  return session.Execute(sql, values) > 0;
}

void UpdateOrInsert(Session& session, std::string_view update, std::string_view insert,
                    std::initializer_list<Value> values) {
  if (session.Execute(update, values) == 0) session.Execute(insert, values);
}

domain::Route ReadRoute(const Row& row) {
  domain::Route route;
  route.service_id.value = row.integer(0);
  route.direction =
      row.text(1) == domain::NameOf(domain::Direction::kOut) ? domain::Direction::kOut : domain::Direction::kIn;
  if (!domain::Currency::Parse(row.text(2), &route.currency)) {
    throw StorageFailure(StorageFailure::Kind::kOther,
                         "route " + std::to_string(row.integer(0)) + " has a currency this gateway does not know");
  }
  route.method = row.text(3);
  route.provider = row.text(4);
  route.min = row.integer(5);
  route.max = row.integer(6);
  route.fee_fixed = row.integer(7);
  route.fee_bps = row.integer(8);
  route.required = Split(row.text(9));
  route.upi_payee = row.text(10);
  route.upi_name = row.text(11);
  route.answer_started = row.integer(12) != 0;
  route.enabled = row.integer(13) != 0;
  return route;
}

ApplicationRow ReadApplication(const Row& row) {
  ApplicationRow application;
  application.id.value = row.integer(0);
  application.merchant_id.value = row.integer(1);
  application.test = row.integer(2) != 0;
  application.enabled = row.integer(3) != 0;
  application.strict_identifiers = row.integer(4) != 0;
  application.balance_enabled = row.integer(5) != 0;
  application.sealed_secret = row.text(6);
  application.secret_digest = row.text(7);
  application.sealed_previous_secret = row.text(8);
  application.previous_until_ms = row.integer(9);
  application.secret_in_use = row.integer(10) != 0;
  application.sealed_webhook_secret = row.text(11);
  return application;
}

void LoadApplications(Session& session, std::vector<ApplicationRow>* applications) {
  std::unordered_map<std::int64_t, std::vector<std::string>> addresses;
  session.Query(kSelectAddresses, "it", {}, [&](const Row& row) { addresses[row.integer(0)].push_back(row.text(1)); });
  session.Query(kSelectApplications, "iiiiiitttiit", {}, [&](const Row& row) {
    applications->push_back(ReadApplication(row));
    applications->back().addresses = std::move(addresses[row.integer(0)]);
  });
}

void LoadSwitches(Session& session, DirectoryRows* rows) {
  session.Query(kSelectCurrencies, "iti", {}, [&](const Row& row) {
    CurrencySwitchRow& item = rows->currencies.emplace_back();
    if (row.integer(0) != 0) item.application_id = domain::ApplicationId{row.integer(0)};
    item.currency = row.text(1);
    item.enabled = row.integer(2) != 0;
  });
  session.Query(kSelectProviders, "ti", {}, [&](const Row& row) {
    rows->providers.push_back({row.text(0), row.integer(1) != 0});
  });
}

DirectoryRows LoadOnce(Session& session) {
  DirectoryRows rows;
  rows.version = DirectoryVersion(session);
  session.Query(kSelectMerchants, "iti", {}, [&](const Row& row) {
    rows.merchants.push_back({domain::MerchantId{row.integer(0)}, row.text(1), row.integer(2) != 0});
  });
  LoadApplications(session, &rows.applications);
  session.Query(kSelectRoutes, "ittttiiiitttii", {}, [&](const Row& row) { rows.routes.push_back(ReadRoute(row)); });
  session.Query(kSelectAssignments, "iii", {}, [&](const Row& row) {
    rows.assignments.push_back(
        {domain::ApplicationId{row.integer(0)}, domain::ServiceId{row.integer(1)}, row.integer(2) != 0});
  });
  LoadSwitches(session, &rows);
  return rows;
}

}  // namespace

std::int64_t DirectoryVersion(Session& session) { return session.QueryInteger(kSelectDirectoryVersion).value_or(0); }

DirectoryRows LoadDirectory(Session& session) {
  // No snapshot over several SELECTs is portable (sessions read committed rows); an unmoved version is the proof that
  // nothing was committed between them.
  for (int round = 0; round < kMaxLoadRounds; ++round) {
    DirectoryRows rows = LoadOnce(session);
    if (DirectoryVersion(session) == rows.version) return rows;
  }
  throw StorageFailure(StorageFailure::Kind::kConflict, "the directory keeps changing");
}

void LockDirectory(Session& session) { RaiseVersion(session); }

void InsertMerchant(Session& session, const MerchantRow& row, std::int64_t now_ms) {
  RaiseVersion(session);
  session.Execute(kInsertMerchant, {row.id.value, row.name, Flag(row.enabled), now_ms});
}

void InsertApplication(Session& session, const ApplicationRow& row, std::int64_t now_ms) {
  RaiseVersion(session);
  session.Execute(kInsertApplication,
                  {row.id.value, row.merchant_id.value, Flag(row.test), Flag(row.enabled), Flag(row.strict_identifiers),
                   Flag(row.balance_enabled), row.sealed_secret, row.secret_digest, row.sealed_previous_secret,
                   row.previous_until_ms, Flag(row.secret_in_use), row.sealed_webhook_secret, now_ms});
  session.Execute(kInsertDigest, {row.secret_digest, row.id.value});
  for (const std::string& cidr : row.addresses) session.Execute(kInsertAddress, {row.id.value, cidr});
}

void InsertRoute(Session& session, const domain::Route& route, std::int64_t now_ms) {
  RaiseVersion(session);
  const std::string required = Join(route.required);
  session.Execute(kInsertRoute,
                  {route.service_id.value, domain::NameOf(route.direction), route.currency.code(), route.method,
                   route.provider, route.min, route.max, route.fee_fixed, route.fee_bps, required, route.upi_payee,
                   route.upi_name, Flag(route.answer_started), Flag(route.enabled), now_ms});
}

void AssignRoute(Session& session, domain::ApplicationId application, domain::ServiceId service) {
  RaiseVersion(session);
  UpdateOrInsert(session, kUpdateAssignment, kInsertAssignment, {application.value, service.value});
}

bool SetMerchantEnabled(Session& session, domain::MerchantId id, bool enabled) {
  return Change(session, kEnableMerchant, {Flag(enabled), id.value});
}

bool SetApplicationEnabled(Session& session, domain::ApplicationId id, bool enabled) {
  return Change(session, kEnableApplication, {Flag(enabled), id.value});
}

bool SetStrictIdentifiers(Session& session, domain::ApplicationId id, bool strict) {
  return Change(session, kSetStrict, {Flag(strict), id.value});
}

bool SetBalanceSwitch(Session& session, domain::ApplicationId id, bool enabled) {
  return Change(session, kSetBalance, {Flag(enabled), id.value});
}

bool SetRouteEnabled(Session& session, domain::ServiceId id, bool enabled) {
  return Change(session, kEnableRoute, {Flag(enabled), id.value});
}

bool UnassignRoute(Session& session, domain::ApplicationId application, domain::ServiceId service) {
  return Change(session, kDeleteAssignment, {application.value, service.value});
}

bool SetProviderEnabled(Session& session, const std::string& name, bool enabled) {
  RaiseVersion(session);
  UpdateOrInsert(session, kUpdateProvider, kInsertProvider, {Flag(enabled), name});
  return true;
}

void SetCurrencyEnabled(Session& session, const std::string& currency, std::optional<domain::ApplicationId> application,
                        bool enabled) {
  RaiseVersion(session);
  const std::int64_t application_id = application ? application->value : 0;
  UpdateOrInsert(session, kUpdateCurrency, kInsertCurrency, {Flag(enabled), application_id, currency});
}

bool AllowAddress(Session& session, domain::ApplicationId id, const std::string& cidr) {
  RaiseVersion(session);
  if (session.QueryInteger(kApplicationExists, {id.value}).value_or(0) == 0) return false;
  if (session.QueryInteger(kSelectAddress, {id.value, cidr}).value_or(0) == 0) {
    session.Execute(kInsertAddress, {id.value, cidr});
  }
  return true;
}

bool RotateSecret(Session& session, const ApplicationRow& with_new_secret) {
  RaiseVersion(session);
  const ApplicationRow& row = with_new_secret;
  const std::optional<std::string> present = session.QueryText(kSelectDigest, {row.id.value});
  if (!present) return false;
  // The secret before the present one is forgotten: its digest is free again.
  session.Execute(kDeleteOtherDigests, {row.id.value, *present});
  session.Execute(kInsertDigest, {row.secret_digest, row.id.value});
  session.Execute(kRotateSecret, {row.sealed_secret, row.secret_digest, row.sealed_previous_secret,
                                  row.previous_until_ms, Flag(row.secret_in_use), row.id.value});
  return true;
}

bool ResealApplication(Session& session, const ApplicationRow& row, const std::string& previous_digest) {
  RaiseVersion(session);
  if (session.Execute(kReseal, {row.sealed_secret, row.secret_digest, row.sealed_previous_secret,
                                row.sealed_webhook_secret, row.id.value}) == 0) {
    return false;
  }
  session.Execute(kDeleteDigests, {row.id.value});
  session.Execute(kInsertDigest, {row.secret_digest, row.id.value});
  if (!previous_digest.empty()) session.Execute(kInsertDigest, {previous_digest, row.id.value});
  return true;
}

bool RotateWebhookSecret(Session& session, domain::ApplicationId id, const std::string& sealed) {
  return Change(session, kRotateWebhookSecret, {sealed, id.value});
}

bool MarkSecretInUse(Session& session, domain::ApplicationId id) {
  return Change(session, kMarkSecretInUse, {id.value});
}

std::int64_t NextMerchantId(Session& session) {
  RaiseVersion(session);
  return session.QueryInteger(kMaxMerchantId).value_or(0) + 1;
}

std::int64_t NextApplicationId(Session& session) {
  RaiseVersion(session);
  return session.QueryInteger(kMaxApplicationId).value_or(0) + 1;
}

std::optional<std::string> GetSetting(Session& session, const std::string& name) {
  return session.QueryText(kSelectSetting, {name});
}

void PutSetting(Session& session, const std::string& name, const std::string& value) {
  UpdateOrInsert(session, kUpdateSetting, kInsertSetting, {value, name});
}

}  // namespace multihub::storage
