#include "multihub/base/sealing.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <limits>
#include <memory>
#include <span>

#include "multihub/base/check.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"

namespace multihub::base {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kKeyIdDigits = 8;
constexpr std::string_view kVersion = "v1";
constexpr std::string_view kSealingPurpose = "sealing";

struct FreeCipherContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext>;

const EVP_CIPHER* Aes256Gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  MULTIHUB_CHECK(cipher != nullptr);
  return cipher;
}

CipherContext NewCipherContext() {
  CipherContext context(EVP_CIPHER_CTX_new());
  MULTIHUB_CHECK(context != nullptr);
  return context;
}

const unsigned char* UnsignedBytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int CipherLength(std::size_t size) {
  MULTIHUB_CHECK(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  return static_cast<int>(size);
}

std::string AdditionalData(const MasterKey& key, std::string_view binding) {
  std::string data(kVersion);
  data += '|';
  data += key.key_id();
  data += '|';
  data += binding;
  return data;
}

// Nonce, cipher text, tag.
Bytes Encrypt(std::string_view key, std::string_view additional, std::string_view plain, Random& random) {
  Bytes sealed(kNonceSize + plain.size() + kTagSize);
  random.Fill(std::span(sealed).first(kNonceSize));
  const CipherContext context = NewCipherContext();
  int written = 0;
  MULTIHUB_CHECK(EVP_EncryptInit_ex2(context.get(), Aes256Gcm(), UnsignedBytes(key), sealed.data(), nullptr) == 1);
  MULTIHUB_CHECK(EVP_EncryptUpdate(context.get(), nullptr, &written, UnsignedBytes(additional),
                                   CipherLength(additional.size())) == 1);
  unsigned char* const cipher_text = sealed.data() + kNonceSize;
  if (!plain.empty()) {
    MULTIHUB_CHECK(
        EVP_EncryptUpdate(context.get(), cipher_text, &written, UnsignedBytes(plain), CipherLength(plain.size())) == 1);
    MULTIHUB_CHECK(static_cast<std::size_t>(written) == plain.size());
  }
  unsigned char* const tag = cipher_text + plain.size();
  MULTIHUB_CHECK(EVP_EncryptFinal_ex(context.get(), tag, &written) == 1);
  MULTIHUB_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, tag) == 1);
  return sealed;
}

std::optional<SecretString> Decrypt(std::string_view key, std::string_view additional, Bytes sealed) {
  if (sealed.size() < kNonceSize + kTagSize) return std::nullopt;
  const std::size_t plain_size = sealed.size() - kNonceSize - kTagSize;
  unsigned char* const cipher_text = sealed.data() + kNonceSize;
  const CipherContext context = NewCipherContext();
  int written = 0;
  MULTIHUB_CHECK(EVP_DecryptInit_ex2(context.get(), Aes256Gcm(), UnsignedBytes(key), sealed.data(), nullptr) == 1);
  MULTIHUB_CHECK(EVP_DecryptUpdate(context.get(), nullptr, &written, UnsignedBytes(additional),
                                   CipherLength(additional.size())) == 1);
  std::string plain(plain_size, '\0');
  auto* const plain_bytes = reinterpret_cast<unsigned char*>(plain.data());
  if (plain_size > 0) {
    MULTIHUB_CHECK(EVP_DecryptUpdate(context.get(), plain_bytes, &written, cipher_text, CipherLength(plain_size)) == 1);
  }
  MULTIHUB_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, cipher_text + plain_size) == 1);
  std::array<unsigned char, kTagSize> rest;
  const bool genuine = EVP_DecryptFinal_ex(context.get(), rest.data(), &written) == 1;
  SecretString secret(std::move(plain));
  if (!genuine) return std::nullopt;
  return secret;
}

template <typename Container>
std::string TakeText(Container& bytes) {
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return text;
}

}  // namespace

MasterKey::MasterKey(SecretString bytes) : bytes_(std::move(bytes)) {
  // From a key derived for this alone: the public id shares no bits with any key in use.
  const SecretString naming_key = Derive("key-id");
  key_id_ = HexEncode(Sha256({naming_key.Reveal()})).substr(0, kKeyIdDigits);
}

std::optional<MasterKey> MasterKey::Parse(std::string_view base64_text) {
  if (base64_text.ends_with('\n')) base64_text.remove_suffix(1);
  std::optional<Bytes> bytes = Base64Decode(base64_text);
  if (!bytes) return std::nullopt;
  const bool right_size = bytes->size() == kKeySize;
  SecretString key(TakeText(*bytes));
  if (!right_size) return std::nullopt;
  return MasterKey(std::move(key));
}

MasterKey MasterKey::Generate(Random& random) {
  std::array<std::uint8_t, kKeySize> bytes;
  random.Fill(bytes);
  return MasterKey(SecretString(TakeText(bytes)));
}

SecretString MasterKey::ToBase64() const {
  const std::string_view bytes = bytes_.Reveal();
  return SecretString(Base64Encode({UnsignedBytes(bytes), bytes.size()}));
}

void MasterKey::Keep(std::string_view purpose, SecretString derived) {
  kept_.insert_or_assign(std::string(purpose), std::move(derived));
}

SecretString MasterKey::Derive(std::string_view purpose) const {
  if (const auto kept = kept_.find(purpose); kept != kept_.end()) return kept->second;
  Sha256Digest key = HmacSha256(bytes_.Reveal(), {purpose});
  return SecretString(TakeText(key));
}

std::string Seal(const MasterKey& key, std::string_view binding, std::string_view plain, Random& random) {
  const SecretString sealing_key = key.Derive(kSealingPurpose);
  const Bytes sealed = Encrypt(sealing_key.Reveal(), AdditionalData(key, binding), plain, random);
  std::string text(kVersion);
  text += '.';
  text += key.key_id();
  text += '.';
  text += Base64Encode(sealed);
  return text;
}

std::optional<SecretString> Unseal(const MasterKey& key, std::string_view binding, std::string_view sealed) {
  const std::string prefix = std::string(kVersion) + "." + key.key_id() + ".";
  if (!sealed.starts_with(prefix)) return std::nullopt;
  std::optional<Bytes> bytes = Base64Decode(sealed.substr(prefix.size()));
  if (!bytes) return std::nullopt;
  const SecretString sealing_key = key.Derive(kSealingPurpose);
  return Decrypt(sealing_key.Reveal(), AdditionalData(key, binding), std::move(*bytes));
}

}  // namespace multihub::base
