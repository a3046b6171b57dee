#include "multihub/base/secret_string.h"

#include <openssl/crypto.h>

#include <utility>

namespace multihub::base {
namespace {

// The whole buffer, also the inline one that a move leaves behind.
void Wipe(std::string* text) {
  text->resize(text->capacity());
  OPENSSL_cleanse(text->data(), text->size());
  text->clear();
}

}  // namespace

SecretString::SecretString(std::string value) : value_(std::move(value)) { Wipe(&value); }

SecretString::SecretString(SecretString&& other) noexcept : value_(std::move(other.value_)) { Wipe(&other.value_); }

SecretString& SecretString::operator=(const SecretString& other) {
  if (this == &other) return *this;
  Wipe(&value_);
  value_ = other.value_;
  return *this;
}

SecretString& SecretString::operator=(SecretString&& other) noexcept {
  if (this == &other) return *this;
  // First, because the move may hand our buffer to `other` or free it.
  Wipe(&value_);
  value_ = std::move(other.value_);
  Wipe(&other.value_);
  return *this;
}

SecretString::~SecretString() { Wipe(&value_); }

}  // namespace multihub::base
