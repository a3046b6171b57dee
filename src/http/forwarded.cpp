#include "http/forwarded.h"

#include <algorithm>

namespace multihub::http {
namespace {

using base::IpAddress;
using Text = std::optional<std::string_view>;

bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsToken(char c) {
  return IsDigit(c) || IsLetter(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
}

bool IsPortNumber(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), IsDigit)) return false;
  int port = 0;
  for (const char c : text) port = port * 10 + (c - '0');
  return port <= 65535;
}

// RFC 7239 section 6.3: a proxy may give its own word for the port, too.
bool IsPort(std::string_view text) {
  if (text.empty() || text.front() != '_') return IsPortNumber(text);
  text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return IsDigit(c) || IsLetter(c) || c == '.' || c == '_' || c == '-';
  });
}

std::optional<IpAddress> ClientOf(std::optional<IpAddress> address) {
  if (!address) return std::nullopt;
  const IpAddress plain = address->Unmapped();
  // Nobody calls from there.
  if (plain.Truncated(0) == plain) return std::nullopt;
  return plain;
}

// "[2001:db8::1]" or "[2001:db8::1]:4711".
std::optional<IpAddress> ReadBracketed(std::string_view text) {
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(end + 1);
  if (!rest.empty() && (rest.front() != ':' || !IsPort(rest.substr(1)))) return std::nullopt;
  const auto address = IpAddress::Parse(text.substr(1, end - 1));
  return address && !address->is_ipv4() ? ClientOf(address) : std::nullopt;
}

// "192.0.2.1" or "192.0.2.1:4711".
std::optional<IpAddress> ReadIpv4(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && !IsPort(text.substr(colon + 1))) return std::nullopt;
  const auto address = IpAddress::Parse(text.substr(0, colon));
  return address && address->is_ipv4() ? ClientOf(address) : std::nullopt;
}

// The node of RFC 7239. `unknown` and words of a proxy's own ("_hidden") are no addresses.
std::optional<IpAddress> ReadNode(std::string_view text) {
  return !text.empty() && text.front() == '[' ? ReadBracketed(text) : ReadIpv4(text);
}

// Nobody has written down what X-Forwarded-For may hold. Besides a node: IPv6 without brackets, then without a port.
std::optional<IpAddress> ReadXForwardedFor(std::string_view text) {
  if (std::count(text.begin(), text.end(), ':') > 1 && text.front() != '[') return ClientOf(IpAddress::Parse(text));
  return ReadNode(text);
}

// Takes the last element off a list, whose quoted strings may hold commas. nullopt: it is not clear where it begins.
Text TakeLast(std::string_view* list) {
  bool quoted = false;
  std::size_t at = list->size();
  for (; at > 0; --at) {
    const char c = (*list)[at - 1];
    // No address is written with it, and seen from behind nobody knows what it escapes.
    if (c == '\\') return std::nullopt;
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) break;
  }
  if (quoted) return std::nullopt;
  const std::string_view last = Trimmed(list->substr(at));
  *list = list->substr(0, at == 0 ? 0 : at - 1);
  return last;
}

// Takes `name=value`, the value a token or a quoted string, off the front of an element.
bool TakePair(std::string_view* element, std::string_view* name, std::string_view* value) {
  const auto end_of_token = [&](std::size_t from) {
    while (from < element->size() && IsToken((*element)[from])) ++from;
    return from;
  };
  const std::size_t equals = end_of_token(0);
  if (equals == 0 || equals >= element->size() || (*element)[equals] != '=') return false;
  *name = element->substr(0, equals);
  std::size_t begin = equals + 1;
  std::size_t end = end_of_token(begin);
  std::size_t next = end;
  if (begin < element->size() && (*element)[begin] == '"') {
    ++begin;
    end = element->find('"', begin);
    if (end == std::string_view::npos) return false;
    next = end + 1;
  }
  if (begin == end) return false;
  *value = element->substr(begin, end - begin);
  element->remove_prefix(next);
  return true;
}

// The `for` of an element such as `for=192.0.2.43;proto=https;by="[2001:db8::1]"`; nullopt: there is none, or two, or
// something is malformed.
Text ForOf(std::string_view element) {
  Text found;
  for (;;) {
    std::string_view name, value;
    if (!TakePair(&element, &name, &value)) return std::nullopt;
    if (EqualsIgnoringCase(name, "for")) {
      if (found) return std::nullopt;
      found = value;
    }
    element = Trimmed(element);
    if (element.empty()) return found;
    if (element.front() != ';') return std::nullopt;
    element = Trimmed(element.substr(1));
  }
}

std::optional<IpAddress> ReadForwarded(std::string_view element) {
  const Text node = ForOf(element);
  return node ? ReadNode(*node) : std::nullopt;
}

}  // namespace

bool IsTrusted(std::span<const base::Cidr> trusted, const IpAddress& address) {
  return std::any_of(trusted.begin(), trusted.end(),
                     [&](const base::Cidr& network) { return network.Contains(address); });
}

std::optional<IpAddress> ForwardedClient(const Forwarding& forwarding, std::span<const base::Cidr> trusted) {
  const bool standard = forwarding.forwarded.has_value();
  if (!standard && !forwarding.x_forwarded_for) return std::nullopt;
  std::string_view list = standard ? *forwarding.forwarded : *forwarding.x_forwarded_for;
  for (int hops = 0; hops <= kMaxForwardedHops; ++hops) {
    const Text last = TakeLast(&list);
    if (!last) return std::nullopt;
    const auto address = standard ? ReadForwarded(*last) : ReadXForwardedFor(*last);
    if (!address || !IsTrusted(trusted, *address) || Trimmed(list).empty()) return address;
  }
  return std::nullopt;
}

}  // namespace multihub::http
