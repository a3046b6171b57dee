#include "multihub/net/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace multihub::net {
namespace {

constexpr const char* kNotAbsolute = "must be an absolute http or https URL";
constexpr const char* kBadCharacter =
    "must not contain control characters, spaces, backslashes or characters outside ASCII";
constexpr const char* kBadHost = "must name a valid host";
constexpr const char* kBadPort = "must have a port from 1 to 65535, or none";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool IsLetter(char c) { return Lower(c) >= 'a' && Lower(c) <= 'z'; }

std::string ToLower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  return lower;
}

std::string_view WithoutFinalDot(std::string_view host) {
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  return host;
}

std::string_view LastLabel(std::string_view host) { return host.substr(host.rfind('.') + 1); }

// ---- names ----

bool IsLabel(std::string_view label) {
  const auto in_label = [](char c) { return IsLetter(c) || IsDigit(c) || c == '-' || c == '_'; };
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), in_label);
}

bool IsName(std::string_view host) {
  if (host.size() > 253) return false;
  for (;;) {
    const std::size_t dot = host.find('.');
    if (!IsLabel(host.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

// ---- IPv4 in the spellings of inet_aton ----

constexpr std::uint64_t kTooLarge = std::uint64_t{1} << 32;

std::optional<int> DigitValue(char c, int radix) {
  int value = -1;
  if (IsDigit(c)) value = c - '0';
  if (Lower(c) >= 'a' && Lower(c) <= 'f') value = Lower(c) - 'a' + 10;
  if (value < 0 || value >= radix) return std::nullopt;
  return value;
}

// A number of one address part; values that fit no address are all kTooLarge. "0x" alone is zero, as in browsers.
std::optional<std::uint64_t> ParsePart(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int radix = 10;
  if (text.size() >= 2 && text[0] == '0') {
    radix = Lower(text[1]) == 'x' ? 16 : 8;
    text.remove_prefix(radix == 16 ? 2 : 1);
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    const std::optional<int> digit = DigitValue(c, radix);
    if (!digit.has_value()) return std::nullopt;
    value = std::min(value * static_cast<std::uint64_t>(radix) + static_cast<std::uint64_t>(*digit), kTooLarge);
  }
  return value;
}

bool IsNumber(std::string_view label) {
  return !label.empty() && (std::all_of(label.begin(), label.end(), IsDigit) || ParsePart(label).has_value());
}

std::optional<base::IpAddress> ParseAnyIpv4(std::string_view host) {
  std::uint64_t address = 0;
  int bits_left = 32;
  for (int parts = 1; parts <= 4; ++parts) {
    const std::size_t dot = host.find('.');
    const std::optional<std::uint64_t> part = ParsePart(host.substr(0, dot));
    if (!part.has_value()) return std::nullopt;
    if (dot == std::string_view::npos) {
      if (*part >= std::uint64_t{1} << bits_left) return std::nullopt;
      return base::IpAddress::FromIpv4(static_cast<std::uint32_t>(address << bits_left | *part));
    }
    if (*part > 255) return std::nullopt;
    address = address << 8 | *part;
    bits_left -= 8;
    host.remove_prefix(dot + 1);
  }
  return std::nullopt;
}

HostMeaning Address(const std::optional<base::IpAddress>& address) {
  if (!address.has_value()) return {HostMeaning::Kind::kInvalid, {}};
  return {HostMeaning::Kind::kAddress, *address};
}

HostMeaning MeaningOfIpv6(std::string_view host) {
  if (host.front() == '[') {
    if (host.back() != ']') return {};
    host = host.substr(1, host.size() - 2);
  }
  if (host.find(':') == std::string_view::npos) return {};
  return Address(base::IpAddress::Parse(host));
}

// ---- the parts of a URL ----

bool IsAcceptableCharacter(char c) { return c > 0x20 && c < 0x7F && c != '\\'; }

struct Authority {
  std::string_view host;
  std::string_view port;
  bool has_port = false;
  bool has_userinfo = false;
};

// Splits at the last '@', and at the first colon, or the first one after the bracket that closes an IPv6 address. What
// else stands after the bracket stays with the host, which is then no valid one.
Authority SplitAuthority(std::string_view text) {
  Authority authority;
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    authority.has_userinfo = true;
    text.remove_prefix(at + 1);
  }
  const bool bracketed = !text.empty() && text.front() == '[';
  const std::size_t colon = text.find(':', bracketed ? text.find(']') : 0);
  authority.host = text.substr(0, colon);
  if (colon == std::string_view::npos) return authority;
  authority.has_port = true;
  authority.port = text.substr(colon + 1);
  return authority;
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  if (text.empty() || text.size() > 5 || text.front() == '0') return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), IsDigit)) return std::nullopt;
  unsigned port = 0;
  for (const char c : text) port = port * 10 + static_cast<unsigned>(c - '0');
  if (port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

// ---- libcurl's reading ----

struct CurlUrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, CurlUrlDeleter>;

// Empty when the part is missing.
std::string PartOf(const CurlUrl& url, CURLUPart part, unsigned flags) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool SameHost(std::string_view ours, std::string_view theirs) {
  const HostMeaning a = LiteralHost(ours);
  const HostMeaning b = LiteralHost(theirs);
  if (a.kind != b.kind) return false;
  if (a.kind == HostMeaning::Kind::kAddress) return a.address == b.address;
  return ToLower(WithoutFinalDot(ours)) == ToLower(WithoutFinalDot(theirs));
}

// Two readings of one URL are how a check is walked around: the judge sees one host, the caller calls another.
bool CurlAgrees(const std::string& text, const Url& url) {
  const CurlUrl parsed(curl_url());
  if (parsed == nullptr) return false;
  if (curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), CURLU_PATH_AS_IS) != CURLUE_OK) return false;
  return ToLower(PartOf(parsed, CURLUPART_SCHEME, 0)) == url.scheme &&
         SameHost(url.host, PartOf(parsed, CURLUPART_HOST, 0)) &&
         PartOf(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT) == std::to_string(url.port) &&
         PartOf(parsed, CURLUPART_PATH, 0) == url.path && PartOf(parsed, CURLUPART_QUERY, 0) == url.query;
}

}  // namespace

