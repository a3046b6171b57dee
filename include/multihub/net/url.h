// Strict reading of the absolute http and https URLs the gateway is asked to call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "multihub/base/ip_address.h"
#include "multihub/base/result.h"

namespace multihub::net {

struct Url {
  std::string scheme;         // "http" or "https"
  std::string host;           // lower case, as written otherwise; an IPv6 address with its brackets
  std::uint16_t port = 0;     // the scheme's own (80, 443) when none is written; never 0
  std::string path;           // as written, "/" when there is none
  std::string query;          // as written, without the '?'
  bool has_userinfo = false;  // an '@' before the host, even with nothing before it
  bool has_fragment = false;

  // "https://shop.example:443": what a circuit breaker counts by.
  std::string Origin() const;
};

// What is wrong with a URL: the rest of a sentence that the URL begins ("must be an absolute http or https URL").
// Never contains a piece of the URL.
using UrlProblem = std::string;

// Takes scheme "://" [userinfo "@"] host [":" port] and then nothing, or a path, query or fragment. The scheme in any
// case; the host a name (letters, digits, '-', '_', labels up to 63, 253 in all, perhaps a final dot) or a literal
// address in a spelling LiteralHost knows; the port 1 to 65535 without leading zeros. Refused anywhere: control
// characters, spaces, backslashes, bytes over 0x7E. libcurl's reading must agree with ours, since libcurl makes the
// call.
base::Result<Url, UrlProblem> ParseUrl(std::string_view text);

// What the host of a URL stands for.
struct HostMeaning {
  enum class Kind {
    kName,       // to be resolved
    kLocalName,  // "localhost" or a name under it, with or without a final dot: the machine itself, by RFC 6761
    kAddress,    // `address` says which
    kInvalid,    // neither: "1.2.3.4.5", "256.1.1.1", "a..b", "%31", full-width digits, an IPv6 zone
  };
  Kind kind = Kind::kInvalid;
  base::IpAddress address;
};

// Knows a literal address in any spelling a resolver or client may understand: dotted decimal, one to four parts each
// decimal, octal (leading 0) or hexadecimal (leading 0x), the last part filling what is left ("127.1", "2130706433",
// "0x7f.1", "0177.0.0.1"), a final dot, IPv6 with or without brackets, IPv4-mapped (given as IPv6, not unwrapped). As
// in browsers, a host whose last label is a number is an address or invalid, never a name. Percent escapes and
// non-ASCII characters are invalid, whatever they would decode to.
HostMeaning LiteralHost(std::string_view host);

}  // namespace multihub::net
