#include "http/forwarded.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace multihub::http {
namespace {

using base::Cidr;
using base::IpAddress;

std::vector<Cidr> Networks(const std::vector<std::string>& texts) {
  std::vector<Cidr> networks;
  for (const std::string& text : texts) networks.push_back(Cidr::Parse(text).value());
  return networks;
}

const std::vector<Cidr> kProxies = Networks({"10.0.0.0/8", "192.0.2.1", "2001:db8:ffff::/48"});

// "-" for no address.
std::string Client(const Forwarding& forwarding, const std::vector<Cidr>& trusted = kProxies) {
  const auto client = ForwardedClient(forwarding, trusted);
  return client ? client->Format() : "-";
}
std::string ByForwarded(const std::string& value) { return Client({value, std::nullopt}); }
std::string ByXForwardedFor(const std::string& value) { return Client({std::nullopt, value}); }

struct Case {
  const char* value;
  const char* client;
};

TEST_CASE("X-Forwarded-For: the right-most address that is not a trusted proxy's") {
  const Case cases[] = {
      {"203.0.113.9", "203.0.113.9"},
      {"203.0.113.9,10.1.2.3", "203.0.113.9"},
      {"198.51.100.7, 203.0.113.9", "203.0.113.9"},
      {"198.51.100.7 ,\t203.0.113.9 , 192.0.2.1,10.0.0.1", "203.0.113.9"},
      {"2001:db8::9, 2001:db8:ffff::1", "2001:db8::9"},
      {"::ffff:203.0.113.9", "203.0.113.9"},
      {"203.0.113.9, ::ffff:10.0.0.1", "203.0.113.9"},
      {"::ffff:a00:1", "10.0.0.1"},
      // Some write a port behind it; IPv6 then has brackets.
      {"203.0.113.9:4711", "203.0.113.9"},
      {"[2001:db8::9]", "2001:db8::9"},
      {"[2001:DB8::9]:65535, 10.0.0.1:80", "2001:db8::9"},
      // Proxies all the way: who is farthest off.
      {"10.0.0.9, 10.0.0.1", "10.0.0.9"},
      {" , 10.0.0.9, 10.0.0.1", "10.0.0.9"},
  };
  for (const Case& c : cases) {
    INFO(c.value);
    CHECK(ByXForwardedFor(c.value) == c.client);
  }
}

TEST_CASE("X-Forwarded-For: nothing is made of what is not an address") {
  for (const char* value : {"",
                            " ",
                            ",",
                            "203.0.113.9,",
                            "203.0.113.9, ,10.0.0.1",
                            "unknown",
                            "_hidden",
                            "203.0.113.9, unknown, 10.0.0.1",
                            "203.0.113",
                            "203.0.113.256",
                            "203.0.113.09",
                            "203.0.113.9 198.51.100.7",
                            "203.0.113.9:",
                            "203.0.113.9:65536",
                            "203.0.113.9:123456",
                            "203.0.113.9:-1",
                            "203.0.113.9/32",
                            "0.0.0.0",
                            "::",
                            "::ffff:0.0.0.0",
                            "[203.0.113.9]",
                            "[2001:db8::9",
                            "[2001:db8::9]4711",
                            "2001:db8::9]",
                            "[]",
                            "2001:db8::9:4711:x",
                            "fe80::1%eth0",
                            "\"203.0.113.9\"",
                            "203.0.113.9\"",
                            "for=203.0.113.9",
                            "203.0.113.9\\",
                            "example.test",
                            "0x7f.1"}) {
    INFO(value);
    CHECK(ByXForwardedFor(value) == "-");
  }
  CHECK(ByXForwardedFor(std::string("203.0.113.9\0", 12)) == "-");
}

TEST_CASE("Forwarded: the for of the right-most element that is not a trusted proxy's") {
  const Case cases[] = {
      {"for=203.0.113.9", "203.0.113.9"},
      {"For=203.0.113.9", "203.0.113.9"},
      {"for=\"203.0.113.9\"", "203.0.113.9"},
      {"for=\"203.0.113.9:4711\"", "203.0.113.9"},
      {"for=\"203.0.113.9:_port.of-ours\"", "203.0.113.9"},
      {"for=\"[2001:db8::9]\"", "2001:db8::9"},
      {"for=\"[2001:db8::9]:4711\"", "2001:db8::9"},
      {"for=\"[::ffff:203.0.113.9]\"", "203.0.113.9"},
      {"for=203.0.113.9;proto=https;by=10.0.0.1;host=pay.example.test", "203.0.113.9"},
      {"by=10.0.0.1; for=203.0.113.9 ;proto=https", "203.0.113.9"},
      {"for=198.51.100.7, for=203.0.113.9;by=_edge, for=10.0.0.1", "203.0.113.9"},
      {"for=203.0.113.9;host=\"a,b\", for=10.0.0.1", "203.0.113.9"},
      {"for=\"[2001:db8::9]:1\", for=\"[2001:db8:ffff::1]:2\",for=\"10.0.0.1:3\"", "2001:db8::9"},
      {"for=10.0.0.9, for=10.0.0.1", "10.0.0.9"},
  };
  for (const Case& c : cases) {
    INFO(c.value);
    CHECK(ByForwarded(c.value) == c.client);
  }
}

TEST_CASE("Forwarded: nothing is made of what is malformed, unknown or hidden") {
  for (const char* value :
       {"", ",", "203.0.113.9", "for=", "for=\"\"", "for", "for =203.0.113.9", "for= 203.0.113.9", "=203.0.113.9",
        "for=203.0.113.9,", "for=203.0.113.9;", "for=203.0.113.9;;proto=https", "for=203.0.113.9 proto=https",
        "for=203.0.113.9;for=198.51.100.7", "proto=https", "for=203.0.113.9, proto=https", "for=unknown", "for=Unknown",
        "for=_hidden", "for=\"_hidden:1\"", "for=203.0.113.9, for=unknown, for=10.0.0.1",
        // A colon and a bracket are no token: both need quotes.
        "for=203.0.113.9:4711", "for=[2001:db8::9]", "for=2001:db8::9", "for=\"2001:db8::9\"", "for=\"[203.0.113.9]\"",
        "for=\"203.0.113.9:_\"", "for=\"203.0.113.9:x\"", "for=\"203.0.113.9", "for=203.0.113.9\"",
        "for=\"203.0.113.9\"x", "for=\"203.0\\.113.9\"", "for=\" 203.0.113.9\"", "for=\"0.0.0.0\"", "for=\"[::]\"",
        "f\xc3\xb6r=203.0.113.9"}) {
    INFO(value);
    CHECK(ByForwarded(value) == "-");
  }
}

TEST_CASE("what a client wrote to the left of its own address changes nothing") {
  for (const std::string forged : {"10.0.0.1", "unknown", "\"", "\\", "a\\", "for=\"", "for=\"a\\\"b", ",,,",
                                   "for=10.0.0.1", "for=\"[::1]\";for=x", "\x80\xff", "\"a, \"b\", c"}) {
    INFO(forged);
    CHECK(ByXForwardedFor(forged + ", 203.0.113.9") == "203.0.113.9");
    CHECK(ByXForwardedFor(forged + ", 203.0.113.9, 10.0.0.1") == "203.0.113.9");
    CHECK(ByForwarded(forged + ", for=203.0.113.9") == "203.0.113.9");
    CHECK(ByForwarded(forged + ", for=\"[2001:db8::9]:1\", for=\"10.0.0.1:2\"") == "2001:db8::9");
  }
}

TEST_CASE("Forwarded counts alone where both are sent, for better or worse") {
  CHECK(Client({"for=203.0.113.9", "198.51.100.7"}) == "203.0.113.9");
  CHECK(Client({"for=unknown", "198.51.100.7"}) == "-");
  CHECK(Client({"", "198.51.100.7"}) == "-");
  CHECK(Client({std::nullopt, std::nullopt}) == "-");
}

TEST_CASE("a way over more proxies than anybody has is not followed") {
  const auto over = [](int proxies) {
    std::string value = "203.0.113.9";
    for (int i = 0; i < proxies; ++i) value += ", 10.0.0.1";
    return value;
  };
  CHECK(ByXForwardedFor(over(kMaxForwardedHops)) == "203.0.113.9");
  CHECK(ByXForwardedFor(over(kMaxForwardedHops + 1)) == "-");
  CHECK(ByXForwardedFor(over(100'000)) == "-");
  // What is not walked does not count.
  std::string left;
  for (int i = 0; i < 1000; ++i) left += "10.0.0.1, ";
  CHECK(ByXForwardedFor(left + "203.0.113.9") == "203.0.113.9");
}

TEST_CASE("a proxy is trusted by its network, as IPv4 also when mapped") {
  const auto trusts = [](const char* address) { return IsTrusted(kProxies, IpAddress::Parse(address).value()); };
  CHECK(trusts("10.255.0.1"));
  CHECK(trusts("::ffff:10.255.0.1"));
  CHECK(trusts("192.0.2.1"));
  CHECK(trusts("2001:db8:ffff::5"));
  CHECK_FALSE(trusts("192.0.2.2"));
  CHECK_FALSE(trusts("11.0.0.1"));
  CHECK_FALSE(trusts("2001:db8::5"));
  CHECK_FALSE(IsTrusted({}, IpAddress::Parse("10.0.0.1").value()));
}

}  // namespace
}  // namespace multihub::http