std::string Url::Origin() const { return scheme + "://" + host + ":" + std::to_string(port); }

HostMeaning LiteralHost(std::string_view host) {
  if (host.empty()) return {};
  if (host.front() == '[' || host.find(':') != std::string_view::npos) return MeaningOfIpv6(host);
  const std::string_view bare = WithoutFinalDot(host);
  if (!IsName(bare)) return {};
  const std::string_view last = LastLabel(bare);
  if (IsNumber(last)) return Address(ParseAnyIpv4(bare));
  return {ToLower(last) == "localhost" ? HostMeaning::Kind::kLocalName : HostMeaning::Kind::kName, {}};
}

base::Result<Url, UrlProblem> ParseUrl(std::string_view text) {
  using base::Fail;
  if (!std::all_of(text.begin(), text.end(), IsAcceptableCharacter)) return Fail(UrlProblem(kBadCharacter));
  const std::size_t colon = text.find(':');
  Url url;
  url.scheme = ToLower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return Fail(UrlProblem(kNotAbsolute));
  std::string_view rest = text.substr(colon == std::string_view::npos ? text.size() : colon + 1);
  if (rest.substr(0, 2) != "//") return Fail(UrlProblem(kNotAbsolute));
  rest.remove_prefix(2);

  const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  const Authority authority = SplitAuthority(rest.substr(0, authority_end));
  rest.remove_prefix(authority_end);
  url.has_userinfo = authority.has_userinfo;
  url.host = ToLower(authority.host);
  if (LiteralHost(url.host).kind == HostMeaning::Kind::kInvalid) return Fail(UrlProblem(kBadHost));

  const std::optional<std::uint16_t> default_port = url.scheme == "https" ? 443 : 80;
  const std::optional<std::uint16_t> port = authority.has_port ? ParsePort(authority.port) : default_port;
  if (!port.has_value()) return Fail(UrlProblem(kBadPort));
  url.port = *port;

  const std::size_t fragment = std::min(rest.find('#'), rest.size());
  url.has_fragment = fragment != rest.size();
  rest = rest.substr(0, fragment);
  const std::size_t question = std::min(rest.find('?'), rest.size());
  url.path = question == 0 ? "/" : std::string(rest.substr(0, question));
  if (question != rest.size()) url.query = std::string(rest.substr(question + 1));

  // User information is for the caller to refuse; libcurl's splitting of it is not compared.
  if (!url.has_userinfo && !CurlAgrees(std::string(text), url)) return Fail(UrlProblem(kNotAbsolute));
  return url;
}

}  // namespace multihub::net
