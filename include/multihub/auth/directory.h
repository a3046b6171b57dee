// The directory: applications and routes in memory, refreshed within 2 s of a change by any process. A snapshot is
// immutable and shared; a call keeps the one it started with.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/ip_address.h"
#include "multihub/base/sealing.h"
#include "multihub/base/secret_string.h"
#include "multihub/domain/ids.h"
#include "multihub/domain/route_access.h"
#include "multihub/storage/directory_store.h"

namespace multihub::auth {

struct Application {
  domain::ApplicationId id;
  domain::MerchantId merchant_id;
  bool test = false;
  bool enabled = true;  // its own switch and its merchant's
  bool strict_identifiers = false;
  bool balance_enabled = true;
  base::SecretString secret;
  base::SecretString previous_secret;  // empty: none
  base::UnixMs previous_until_ms = 0;
  bool secret_in_use = true;
  base::SecretString webhook_secret;  // the whsec_ of its in-request endpoints; empty: does not open
  bool any_address = true;            // no allow-list: calls may come from anywhere
  std::vector<base::Cidr> allowed_networks;

  // `numeric_address` in the form of inet_ntop; one that cannot be read is on no list.
  bool AllowsAddress(std::string_view numeric_address) const;
};

class Directory {
 public:
  virtual ~Directory() = default;
  virtual std::int64_t version() const = 0;
  // nullptr: unknown. Valid as long as the snapshot.
  virtual const Application* Find(domain::ApplicationId id) const = 0;
  virtual domain::RouteAccess Access(domain::ApplicationId application, domain::ServiceId service) const = 0;

  // Builds a snapshot. `provider_configured(name)` says whether an adapter of that name works in this process. An
  // application whose secret does not open under `key` is kept but disabled, and reported through `problem` (a
  // sentence without secrets, for the log). An allow-list entry that cannot be read is reported and allows nobody.
  static std::shared_ptr<const Directory> Build(const storage::DirectoryRows& rows, const base::MasterKey& key,
                                                const std::function<bool(const std::string&)>& provider_configured,
                                                const std::function<void(const std::string&)>& problem);
};

// Where calls find the current snapshot. Thread safe. Each reading thread keeps the snapshot it saw last and looks at
// one number to learn that there is a newer one, so that readers take no lock; an idle thread may keep a replaced
// snapshot in memory until its next read.
class DirectoryCache {
 public:
  // nullptr before the first Replace.
  std::shared_ptr<const Directory> Current() const;
  void Replace(std::shared_ptr<const Directory> next);

 private:
  std::atomic<std::uint64_t> stamp_{0};  // of current_; no two snapshots of the process share one
  mutable std::mutex mutex_;
  std::shared_ptr<const Directory> current_;  // guarded by mutex_
};

}  // namespace multihub::auth
