// The sandbox: a database with made-up merchants, applications, routes and balances to try the gateway with.
#pragma once

#include <string>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/base/sealing.h"
#include "multihub/domain/ids.h"
#include "multihub/storage/session.h"

namespace multihub::cli {

// Marks the database behind `session` as a sandbox. Throws Refused when it is not one and holds anything already.
void MarkSandbox(storage::Session& session, const storage::DatabaseUrl& url);

// Creates what is missing, by id, one transaction per object; never alters a row that is there. Safe to run in several
// processes at once. Throws StorageFailure.
void LoadSandbox(storage::Session& session, const base::MasterKey& key, const base::Clock& clock, base::Random& random);

struct SandboxApplication {
  domain::ApplicationId id;
  std::string what;  // what is special about it
};
const std::vector<SandboxApplication>& SandboxApplications();
// "sandbox-secret-N-do-not-use-in-production".
std::string SandboxSecret(domain::ApplicationId id);

}  // namespace multihub::cli
