#include "multihub/base/trace.h"

#include <algorithm>
#include <span>
#include <vector>

#include "base/hex_table.h"
#include "multihub/base/ids.h"

namespace multihub::base {
namespace {

// "00-<32>-<16>-<2>"
constexpr std::size_t kIdAt = 3, kIdDigits = 32;
constexpr std::size_t kParentAt = 36, kParentDigits = 16;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kLength = 55;
constexpr std::uint8_t kSampled = 1;

constexpr std::size_t kMaxMembers = 32;
constexpr std::size_t kLongMember = 128;
constexpr std::size_t kMaxKey = 256, kMaxTenant = 241, kMaxSystem = 14, kMaxValue = 256;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSmallLetter(char c) { return c >= 'a' && c <= 'z'; }

// Lower case only.
constexpr std::array<signed char, 256> kHexValues = [] {
  std::array<signed char, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 16; ++i) values[static_cast<unsigned char>(kHexDigits[i])] = static_cast<signed char>(i);
  return values;
}();

int HexValue(char c) { return kHexValues[static_cast<unsigned char>(c)]; }

bool ReadHex(std::string_view digits, std::span<std::uint8_t> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = HexValue(digits[2 * i]), low = HexValue(digits[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

void AppendHex(std::span<const std::uint8_t> bytes, std::string* out) {
  for (const std::uint8_t byte : bytes) out->append(kHexPairs[byte].data(), 2);
}

std::optional<Trace> ReadTraceparent(std::string_view text) {
  if (text.size() < kLength || text[2] != '-' || text[kParentAt - 1] != '-' || text[kFlagsAt - 1] != '-') {
    return std::nullopt;
  }
  std::uint8_t version = 0, flags = 0;
  std::array<std::uint8_t, kParentDigits / 2> parent{};
  Trace trace;
  if (!ReadHex(text, {&version, 1}) || version == 0xff) return std::nullopt;
  // A later version may have more to say, behind another dash.
  if (text.size() > kLength && (version == 0 || text[kLength] != '-')) return std::nullopt;
  if (!ReadHex(text.substr(kIdAt, kIdDigits), trace.id.bytes) || !trace.given()) return std::nullopt;
  if (!ReadHex(text.substr(kParentAt, kParentDigits), parent)) return std::nullopt;
  if (std::all_of(parent.begin(), parent.end(), [](std::uint8_t byte) { return byte == 0; })) return std::nullopt;
  if (!ReadHex(text.substr(kFlagsAt, 2), {&flags, 1})) return std::nullopt;
  trace.sampled = (flags & kSampled) != 0;
  return trace;
}

bool AreKeyCharacters(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return IsSmallLetter(c) || IsDigit(c) || c == '_' || c == '-' || c == '*' || c == '/';
  });
}

// "vendor", or "tenant@vendor".
bool IsKey(std::string_view key) {
  const std::size_t at = key.find('@');
  if (at == std::string_view::npos) {
    return !key.empty() && key.size() <= kMaxKey && IsSmallLetter(key.front()) && AreKeyCharacters(key);
  }
  const std::string_view tenant = key.substr(0, at), system = key.substr(at + 1);
  return !tenant.empty() && tenant.size() <= kMaxTenant && (IsSmallLetter(tenant.front()) || IsDigit(tenant.front())) &&
         AreKeyCharacters(tenant) && !system.empty() && system.size() <= kMaxSystem && IsSmallLetter(system.front()) &&
         AreKeyCharacters(system);
}

bool IsValue(std::string_view value) {
  return !value.empty() && value.size() <= kMaxValue && value.back() != ' ' &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; });
}

