#include "multihub/base/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <memory>

#include "multihub/base/check.h"

namespace multihub::base {
namespace {

struct FreeDigestContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeMacContext {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigestContext>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMacContext>;

// Fetching searches the providers' tables, which costs more than a short digest: done once, kept for the life of the
// process.
EVP_MD* FetchDigest(const char* name) {
  EVP_MD* digest = EVP_MD_fetch(nullptr, name, nullptr);
  MULTIHUB_CHECK(digest != nullptr);
  return digest;
}

DigestContext NewDigestContext() {
  DigestContext context(EVP_MD_CTX_new());
  MULTIHUB_CHECK(context != nullptr);
  return context;
}

template <typename Digest>
Digest HashParts(EVP_MD_CTX* context, const EVP_MD* algorithm, std::initializer_list<std::string_view> parts) {
  MULTIHUB_CHECK(EVP_DigestInit_ex2(context, algorithm, nullptr) == 1);
  for (const std::string_view part : parts) {
    MULTIHUB_CHECK(EVP_DigestUpdate(context, part.data(), part.size()) == 1);
  }
  Digest digest;
  unsigned written = 0;
  MULTIHUB_CHECK(EVP_DigestFinal_ex(context, digest.data(), &written) == 1);
  MULTIHUB_CHECK(written == digest.size());
  return digest;
}

MacContext NewHmacSha256Context() {
  static EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  MULTIHUB_CHECK(hmac != nullptr);
  MacContext context(EVP_MAC_CTX_new(hmac));
  MULTIHUB_CHECK(context != nullptr);
  char name[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                               OSSL_PARAM_construct_end()};
  MULTIHUB_CHECK(EVP_MAC_CTX_set_params(context.get(), params) == 1);
  return context;
}

const unsigned char* UnsignedBytes(std::string_view text) {
  // A null key would mean "the key of the call before".
  return reinterpret_cast<const unsigned char*>(text.empty() ? "" : text.data());
}

}  // namespace

Sha512Digest Sha512(std::initializer_list<std::string_view> parts) {
  static const EVP_MD* const algorithm = FetchDigest("SHA512");
  thread_local const DigestContext context = NewDigestContext();
  return HashParts<Sha512Digest>(context.get(), algorithm, parts);
}

Sha256Digest Sha256(std::initializer_list<std::string_view> parts) {
  static const EVP_MD* const algorithm = FetchDigest("SHA256");
  thread_local const DigestContext context = NewDigestContext();
  return HashParts<Sha256Digest>(context.get(), algorithm, parts);
}

Sha256Digest HmacSha256(std::string_view key, std::initializer_list<std::string_view> parts) {
  thread_local const MacContext context = NewHmacSha256Context();
  MULTIHUB_CHECK(EVP_MAC_init(context.get(), UnsignedBytes(key), key.size(), nullptr) == 1);
  for (const std::string_view part : parts) {
    MULTIHUB_CHECK(EVP_MAC_update(context.get(), UnsignedBytes(part), part.size()) == 1);
  }
  Sha256Digest digest;
  std::size_t written = 0;
  MULTIHUB_CHECK(EVP_MAC_final(context.get(), digest.data(), &written, digest.size()) == 1);
  MULTIHUB_CHECK(written == digest.size());
  return digest;
}

bool EqualConstantTime(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  if (a.size() != b.size()) return false;
  return a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace multihub::base
