#include "multihub/net/url.h"

#include <catch2/catch.hpp>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <random>
#include <string>

using multihub::base::IpAddress;
using multihub::net::HostMeaning;
using multihub::net::LiteralHost;
using multihub::net::ParseUrl;

namespace {

using Kind = HostMeaning::Kind;

std::string Describe(const HostMeaning& meaning) {
  switch (meaning.kind) {
    case Kind::kName:
      return "name";
    case Kind::kLocalName:
      return "local name";
    case Kind::kAddress:
      return meaning.address.Format();
    case Kind::kInvalid:
      return "invalid";
  }
  return "";
}

// The address the C library would call for this text without asking any name server.
std::optional<IpAddress> SystemMeaning(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return std::nullopt;
  std::optional<IpAddress> address;
  if (found->ai_family == AF_INET) {
    sockaddr_in socket_address{};
    std::memcpy(&socket_address, found->ai_addr, sizeof(socket_address));
    address = IpAddress::FromIpv4(ntohl(socket_address.sin_addr.s_addr));
  } else {
    sockaddr_in6 socket_address{};
    std::memcpy(&socket_address, found->ai_addr, sizeof(socket_address));
    IpAddress::Bytes bytes{};
    std::memcpy(bytes.data(), &socket_address.sin6_addr, bytes.size());
    address = IpAddress::FromIpv6(bytes);
  }
  freeaddrinfo(found);
  return address;
}

// Texts that look like addresses: parts of numbers in all radixes, joined by dots and colons.
std::string RandomHost(std::mt19937& random) {
  static const std::string pieces[] = {
      "0",          "1",   "9",  "10",    "127",  "255",        "256",        "0177",       "08",
      "0x7f",       "0X1", "0x", "f",     "ffff", "65535",      ".",          ".",          ".",
      ".",          ":",   "::", "ffff:", "x",    "2130706433", "4294967295", "4294967296", "017700000001",
      "0xa9fea9fe", "-"};
  std::string host;
  const std::size_t count = 1 + random() % 8;
  for (std::size_t i = 0; i < count; ++i) host += pieces[random() % std::size(pieces)];
  return host;
}

}  // namespace

TEST_CASE("no text that the C library calls an address passes for a name or another address") {
  std::mt19937 random(20260501);
  int addresses = 0;
  for (int i = 0; i < 200000; ++i) {
    const std::string host = RandomHost(random);
    const std::optional<IpAddress> system = SystemMeaning(host);
    if (!system.has_value()) continue;
    const HostMeaning ours = LiteralHost(host);
    if (ours.kind == Kind::kAddress && ours.address == *system) {
      ++addresses;
      continue;
    }
    INFO(host << " is " << system->Format() << " to the system");
    CHECK(ours.kind == Kind::kInvalid);
  }
  CHECK(addresses > 1000);
}

