#include "multihub/auth/directory.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace multihub::auth {
namespace {

using Problem = std::function<void(const std::string&)>;

struct AccessKey {
  domain::ApplicationId application;
  domain::ServiceId service;
  friend bool operator==(const AccessKey&, const AccessKey&) = default;
};
struct HashAccessKey {
  std::size_t operator()(const AccessKey& key) const noexcept {
    const auto application = static_cast<std::uint64_t>(key.application.value);
    const auto service = static_cast<std::uint64_t>(key.service.value);
    return static_cast<std::size_t>((application * 0x9e3779b97f4a7c15u) ^ (service * 0xc2b2ae3d27d4eb4fu));
  }
};

class Snapshot final : public Directory {
 public:
  std::int64_t version() const override { return version_; }

  const Application* Find(domain::ApplicationId id) const override {
    const auto found = applications_.find(id);
    return found == applications_.end() ? nullptr : &found->second;
  }

  domain::RouteAccess Access(domain::ApplicationId application, domain::ServiceId service) const override {
    const auto found = accesses_.find({application, service});
    return found == accesses_.end() ? domain::RouteAccess{} : found->second;
  }

 private:
  friend class SnapshotBuilder;
  std::int64_t version_ = 0;
  std::unordered_map<domain::ApplicationId, Application> applications_;
  std::unordered_map<AccessKey, domain::RouteAccess, HashAccessKey> accesses_;
};

class SnapshotBuilder {
 public:
  SnapshotBuilder(const storage::DirectoryRows& rows, const base::MasterKey& key,
                  const std::function<bool(const std::string&)>& provider_configured, const Problem& problem)
      : rows_(rows), key_(key), provider_configured_(provider_configured), problem_(problem) {}

  std::shared_ptr<const Directory> Build() {
    snapshot_->version_ = rows_.version;
    ReadMerchants();
    for (const storage::ApplicationRow& row : rows_.applications) AddApplication(row);
    ReadSwitches();
    ReadRoutes();
    for (const storage::AssignmentRow& row : rows_.assignments) AddAssignment(row);
    return snapshot_;
  }

 private:
  void ReadMerchants() {
    for (const storage::MerchantRow& row : rows_.merchants) {
      if (row.enabled) enabled_merchants_.insert(row.id);
    }
  }

  void AddApplication(const storage::ApplicationRow& row) {
    Application application;
    application.id = row.id;
    application.merchant_id = row.merchant_id;
    application.test = row.test;
    application.enabled = row.enabled && enabled_merchants_.contains(row.merchant_id);
    application.strict_identifiers = row.strict_identifiers;
    application.balance_enabled = row.balance_enabled;
    application.previous_until_ms = row.previous_until_ms;
    application.secret_in_use = row.secret_in_use;
    OpenSecrets(row, &application);
    ReadAllowList(row, &application);
    snapshot_->applications_.emplace(row.id, std::move(application));
  }

  void OpenSecrets(const storage::ApplicationRow& row, Application* application) {
    const std::string place = "applications/" + std::to_string(row.id.value);
    std::optional<base::SecretString> secret = base::Unseal(key_, place + "/secret", row.sealed_secret);
    if (!secret || secret->empty()) {
      application->enabled = false;
      problem_("the secret of application " + std::to_string(row.id.value) +
               " does not open under this master key; the application is refused");
      return;
    }
    application->secret = std::move(*secret);
    OpenWebhookSecret(row, place, application);
    if (row.sealed_previous_secret.empty()) return;
    std::optional<base::SecretString> previous =
        base::Unseal(key_, place + "/previous_secret", row.sealed_previous_secret);
    if (previous) {
      application->previous_secret = std::move(*previous);
    } else {
      problem_("the previous secret of application " + std::to_string(row.id.value) +
               " does not open under this master key; requests signed with it are refused");
    }
  }

  void OpenWebhookSecret(const storage::ApplicationRow& row, const std::string& place, Application* application) {
    if (row.sealed_webhook_secret.empty()) return;
    std::optional<base::SecretString> secret = base::Unseal(key_, place + "/webhook_secret", row.sealed_webhook_secret);
    if (secret) {
      application->webhook_secret = std::move(*secret);
    } else {
      problem_("the webhook secret of application " + std::to_string(row.id.value) +
               " does not open under this master key; webhooks to the URLs of its payments are not sent");
    }
  }

  void ReadAllowList(const storage::ApplicationRow& row, Application* application) {
    application->any_address = row.addresses.empty();
    for (const std::string& text : row.addresses) {
      if (const std::optional<base::Cidr> network = base::Cidr::Parse(text)) {
        application->allowed_networks.push_back(*network);
      } else {
        problem_("an allow-list entry of application " + std::to_string(row.id.value) +
                 " is no network and allows nobody");
      }
    }
  }

  void ReadSwitches() {
    for (const storage::CurrencySwitchRow& row : rows_.currencies) {
      if (row.enabled) continue;
      if (row.application_id) {
        currencies_off_of_.insert({*row.application_id, row.currency});
      } else {
        currencies_off_.insert(row.currency);
      }
    }
    for (const storage::ProviderRow& row : rows_.providers) {
      if (!row.enabled) providers_off_.insert(row.name);
    }
  }

  void ReadRoutes() {
    for (const domain::Route& route : rows_.routes) routes_.emplace(route.service_id, &route);
  }

  void AddAssignment(const storage::AssignmentRow& row) {
    const auto route = routes_.find(row.service_id);
    if (route == routes_.end()) return;
    domain::RouteAccess access;
    access.route = *route->second;
    access.switched_on = row.enabled && IsUsable(*route->second);
    access.currency_enabled = IsCurrencyOn(row.application_id, route->second->currency);
    snapshot_->accesses_.emplace(AccessKey{row.application_id, row.service_id}, std::move(access));
  }

  bool IsUsable(const domain::Route& route) const {
    return route.enabled && !providers_off_.contains(route.provider) && provider_configured_(route.provider);
  }

  bool IsCurrencyOn(domain::ApplicationId application, const domain::Currency& currency) const {
    const std::string code(currency.code());
    return !currencies_off_.contains(code) && !currencies_off_of_.contains({application, code});
  }

  const storage::DirectoryRows& rows_;
  const base::MasterKey& key_;
  const std::function<bool(const std::string&)>& provider_configured_;
  const Problem& problem_;
  std::shared_ptr<Snapshot> snapshot_ = std::make_shared<Snapshot>();
  std::unordered_set<domain::MerchantId> enabled_merchants_;
  std::unordered_map<domain::ServiceId, const domain::Route*> routes_;
  std::set<std::string> currencies_off_;
  std::set<std::pair<domain::ApplicationId, std::string>> currencies_off_of_;
  std::set<std::string> providers_off_;
};

}  // namespace

bool Application::AllowsAddress(std::string_view numeric_address) const {
  if (any_address) return true;
  const std::optional<base::IpAddress> address = base::IpAddress::Parse(numeric_address);
  if (!address) return false;
  return std::any_of(allowed_networks.begin(), allowed_networks.end(),
                     [&](const base::Cidr& network) { return network.Contains(*address); });
}

std::shared_ptr<const Directory> Directory::Build(const storage::DirectoryRows& rows, const base::MasterKey& key,
                                                  const std::function<bool(const std::string&)>& provider_configured,
                                                  const Problem& problem) {
  return SnapshotBuilder(rows, key, provider_configured, problem).Build();
}

}  // namespace multihub::auth
