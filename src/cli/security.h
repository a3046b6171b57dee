// Secrets of applications, and the master key they are sealed under.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/config.h"
#include "multihub/base/random.h"
#include "multihub/base/sealing.h"
#include "multihub/base/secret_string.h"
#include "multihub/domain/ids.h"
#include "multihub/storage/directory_store.h"
#include "multihub/storage/session.h"

namespace multihub::cli {

// Names in storage::GetSetting.
inline constexpr const char* kSandboxSetting = "sandbox";
inline constexpr const char* kMasterKeyIdSetting = "master_key_id";

bool IsSandbox(storage::Session& session);

// The file that holds a sandbox's own master key: beside a SQLite database, under ./var for a server.
std::string SandboxKeyFile(const storage::DatabaseUrl& url);

// The master key of this database: the configured one, or in a sandbox its own file, which is made when the database
// has sealed nothing yet. Notes the key's id in the database at first use. Throws Refused with a sentence that says
// what to set.
base::MasterKey OpenMasterKey(const Config& config, const storage::DatabaseUrl& url, storage::Session& session);

// Throws Refused unless `text` is a master key; `source` says where it came from.
base::MasterKey ParseMasterKey(const base::SecretString& text, const std::string& source);

base::MasterKey ReadMasterKeyFile(const std::string& path);

// Inside the caller's transaction: from now on the database belongs to `next`. The ledger's chain is never written
// again, so its key is kept, sealed under `next`.
void AdoptMasterKey(storage::Session& session, const base::MasterKey& present, const base::MasterKey& next,
                    base::Random& random);

// 32 random bytes, base64url.
base::SecretString NewApplicationSecret(base::Random& random);

// A secret somebody brought along: the one line of a file, or the environment variable MULTIHUB_SECRET when no file is
// named. Throws Refused when there is none or it cannot be one.
base::SecretString ReadSecretFile(const std::string& path);
base::SecretString ReadCallerSecret(const std::optional<std::string>& file);

// What tells two equal secrets in the database without telling anything else.
std::string SecretDigest(const base::MasterKey& key, const base::SecretString& secret);

// Seals and opens the secrets of one application at the places the directory reads them from.
class ApplicationSecrets {
 public:
  ApplicationSecrets(const base::MasterKey& key, base::Random& random) : key_(key), random_(random) {}

  void SetSecret(storage::ApplicationRow* row, const base::SecretString& secret) const;
  void SetPreviousSecret(storage::ApplicationRow* row, const base::SecretString& secret) const;
  void SetWebhookSecret(storage::ApplicationRow* row, const base::SecretString& secret) const;

  // Throw Refused when the value does not open under the key.
  base::SecretString Secret(const storage::ApplicationRow& row) const;
  base::SecretString PreviousSecret(const storage::ApplicationRow& row) const;
  base::SecretString WebhookSecret(const storage::ApplicationRow& row) const;

 private:
  base::SecretString Open(const storage::ApplicationRow& row, const std::string& place,
                          const std::string& sealed) const;

  const base::MasterKey& key_;
  base::Random& random_;
};

}  // namespace multihub::cli
