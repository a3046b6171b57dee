#include "cli/sandbox.h"

#include <functional>

#include "cli/context.h"
#include "cli/refused.h"
#include "cli/security.h"
#include "multihub/base/check.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/payments/operator.h"
#include "multihub/storage/directory_store.h"

namespace multihub::cli {
namespace {

using domain::Direction;

constexpr const char* kProvider = "simulator";
constexpr const char* kPayee = "sandbox@examplebank";
constexpr const char* kPayeeName = "Sandbox Merchant";
constexpr const char* kSwitchedOffCurrency = "GEL";

struct MerchantSeed {
  std::int64_t id;
  const char* name;
};
constexpr MerchantSeed kMerchants[] = {{1, "Sandbox merchant"}, {2, "Second sandbox merchant"}};

struct ApplicationSeed {
  std::int64_t id;
  std::int64_t merchant;
  bool enabled;
  bool strict_identifiers;
  const char* address;  // nullptr: any
};
constexpr ApplicationSeed kApplications[] = {
    {1, 1, true, false, nullptr},        {2, 2, true, false, nullptr}, {3, 2, false, false, nullptr},
    {4, 2, true, false, "192.0.2.1/32"}, {5, 2, true, true, nullptr},
};

constexpr std::int64_t kOpenApplications[] = {1, 2, 4, 5};

struct RouteSeed {
  std::int64_t id;
  Direction direction;
  const char* currency;
  const char* method;
  std::int64_t min, max;  // 0: default
  std::int64_t fee_fixed, fee_bps;
  const char* required;  // nullptr: none
  bool enabled;
  bool second_only;  // assigned to application 2 alone
};
constexpr const char* kFirstName = "receiver.person.first_name";
constexpr RouteSeed kRoutes[] = {
    {14701, Direction::kIn, "INR", "upi", 100, 10'000'000, 0, 0, nullptr, true, false},
    {14702, Direction::kIn, "INR", "bank_transfer", 0, 0, 0, 0, nullptr, true, false},
    {14703, Direction::kIn, "MXN", "spei", 0, 0, 0, 150, nullptr, true, false},
    {14704, Direction::kIn, "ARS", "bank_transfer", 0, 0, 0, 0, nullptr, true, false},
    {14705, Direction::kIn, "JPY", "card", 0, 0, 0, 0, nullptr, true, false},
    {14706, Direction::kIn, "AUD", "payid", 0, 0, 0, 0, nullptr, true, false},
    {14711, Direction::kIn, "INR", "upi", 0, 0, 0, 0, nullptr, true, true},
    {14712, Direction::kIn, "INR", "upi", 0, 0, 0, 0, nullptr, false, false},
    {14713, Direction::kIn, "GEL", "card", 0, 0, 0, 0, nullptr, true, false},
    {14801, Direction::kOut, "MXN", "spei", 1000, 100'000'000, 500, 0, nullptr, true, false},
    {14802, Direction::kOut, "INR", "bank_transfer", 0, 0, 0, 0, kFirstName, true, false},
    {14803, Direction::kOut, "INR", "upi", 0, 0, 0, 0, nullptr, true, false},
    {14804, Direction::kOut, "ARS", "bank_transfer", 0, 0, 0, 0, kFirstName, true, false},
    {14805, Direction::kOut, "AUD", "payid", 0, 0, 0, 0, nullptr, true, false},
    {14806, Direction::kOut, "EUR", "card", 0, 0, 0, 0, nullptr, true, false},
};

struct BalanceSeed {
  std::int64_t application;
  const char* currency;
  std::int64_t amount;
};
constexpr BalanceSeed kBalances[] = {
    {1, "INR", 100'000'000}, {1, "MXN", 50'000'000}, {1, "ARS", 50'000'000},
    {1, "AUD", 1'000'000},   {2, "INR", 1'000'000},  {5, "INR", 1'000'000},
};

domain::Currency CurrencyOf(const char* code) {
  domain::Currency currency;
  MULTIHUB_CHECK(domain::Currency::Parse(code, &currency));
  return currency;
}

// The same in every sandbox, so that an example in a document verifies everywhere.
base::SecretString WebhookSecret(domain::ApplicationId id) {
  const std::string seed = "sandbox-webhook-secret-" + std::to_string(id.value) + "-do-not-use-in-production";
  return base::SecretString("whsec_" + base::Base64Encode(base::Sha256({seed})));
}

storage::ApplicationRow ToRow(const ApplicationSeed& seed, const base::MasterKey& key, base::Random& random) {
  storage::ApplicationRow row;
  row.id.value = seed.id;
  row.merchant_id.value = seed.merchant;
  row.test = true;
  row.enabled = seed.enabled;
  row.strict_identifiers = seed.strict_identifiers;
  if (seed.address != nullptr) row.addresses = {seed.address};
  const ApplicationSecrets secrets(key, random);
  secrets.SetSecret(&row, base::SecretString(SandboxSecret(row.id)));
  secrets.SetWebhookSecret(&row, WebhookSecret(row.id));
  return row;
}

domain::Route ToRoute(const RouteSeed& seed) {
  domain::Route route;
  route.service_id.value = seed.id;
  route.direction = seed.direction;
  route.currency = CurrencyOf(seed.currency);
  route.method = seed.method;
  route.provider = kProvider;
  if (seed.min != 0) route.min = seed.min;
  if (seed.max != 0) route.max = seed.max;
  route.fee_fixed = seed.fee_fixed;
  route.fee_bps = seed.fee_bps;
  if (seed.required != nullptr) route.required = {seed.required};
  if (seed.direction == Direction::kIn && route.method == "upi") {
    route.upi_payee = kPayee;
    route.upi_name = kPayeeName;
  }
  route.enabled = seed.enabled;
  return route;
}

void InsertWithAssignments(storage::Session& session, const RouteSeed& seed) {
  const domain::Route route = ToRoute(seed);
  storage::InsertRoute(session, route, session.DatabaseNowMs());
  for (const std::int64_t application : kOpenApplications) {
    if (seed.second_only && application != 2) continue;
    storage::AssignRoute(session, domain::ApplicationId{application}, route.service_id);
  }
}

// One object, unless it is there; another process may be making it at the same moment.
void Make(storage::Session& session, bool exists, const std::function<void(storage::Session&)>& insert) {
  if (exists) return;
  try {
    storage::RunUnit(session, kUnitBudgetMs, insert);
  } catch (const storage::StorageFailure& failure) {
    if (failure.kind() != storage::StorageFailure::Kind::kDuplicate) throw;
  }
}

template <typename Rows, typename Same>
bool Any(const Rows& rows, Same same) {
  for (const auto& row : rows) {
    if (same(row)) return true;
  }
  return false;
}

bool HasSwitch(const storage::DirectoryRows& rows) {
  return Any(rows.currencies,
             [](const auto& row) { return !row.application_id && row.currency == kSwitchedOffCurrency; });
}

void MakeSwitch(storage::Session& session) {
  storage::RunUnit(session, kUnitBudgetMs, [](storage::Session& unit) {
    storage::LockDirectory(unit);
    if (HasSwitch(storage::LoadDirectory(unit))) return;
    storage::SetCurrencyEnabled(unit, kSwitchedOffCurrency, std::nullopt, false);
  });
}

void MakeBalance(payments::Operator& door, const BalanceSeed& seed) {
  payments::BalanceChange change;
  change.application_id.value = seed.application;
  change.currency = CurrencyOf(seed.currency);
  change.amount = seed.amount;
  change.reference = std::string("sandbox-") + seed.currency;
  change.reason = "Sandbox start balance";
  door.CreateBalance(change.application_id, change.currency);
  // Repeated with the same reference it changes nothing.
  const auto result = door.ChangeBalance(change);
  if (!result.ok()) throw Refused("The sandbox balance could not be made: " + result.error());
}

bool IsEmpty(const storage::DirectoryRows& rows) {
  return rows.merchants.empty() && rows.applications.empty() && rows.routes.empty() && rows.assignments.empty() &&
         rows.currencies.empty() && rows.providers.empty();
}

}  // namespace

void MarkSandbox(storage::Session& session, const storage::DatabaseUrl& url) {
  if (IsSandbox(session)) return;
  storage::RunUnit(session, kUnitBudgetMs, [&](storage::Session& unit) {
    storage::LockDirectory(unit);
    if (IsSandbox(unit)) return;
    if (!IsEmpty(storage::LoadDirectory(unit))) {
      throw Refused("The database " + url.Redacted() +
                    " is no sandbox and holds data; give `serve --sandbox` an empty one, or leave --sandbox out.");
    }
    storage::PutSetting(unit, kSandboxSetting, "yes");
  });
}

void LoadSandbox(storage::Session& session, const base::MasterKey& key, const base::Clock& clock,
                 base::Random& random) {
  const storage::DirectoryRows rows = storage::LoadDirectory(session);
  for (const MerchantSeed& seed : kMerchants) {
    Make(session, Any(rows.merchants, [&](const auto& row) { return row.id.value == seed.id; }),
         [&](storage::Session& unit) {
           storage::InsertMerchant(unit, {domain::MerchantId{seed.id}, seed.name, true}, unit.DatabaseNowMs());
         });
  }
  for (const ApplicationSeed& seed : kApplications) {
    Make(session, Any(rows.applications, [&](const auto& row) { return row.id.value == seed.id; }),
         [&](storage::Session& unit) {
           storage::InsertApplication(unit, ToRow(seed, key, random), unit.DatabaseNowMs());
         });
  }
  for (const RouteSeed& seed : kRoutes) {
    Make(session, Any(rows.routes, [&](const auto& row) { return row.service_id.value == seed.id; }),
         [&](storage::Session& unit) { InsertWithAssignments(unit, seed); });
  }
  if (!HasSwitch(rows)) MakeSwitch(session);
  payments::Operator door(session, key, clock, random);
  for (const BalanceSeed& seed : kBalances) MakeBalance(door, seed);
}

const std::vector<SandboxApplication>& SandboxApplications() {
  static const std::vector<SandboxApplication> all = {
      {{1}, "merchant 1, with balances in INR, MXN, ARS and AUD"},
      {{2}, "merchant 2, with a balance in INR"},
      {{3}, "disabled (3004)"},
      {{4}, "only from 192.0.2.1 (3005)"},
      {{5}, "strict_identifiers"},
  };
  return all;
}

std::string SandboxSecret(domain::ApplicationId id) {
  return "sandbox-secret-" + std::to_string(id.value) + "-do-not-use-in-production";
}

}  // namespace multihub::cli