TEST_CASE("what a host stands for, in any spelling") {
  using namespace std::string_literals;
  struct Row {
    std::string host, meaning;
  };
  const Row rows[] = {
      // dotted decimal
      {"127.0.0.1", "127.0.0.1"},
      {"8.8.8.8", "8.8.8.8"},
      {"255.255.255.255", "255.255.255.255"},
      {"0.0.0.0", "0.0.0.0"},
      {"127.0.0.1.", "127.0.0.1"},
      {"127.0.0.1..", "invalid"},
      {".127.0.0.1", "invalid"},
      {"127..0.1", "invalid"},
      {"256.0.0.1", "invalid"},
      {"127.0.0.256", "invalid"},
      {"1.2.3.4.5", "invalid"},
      {"1.2.3.4.5.", "invalid"},
      // short forms
      {"127.1", "127.0.0.1"},
      {"127.0.1", "127.0.0.1"},
      {"127.1.", "127.0.0.1"},
      {"127.65535", "127.0.255.255"},
      {"127.16777215", "127.255.255.255"},
      {"127.16777216", "invalid"},
      {"127.1.65535", "127.1.255.255"},
      {"127.1.65536", "invalid"},
      {"10.1", "10.0.0.1"},
      {"192.168.257", "192.168.1.1"},
      {"0", "0.0.0.0"},
      {"1", "0.0.0.1"},
      // one decimal number
      {"2130706433", "127.0.0.1"},
      {"2130706433.", "127.0.0.1"},
      {"3232235777", "192.168.1.1"},
      {"2852039166", "169.254.169.254"},
      {"4294967295", "255.255.255.255"},
      {"4294967296", "invalid"},
      {"18446744073709551616", "invalid"},
      {"18446744075840258049", "invalid"},  // 2^64 + 127.0.0.1: a counter that wraps would say loopback
      {"99999999999999999999999999999999", "invalid"},
      // octal
      {"0177.0.0.1", "127.0.0.1"},
      {"0177.1", "127.0.0.1"},
      {"017700000001", "127.0.0.1"},
      {"00000000000000177.0.0.1", "127.0.0.1"},
      {"0300.0250.01.01", "192.168.1.1"},
      {"010.0.0.1", "8.0.0.1"},
      {"08.0.0.1", "invalid"},
      {"0189.0.0.1", "invalid"},
      {"1.2.3.08", "invalid"},
      {"00", "0.0.0.0"},
      // hexadecimal
      {"0x7f.0.0.1", "127.0.0.1"},
      {"0X7F.0.0.1", "127.0.0.1"},
      {"0x7f.1", "127.0.0.1"},
      {"0x7f000001", "127.0.0.1"},
      {"0x7F000001.", "127.0.0.1"},
      {"0x0000000000007f.1", "127.0.0.1"},
      {"0xa9fea9fe", "169.254.169.254"},
      {"0xffffffff", "255.255.255.255"},
      {"0x100000000", "invalid"},
      {"0x10000000000000001", "invalid"},
      {"0x", "0.0.0.0"},
      {"0x.0x.0x.0x", "0.0.0.0"},
      {"127.0.0.0x1", "127.0.0.1"},
      {"0x7g.0.0.1", "invalid"},
      // mixed
      {"0x7f.0.0.01", "127.0.0.1"},
      {"0300.168.0x1.1", "192.168.1.1"},
      {"0xa.0372.1", "10.250.0.1"},
      // a number at the end is never a name
      {"shop.1", "invalid"},
      {"shop.example.1", "invalid"},
      {"shop.0x1", "invalid"},
      {"shop.0x", "invalid"},
      {"shop.09", "invalid"},
      {"-1", "invalid"},
      {"+127.0.0.1", "invalid"},
      {"1e3", "name"},
      {"127.0.0.1e0", "name"},
      // IPv6
      {"[::1]", "::1"},
      {"::1", "::1"},
      {"[::]", "::"},
      {"[0:0:0:0:0:0:0:1]", "::1"},
      {"[0000:0000:0000:0000:0000:0000:0000:0001]", "::1"},
      {"[FE80::1]", "fe80::1"},
      {"[::ffff:127.0.0.1]", "::ffff:127.0.0.1"},
      {"[::FFFF:7f00:1]", "::ffff:127.0.0.1"},
      {"[0:0:0:0:0:ffff:127.0.0.1]", "::ffff:127.0.0.1"},
      {"[::127.0.0.1]", "::127.0.0.1"},
      {"[64:ff9b::127.0.0.1]", "64:ff9b::7f00:1"},
      {"[2606:4700::1111]", "2606:4700::1111"},
      {"[fe80::1%25eth0]", "invalid"},
      {"[fe80::1%eth0]", "invalid"},
      {"[::1", "invalid"},
      {"::1]", "invalid"},
      {"[]", "invalid"},
      {"[", "invalid"},
      {"]", "invalid"},
      {"[::1].", "invalid"},
      {"[[::1]]", "invalid"},
      {"[127.0.0.1]", "invalid"},
      {"[localhost]", "invalid"},
      {"[v1.fe80::1]", "invalid"},
      {"[::ffff:127.1]", "invalid"},
      {"[::ffff:0x7f.0.0.1]", "invalid"},
      {"[:::1]", "invalid"},
      {"1:2", "invalid"},
      // the machine itself, by name
      {"localhost", "local name"},
      {"LOCALHOST", "local name"},
      {"LocalHost.", "local name"},
      {"a.localhost", "local name"},
      {"a.b.localhost.", "local name"},
      {"localhost..", "invalid"},
      {".localhost", "invalid"},
      {"localhost.example", "name"},
      {"localhost.localdomain", "name"},
      {"notlocalhost", "name"},
      {"my-localhost", "name"},
      // names
      {"example.com", "name"},
      {"Example.COM", "name"},
      {"example.com.", "name"},
      {"hooks", "name"},
      {"my_hooks.example", "name"},
      {"xn--bcher-kva.example", "name"},
      {"127.0.0.1.nip.io", "name"},
      {"1.example", "name"},
      {"3com.com", "name"},
      {"0xfeed.example", "name"},
      {std::string(63, 'a') + ".example", "name"},
      {std::string(64, 'a') + ".example", "invalid"},
      {std::string(126, 'a').replace(62, 1, ".").replace(125, 1, ".") + std::string(63, 'b') + "." +
           std::string(63, 'c'),
       "name"},
      {std::string(50, 'a') + "." + std::string(50, 'b') + "." + std::string(50, 'c') + "." + std::string(50, 'd') +
           "." + std::string(50, 'e'),
       "invalid"},
      {"", "invalid"},
      {".", "invalid"},
      {"..", "invalid"},
      {"a..b", "invalid"},
      {"-a.example", "invalid"},
      {"a-.example", "invalid"},
      {"a b", "invalid"},
      {"a\tb", "invalid"},
      {"exa\0mple"s, "invalid"},
      {"127.0.0.1\0.example"s, "invalid"},
      {"example.com\n", "invalid"},
      {"ex,ample", "invalid"},
      {"a@b", "invalid"},
      {"a/b", "invalid"},
      // hidden digits
      {"%31%32%37.0.0.1", "invalid"},
      {"127.0.0.%31", "invalid"},
      {"127%2e0%2e0%2e1", "invalid"},
      {"%6cocalhost", "invalid"},
      {"\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1", "invalid"},  // full-width 127
      {"127\xE3\x80\x82"
       "0\xE3\x80\x82"
       "0\xE3\x80\x82"
       "1",
       "invalid"},                                                // ideographic full stops
      {"\xE2\x91\xA0\xE2\x91\xA1\xE2\x91\xA6.0.0.1", "invalid"},  // circled 1 2 7
      {"b\xC3\xBC"
       "cher.example",
       "invalid"},
      {"loc\xC2\xAD"
       "alhost",
       "invalid"},  // soft hyphen
  };
  for (const Row& row : rows) {
    INFO("'" << row.host << "'");
    CHECK(Describe(LiteralHost(row.host)) == row.meaning);
  }
}

