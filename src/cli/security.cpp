#include "cli/security.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "cli/context.h"
#include "cli/refused.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/base/ids.h"
#include "multihub/base/utf8.h"

namespace multihub::cli {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMaxBroughtSecret = 512;
constexpr const char* kMasterKeyVariables = "MULTIHUB_SECURITY_MASTER_KEY or MULTIHUB_SECURITY_MASTER_KEY_FILE";
constexpr const char* kChainPurpose = "ledger-chain";
constexpr const char* kChainKeySetting = "ledger_chain_key";
constexpr const char* kChainKeyPlace = "settings/ledger_chain_key";
constexpr const char* kMakeOne = "make one with `head -c 32 /dev/urandom | base64`";

std::string Place(const storage::ApplicationRow& row, const std::string& name) {
  return "applications/" + std::to_string(row.id.value) + "/" + name;
}

std::array<std::uint8_t, kSecretBytes> RandomBytes(base::Random& random) {
  std::array<std::uint8_t, kSecretBytes> bytes{};
  random.Fill(bytes);
  return bytes;
}

[[noreturn]] void RefuseFile(const std::string& what, const std::string& path) {
  throw Refused(what + " " + path + ": " + std::strerror(errno) + ".");
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return fsync(fd) == 0;
}

// Complete from the moment it has its name, and made once: of two processes that try, both read the same key.
void CreateKeyFile(const std::string& path, const base::MasterKey& key) {
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (!directory.empty()) std::filesystem::create_directories(directory, ignored);
  const std::string draft = path + "." + base::NewUuid(base::SystemRandomInstance());
  {
    const Descriptor file(open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) RefuseFile("The sandbox's key file cannot be made at", draft);
    const base::SecretString text = key.ToBase64();
    if (!WriteAll(file.get(), text.Reveal()) || !WriteAll(file.get(), "\n")) {
      unlink(draft.c_str());
      RefuseFile("The sandbox's key file cannot be written at", draft);
    }
  }
  const bool linked = link(draft.c_str(), path.c_str()) == 0;
  const bool lost_race = !linked && errno == EEXIST;
  unlink(draft.c_str());
  if (!linked && !lost_race) RefuseFile("The sandbox's key file cannot be made at", path);
}

base::MasterKey OpenSandboxKey(const storage::DatabaseUrl& url, bool sealed_before) {
  const std::string path = SandboxKeyFile(url);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    if (sealed_before) {
      throw Refused("The sandbox's key file " + path +
                    " is missing, and the database was sealed with it; put it back or set " + kMasterKeyVariables +
                    ".");
    }
    CreateKeyFile(path, base::MasterKey::Generate(base::SystemRandomInstance()));
  }
  return ReadMasterKeyFile(path);
}

void RequireKeyId(storage::Session& session, const storage::DatabaseUrl& url, const base::MasterKey& key) {
  std::optional<std::string> known = storage::GetSetting(session, kMasterKeyIdSetting);
  if (!known) {
    storage::RunUnit(session, kUnitBudgetMs, [&](storage::Session& unit) {
      storage::LockDirectory(unit);
      known = storage::GetSetting(unit, kMasterKeyIdSetting);
      if (known) return;
      storage::PutSetting(unit, kMasterKeyIdSetting, key.key_id());
      known = key.key_id();
    });
  }
  if (*known != key.key_id()) {
    throw Refused("The secrets in " + url.Redacted() + " are sealed under master key " + *known +
                  ", and the one given is " + key.key_id() + "; set the right one in " + kMasterKeyVariables + ".");
  }
}

// Where the configured master key came from, for a sentence.
std::string MasterKeySource() {
  const Environment environment = ProcessEnvironment();
  const auto file = environment.find("MULTIHUB_SECURITY_MASTER_KEY_FILE");
  if (file == environment.end() || file->second.empty()) return "MULTIHUB_SECURITY_MASTER_KEY";
  return "The file " + file->second + " that MULTIHUB_SECURITY_MASTER_KEY_FILE names";
}

// After a rotation the chain goes on under the key it began with.
void KeepChainKey(storage::Session& session, base::MasterKey* key) {
  const std::optional<std::string> sealed = storage::GetSetting(session, kChainKeySetting);
  if (!sealed) return;
  std::optional<base::SecretString> chain_key = base::Unseal(*key, kChainKeyPlace, *sealed);
  if (!chain_key) throw Refused("The ledger's chain key does not open under the master key; its row was altered.");
  key->Keep(kChainPurpose, *std::move(chain_key));
}

}  // namespace

bool IsSandbox(storage::Session& session) { return storage::GetSetting(session, kSandboxSetting).has_value(); }

std::string SandboxKeyFile(const storage::DatabaseUrl& url) {
  if (url.engine == storage::Engine::kSqlite) return url.path + ".key";
  return "./var/sandbox-" + url.host + "-" + std::to_string(url.port) + "-" + url.database + ".key";
}

