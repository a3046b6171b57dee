#include "conformance/outgoing.h"

#include <algorithm>
#include <cctype>

#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/base/utf8.h"

namespace multihub::conformance {
namespace {

constexpr std::size_t kMaxShown = 4096;
constexpr std::size_t kShownDigits = 8;
constexpr std::size_t kHashDigits = 128;

std::string Flipped(std::string_view text, std::size_t at) {
  std::string flipped(text);
  if (!flipped.empty()) flipped[at % flipped.size()] = static_cast<char>(flipped[at % flipped.size()] ^ 0x01);
  return flipped;
}

std::string Sha512Hex(std::string_view a, std::string_view b) { return base::HexEncode(base::Sha512({a, b})); }

std::string WithBitTurned(base::Sha512Digest digest, std::size_t byte) {
  digest.at(byte) ^= 0x10;
  return base::HexEncode(digest);
}

// The same JSON with a blank behind its first brace.
std::string WithOtherSpace(std::string_view body) {
  std::string other(body);
  other.insert(std::min<std::size_t>(1, other.size()), " ");
  return other;
}

std::string UpperCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// A signature that leaves the suite in a report could be sent again with its body.
std::string WithoutHashes(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && IsHexDigit(text[end])) ++end;
    if (end - at >= kHashDigits - 1) {
      out += std::string(text.substr(at, kShownDigits)) + "...(" + std::to_string(end - at) + " digits)";
    } else {
      end = std::max(end, at + 1);
      out += text.substr(at, end - at);
    }
    at = end;
  }
  return out;
}

}  // namespace

std::string SignatureText(SignFault fault, std::string_view body, std::string_view secret, std::string_view other) {
  std::string right = Sha512Hex(body, secret);
  switch (fault) {
    case SignFault::kNone:
    case SignFault::kFlipBody:
      return right;
    case SignFault::kFlipHash:
      return WithBitTurned(base::Sha512({body, secret}), 31);
    case SignFault::kFlipFirst:
      return WithBitTurned(base::Sha512({body, secret}), 0);
    case SignFault::kFlipLast:
      return WithBitTurned(base::Sha512({body, secret}), 63);
    case SignFault::kFlipSecret:
      return Sha512Hex(body, Flipped(secret, secret.size() / 2));
    case SignFault::kUpperCase:
      return UpperCase(right);
    case SignFault::kShort:
      return right.substr(1);
    case SignFault::kLong:
      return right + "0";
    case SignFault::kSpaceInside:
      right[64] = ' ';
      return right;
    case SignFault::kNotHex:
      right[64] = 'g';
      return right;
    case SignFault::kOtherSecret:
      return Sha512Hex(body, other);
    case SignFault::kReserialised:
      return Sha512Hex(WithOtherSpace(body), secret);
    case SignFault::kSecretFirst:
      return Sha512Hex(secret, body);
    case SignFault::kHmac: {
      const std::string half = base::HexEncode(base::HmacSha256(secret, {body}));
      return half + half;
    }
    case SignFault::kBodyOnly:
      return Sha512Hex(body, "");
  }
  return right;
}

std::string SentBody(SignFault fault, std::string body) {
  return fault == SignFault::kFlipBody ? Flipped(body, body.size() / 2) : body;
}

void SetHeader(OutgoingRequest* request, const std::string& name, const std::optional<std::string>& value) {
  const std::string wanted = UpperCase(name);
  auto& headers = request->headers;
  const auto is_it = [&wanted](const auto& header) { return UpperCase(header.first) == wanted; };
  const auto found = std::find_if(headers.begin(), headers.end(), is_it);
  if (!value) {
    headers.erase(std::remove_if(headers.begin(), headers.end(), is_it), headers.end());
  } else if (found != headers.end()) {
    found->second = *value;
  } else {
    headers.emplace_back(name, *value);
  }
}

std::string ToBytes(const OutgoingRequest& request) {
  std::string bytes = request.verb + " " + request.path + " HTTP/1.1\r\nHost: " + request.host + "\r\n";
  for (const auto& [name, value] : request.headers) bytes += name + ": " + value + "\r\n";
  return bytes + "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
}

std::string ForPeople(std::string_view bytes) {
  const std::size_t left_out = bytes.size() > kMaxShown ? bytes.size() - kMaxShown : 0;
  const std::string text = WithoutHashes(bytes.substr(0, kMaxShown));
  const bool utf8 = base::IsValidUtf8(text);
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') continue;
    if (c == '\n' || (byte >= 0x20 && byte < 0x7F) || (byte >= 0x80 && utf8)) {
      out += c;
    } else {
      out += "\\x" + base::HexEncode(std::span<const std::uint8_t>(&byte, 1));
    }
  }
  if (left_out > 0) out += "\n... and " + std::to_string(left_out) + " bytes more";
  return out;
}

}  // namespace multihub::conformance
