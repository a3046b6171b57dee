// A secret in memory: it cannot be printed, compared or logged by accident, and is wiped when it goes.
#pragma once

#include <string>
#include <string_view>

namespace multihub::base {

class SecretString {
 public:
  SecretString() = default;
  // Wipes what is left of `value` too.
  explicit SecretString(std::string value);
  SecretString(const SecretString&) = default;
  SecretString& operator=(const SecretString& other);
  SecretString(SecretString&& other) noexcept;
  SecretString& operator=(SecretString&& other) noexcept;
  ~SecretString();

  // The one way to the bytes; callers hash or seal them and let go.
  std::string_view Reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

}  // namespace multihub::base