base::MasterKey ParseMasterKey(const base::SecretString& text, const std::string& source) {
  std::optional<base::MasterKey> key = base::MasterKey::Parse(text.Reveal());
  if (!key) throw Refused(source + " holds no master key; it must be 32 bytes in base64 (" + kMakeOne + ").");
  return *std::move(key);
}

base::MasterKey OpenMasterKey(const Config& config, const storage::DatabaseUrl& url, storage::Session& session) {
  const bool sandbox = IsSandbox(session);
  if (config.security.master_key.empty() && !sandbox) {
    throw Refused(std::string("There is no master key; set ") + kMasterKeyVariables + " to 32 bytes in base64 (" +
                  kMakeOne + ").");
  }
  const bool sealed_before = storage::GetSetting(session, kMasterKeyIdSetting).has_value();
  base::MasterKey key = config.security.master_key.empty()
                            ? OpenSandboxKey(url, sealed_before)
                            : ParseMasterKey(config.security.master_key, MasterKeySource());
  RequireKeyId(session, url, key);
  KeepChainKey(session, &key);
  return key;
}

base::MasterKey ReadMasterKeyFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) RefuseFile("The key file cannot be read at", path);
  std::string text;
  std::getline(stream, text);
  return ParseMasterKey(base::SecretString(std::move(text)), "The file " + path);
}

void AdoptMasterKey(storage::Session& session, const base::MasterKey& present, const base::MasterKey& next,
                    base::Random& random) {
  const base::SecretString chain_key = present.Derive(kChainPurpose);
  storage::PutSetting(session, kChainKeySetting, base::Seal(next, kChainKeyPlace, chain_key.Reveal(), random));
  storage::PutSetting(session, kMasterKeyIdSetting, next.key_id());
}

base::SecretString NewApplicationSecret(base::Random& random) {
  return base::SecretString(base::Base64UrlEncode(RandomBytes(random)));
}

base::SecretString ReadSecretFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) RefuseFile("The secret file cannot be read at", path);
  std::string text(kMaxBroughtSecret + 3, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
  const bool fits = !text.empty() && text.size() <= kMaxBroughtSecret;
  base::SecretString secret(std::move(text));
  if (!fits) {
    throw Refused("The secret in " + path + " must be one line of 1 to " + std::to_string(kMaxBroughtSecret) +
                  " characters.");
  }
  if (!base::IsValidUtf8(secret.Reveal()) || base::HasControlCharacters(secret.Reveal())) {
    throw Refused("The secret in " + path + " must be one line of text without control characters.");
  }
  return secret;
}

base::SecretString ReadCallerSecret(const std::optional<std::string>& file) {
  if (file) return ReadSecretFile(*file);
  const Environment environment = ProcessEnvironment();
  const auto found = environment.find("MULTIHUB_SECRET");
  if (found == environment.end() || found->second.empty()) {
    throw Refused("There is no secret to sign with; give --secret-file or set MULTIHUB_SECRET.");
  }
  return base::SecretString(found->second);
}

std::string SecretDigest(const base::MasterKey& key, const base::SecretString& secret) {
  return base::HexEncode(base::HmacSha256(key.Derive("secret-digest").Reveal(), {secret.Reveal()}));
}

void ApplicationSecrets::SetSecret(storage::ApplicationRow* row, const base::SecretString& secret) const {
  row->sealed_secret = base::Seal(key_, Place(*row, "secret"), secret.Reveal(), random_);
  row->secret_digest = SecretDigest(key_, secret);
}

void ApplicationSecrets::SetPreviousSecret(storage::ApplicationRow* row, const base::SecretString& secret) const {
  row->sealed_previous_secret = base::Seal(key_, Place(*row, "previous_secret"), secret.Reveal(), random_);
}

void ApplicationSecrets::SetWebhookSecret(storage::ApplicationRow* row, const base::SecretString& secret) const {
  row->sealed_webhook_secret = base::Seal(key_, Place(*row, "webhook_secret"), secret.Reveal(), random_);
}

base::SecretString ApplicationSecrets::Secret(const storage::ApplicationRow& row) const {
  return Open(row, "secret", row.sealed_secret);
}

base::SecretString ApplicationSecrets::PreviousSecret(const storage::ApplicationRow& row) const {
  return Open(row, "previous_secret", row.sealed_previous_secret);
}

base::SecretString ApplicationSecrets::WebhookSecret(const storage::ApplicationRow& row) const {
  return Open(row, "webhook_secret", row.sealed_webhook_secret);
}

base::SecretString ApplicationSecrets::Open(const storage::ApplicationRow& row, const std::string& place,
                                            const std::string& sealed) const {
  std::optional<base::SecretString> opened = base::Unseal(key_, Place(row, place), sealed);
  if (!opened) {
    throw Refused("A secret of application " + std::to_string(row.id.value) +
                  " does not open under the master key; its row was altered or sealed under another key.");
  }
  return *std::move(opened);
}

}  // namespace multihub::cli