TEST_CASE("the parts of an acceptable URL") {
  struct Row {
    std::string text, scheme, host;
    int port;
    std::string path, query;
    bool userinfo, fragment;
  };
  const Row rows[] = {
      {"http://example.com", "http", "example.com", 80, "/", "", false, false},
      {"https://example.com", "https", "example.com", 443, "/", "", false, false},
      {"https://example.com/", "https", "example.com", 443, "/", "", false, false},
      {"HTTPS://Example.COM/Path", "https", "example.com", 443, "/Path", "", false, false},
      {"https://example.com:8443/a/b?c=d&e=f", "https", "example.com", 8443, "/a/b", "c=d&e=f", false, false},
      {"https://example.com?c", "https", "example.com", 443, "/", "c", false, false},
      {"https://example.com/?", "https", "example.com", 443, "/", "", false, false},
      {"https://example.com/a?b?c", "https", "example.com", 443, "/a", "b?c", false, false},
      {"https://example.com/a#f", "https", "example.com", 443, "/a", "", false, true},
      {"https://example.com#", "https", "example.com", 443, "/", "", false, true},
      {"https://example.com/a?b#c?d", "https", "example.com", 443, "/a", "b", false, true},
      {"https://example.com/a/../b/./c", "https", "example.com", 443, "/a/../b/./c", "", false, false},
      {"https://example.com//a//b", "https", "example.com", 443, "//a//b", "", false, false},
      {"https://example.com/a%20b?c=%2F", "https", "example.com", 443, "/a%20b", "c=%2F", false, false},
      {"https://example.com/a@b:c", "https", "example.com", 443, "/a@b:c", "", false, false},
      {"https://example.com?u=http://a@b:1/", "https", "example.com", 443, "/", "u=http://a@b:1/", false, false},
      {"https://example.com./x", "https", "example.com.", 443, "/x", "", false, false},
      {"https://user@example.com/", "https", "example.com", 443, "/", "", true, false},
      {"https://user:pass@example.com:444/", "https", "example.com", 444, "/", "", true, false},
      {"https://@example.com/", "https", "example.com", 443, "/", "", true, false},
      {"https://a@b@example.com/", "https", "example.com", 443, "/", "", true, false},
      {"http://8.8.8.8/x", "http", "8.8.8.8", 80, "/x", "", false, false},
      {"http://0x8.8.2056/x", "http", "0x8.8.2056", 80, "/x", "", false, false},
      {"http://134744072:81/", "http", "134744072", 81, "/", "", false, false},
      {"http://127.0.0.1:1/", "http", "127.0.0.1", 1, "/", "", false, false},
      {"http://127.0.0.1./", "http", "127.0.0.1.", 80, "/", "", false, false},
      {"http://[::1]:65535/", "http", "[::1]", 65535, "/", "", false, false},
      {"http://[2606:4700::ABCD]", "http", "[2606:4700::abcd]", 80, "/", "", false, false},
      {"http://localhost:3000/hook", "http", "localhost", 3000, "/hook", "", false, false},
      {"http://my_hooks:80/", "http", "my_hooks", 80, "/", "", false, false},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto url = ParseUrl(row.text);
    REQUIRE(url.ok());
    CHECK(url->scheme == row.scheme);
    CHECK(url->host == row.host);
    CHECK(url->port == row.port);
    CHECK(url->path == row.path);
    CHECK(url->query == row.query);
    CHECK(url->has_userinfo == row.userinfo);
    CHECK(url->has_fragment == row.fragment);
    CHECK(url->Origin() == row.scheme + "://" + row.host + ":" + std::to_string(row.port));
  }
}

