#include "multihub/base/secret_string.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

namespace multihub::base {
namespace {

const std::string kShort = "short-secret";  // stays inside the object
const std::string kLong = "a secret that is far too long to be stored inside the object itself";

// The object's own bytes, where a short secret lives.
std::string BytesOf(const SecretString& secret) {
  return std::string(reinterpret_cast<const char*>(&secret), sizeof(secret));
}
bool Holds(const SecretString& secret, const std::string& text) {
  return BytesOf(secret).find(text) != std::string::npos;
}

template <typename T, typename = void>
struct IsPrintable : std::false_type {};
template <typename T>
struct IsPrintable<T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<const T&>())>>
    : std::true_type {};
template <typename T, typename = void>
struct IsComparable : std::false_type {};
template <typename T>
struct IsComparable<T, std::void_t<decltype(std::declval<const T&>() == std::declval<const T&>())>> : std::true_type {};

static_assert(!IsPrintable<SecretString>::value && IsPrintable<std::string>::value);
static_assert(!IsComparable<SecretString>::value && IsComparable<std::string>::value);
static_assert(!std::is_convertible_v<SecretString, std::string>);
static_assert(!std::is_convertible_v<SecretString, std::string_view>);
static_assert(!std::is_convertible_v<std::string, SecretString>);
static_assert(std::is_nothrow_move_constructible_v<SecretString>);

TEST_CASE("a secret gives its bytes to who asks") {
  for (const std::string& text : {kShort, kLong, std::string(), std::string("a\0b", 3)}) {
    const SecretString secret{std::string(text)};
    CHECK(secret.Reveal() == text);
    CHECK(secret.empty() == text.empty());
  }
  CHECK(SecretString().empty());
}

TEST_CASE("copies are equal and independent") {
  for (const std::string& text : {kShort, kLong}) {
    const SecretString original{std::string(text)};
    SecretString copy(original);
    CHECK(copy.Reveal() == text);
    copy = SecretString("other");
    CHECK(original.Reveal() == text);
    copy = original;
    CHECK(copy.Reveal() == text);
    CHECK(copy.Reveal().data() != original.Reveal().data());
  }
}

TEST_CASE("a moved secret leaves nothing behind") {
  for (const std::string& text : {kShort, kLong}) {
    SecretString from{std::string(text)};
    SecretString to(std::move(from));
    CHECK(to.Reveal() == text);
    CHECK(from.empty());
    CHECK_FALSE(Holds(from, text));

    SecretString assigned("another one");
    assigned = std::move(to);
    CHECK(assigned.Reveal() == text);
    CHECK(to.empty());
    CHECK_FALSE(Holds(to, text));
  }
}

TEST_CASE("an overwritten secret is wiped where it stood") {
  SecretString inside(kShort.substr());
  REQUIRE(Holds(inside, "secret"));
  inside = SecretString("x");
  CHECK_FALSE(Holds(inside, "secret"));

  SecretString copied_over(kShort.substr());
  const SecretString tiny("y");
  copied_over = tiny;
  CHECK_FALSE(Holds(copied_over, "secret"));

  SecretString outside(kLong.substr());
  const char* const buffer = outside.Reveal().data();
  outside = tiny;
  REQUIRE(outside.Reveal().data() == buffer);
  const std::string rest(buffer + 1, kLong.size() - 1);
  CHECK(rest == std::string(rest.size(), '\0'));
}

TEST_CASE("a secret survives being assigned to itself") {
  SecretString secret(kLong.substr());
  SecretString& same = secret;
  secret = same;
  CHECK(secret.Reveal() == kLong);
  secret = std::move(same);
  CHECK(secret.Reveal() == kLong);
}

}  // namespace
}  // namespace multihub::base
