// Secrets at rest: AES-256-GCM under the master key. A sealed value binds the place it belongs to (table, row id,
// key id): copied to another row it does not open.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "multihub/base/random.h"
#include "multihub/base/secret_string.h"

namespace multihub::base {

// 32 bytes. Derives one key per purpose (HKDF-like: HMAC-SHA256 of the purpose), so that sealing and the ledger
// chain never share key material.
class MasterKey {
 public:
  // `base64_text`: 32 bytes in base64 (one trailing newline allowed). nullopt when it is anything else.
  static std::optional<MasterKey> Parse(std::string_view base64_text);
  static MasterKey Generate(Random& random);

  // What Parse reads.
  SecretString ToBase64() const;
  // Eight hex digits that name this key without telling anything of it.
  const std::string& key_id() const { return key_id_; }
  // 32 bytes for one purpose, such as "ledger-chain".
  SecretString Derive(std::string_view purpose) const;
  // From now on Derive(purpose) gives `derived`: for what must outlive the rotation of the master key, such as the key
  // of a chain that is never written again.
  void Keep(std::string_view purpose, SecretString derived);

 private:
  explicit MasterKey(SecretString bytes);
  SecretString bytes_;
  std::string key_id_;
  std::map<std::string, SecretString, std::less<>> kept_;
};

// Seals `plain` for the place `binding` ("applications/17/secret"). Text: "v1.<key id>.<base64>".
std::string Seal(const MasterKey& key, std::string_view binding, std::string_view plain, Random& random);

// nullopt when the text is malformed, was sealed under another key or for another place, or was altered.
std::optional<SecretString> Unseal(const MasterKey& key, std::string_view binding, std::string_view sealed);

}  // namespace multihub::base