std::string_view WithoutBlanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The members, of which none is malformed and no two have the same key; empty for a list that is not valid.
std::vector<std::string_view> MembersOf(std::string_view list) {
  std::vector<std::string_view> members, keys;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const std::string_view member = WithoutBlanks(list.substr(begin, end - begin));
    begin = end + 1;
    if (member.empty()) continue;
    const std::size_t equals = member.find('=');
    const std::string_view key = member.substr(0, equals);
    if (equals == std::string_view::npos || !IsKey(key) || !IsValue(member.substr(equals + 1))) return {};
    if (std::find(keys.begin(), keys.end(), key) != keys.end() || members.size() == kMaxMembers) return {};
    keys.push_back(key);
    members.push_back(member);
  }
  return members;
}

std::size_t JoinedLength(const std::vector<std::string_view>& members) {
  std::size_t length = members.empty() ? 0 : members.size() - 1;
  for (const std::string_view member : members) length += member.size();
  return length;
}

std::string ReadTracestate(std::string_view list) {
  std::vector<std::string_view> members = MembersOf(list);
  if (JoinedLength(members) > kMaxTraceState) {
    std::erase_if(members, [](std::string_view member) { return member.size() > kLongMember; });
  }
  while (JoinedLength(members) > kMaxTraceState) members.pop_back();
  std::string state;
  for (const std::string_view member : members) state.append(state.empty() ? "" : ",").append(member);
  return state;
}

}  // namespace

std::array<char, kIdDigits> TraceId::Digits() const {
  std::array<char, kIdDigits> digits{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    digits[2 * i] = kHexPairs[bytes[i]][0];
    digits[2 * i + 1] = kHexPairs[bytes[i]][1];
  }
  return digits;
}

std::string TraceId::Hex() const {
  const auto digits = Digits();
  return {digits.begin(), digits.end()};
}

std::optional<Trace> ReadTrace(const std::optional<std::string>& traceparent,
                               const std::optional<std::string>& tracestate) {
  if (!traceparent) return std::nullopt;
  std::optional<Trace> trace = ReadTraceparent(*traceparent);
  if (trace && tracestate) trace->state = ReadTracestate(*tracestate);
  return trace;
}

Trace BeginTrace(std::string_view uuid) {
  Trace trace;
  trace.sampled = true;
  std::size_t digits = 0;
  for (const char c : uuid) {
    const int value = HexValue(c);
    if (value < 0 || digits == kIdDigits) continue;
    std::uint8_t& byte = trace.id.bytes[digits++ / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | value);
  }
  return trace;
}

Trace BeginTrace(Random& random) { return BeginTrace(NewUuid(random)); }

std::string Traceparent(const Trace& trace, Random& random) {
  std::array<std::uint8_t, kParentDigits / 2> parent;
  do {
    random.Fill(parent);
  } while (std::all_of(parent.begin(), parent.end(), [](std::uint8_t byte) { return byte == 0; }));
  std::string text;
  text.reserve(kLength);
  text.append("00-");
  AppendHex(trace.id.bytes, &text);
  text.push_back('-');
  AppendHex(parent, &text);
  text.append(trace.sampled ? "-01" : "-00");
  return text;
}

std::string StoredTrace(const Trace& trace) {
  std::string text;
  if (!trace.given()) return text;
  text.reserve(kIdDigits + 3 + (trace.state.empty() ? 0 : 1 + trace.state.size()));
  AppendHex(trace.id.bytes, &text);
  text.append(trace.sampled ? "-01" : "-00");
  if (!trace.state.empty()) text.append(" ").append(trace.state);
  return text;
}

Trace ParseStoredTrace(std::string_view text) {
  constexpr std::size_t kHead = kIdDigits + 3;
  Trace trace;
  std::uint8_t flags = 0;
  if (text.size() < kHead || text[kIdDigits] != '-' || (text.size() > kHead && text[kHead] != ' ')) return {};
  if (!ReadHex(text, trace.id.bytes) || !ReadHex(text.substr(kIdDigits + 1, 2), {&flags, 1})) return {};
  trace.sampled = (flags & kSampled) != 0;
  if (text.size() > kHead) trace.state = text.substr(kHead + 1);
  return trace;
}

}  // namespace multihub::base