TEST_CASE("what is no acceptable URL is refused with the reason") {
  using namespace std::string_literals;
  struct Row {
    std::string text, says;
  };
  const Row rows[] = {
      {"", "absolute"},
      {"/", "absolute"},
      {"//example.com/", "absolute"},
      {"example.com", "absolute"},
      {"example.com:443/", "absolute"},
      {"www.example.com/http://x", "absolute"},
      {"http", "absolute"},
      {"http:", "absolute"},
      {"http:/", "absolute"},
      {"http:example.com", "absolute"},
      {"http:/example.com", "absolute"},
      {"ftp://example.com/", "absolute"},
      {"file:///etc/passwd", "absolute"},
      {"gopher://example.com/", "absolute"},
      {"javascript://example.com/", "absolute"},
      {"httpss://example.com/", "absolute"},
      {"http+unix://example.com/", "absolute"},
      {"ws://example.com/", "absolute"},
      {"://example.com/", "absolute"},
      {"http://", "host"},
      {"http:///", "host"},
      {"http:///example.com", "host"},
      {"http:////example.com", "host"},
      {"http://?x", "host"},
      {"http://#x", "host"},
      {"http://:80/", "host"},
      {"http://user@/", "host"},
      {"http://user@:80/", "host"},
      {"http://exam,ple/", "host"},
      {"http://exam%70le.com/", "host"},
      {"http://1.2.3.4.5/", "host"},
      {"http://[::1/", "host"},
      {"http://[fe80::1%25lo]/", "host"},
      {"http://::1/", "host"},
      {"http://example.com:/", "port"},
      {"http://example.com:0/", "port"},
      {"http://example.com:65536/", "port"},
      {"http://example.com:99999999999/", "port"},
      {"http://example.com:080/", "port"},
      {"http://example.com:+80/", "port"},
      {"http://example.com:-1/", "port"},
      {"http://example.com:http/", "port"},
      {"http://example.com:80:80/", "port"},
      {"http://[::1]80/", "host"},
      {"http://[::1]a:80/", "host"},
      {"http://[::1]]/", "host"},
      {"http://[::1:80/", "host"},
      {"http://[::1]:80:80/", "port"},
      {"http://[::1]:/", "port"},
      {"http://[::1].example.com/", "host"},
      {" http://example.com/", "characters"},
      {"http://example.com/ ", "characters"},
      {"http://exa mple.com/", "characters"},
      {"http://example.com/a b", "characters"},
      {"http://example.com/\n", "characters"},
      {"http://example.com/\r\nHost: x", "characters"},
      {"http://example.com/\ta", "characters"},
      {"http://example.com/\0"s, "characters"},
      {"http://example.com\0.evil.example/"s, "characters"},
      {"http://example.com/\x7F", "characters"},
      {"http://example.com\\@evil.example/", "characters"},
      {"http:\\\\example.com/", "characters"},
      {"http://example.com/\xC3\xA9", "characters"},
      {"http://b\xC3\xBC"
       "cher.example/",
       "characters"},
      {"http://\xEF\xBC\x91"
       "27.0.0.1/",
       "characters"},
      {"http://example.com/\xFF", "characters"},
  };
  for (const Row& row : rows) {
    INFO("'" << row.text << "'");
    const auto url = ParseUrl(row.text);
    REQUIRE_FALSE(url.ok());
    CHECK(url.error().find(row.says) != std::string::npos);
  }
}
