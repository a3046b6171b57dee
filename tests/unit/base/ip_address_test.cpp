#include "multihub/base/ip_address.h"

#include <catch2/catch.hpp>

#include <string>
#include <unordered_set>

using multihub::base::Cidr;
using multihub::base::IpAddress;

namespace {

IpAddress Ip(const std::string& text) {
  const auto address = IpAddress::Parse(text);
  INFO(text);
  REQUIRE(address.has_value());
  return *address;
}

Cidr Net(const std::string& text) {
  const auto network = Cidr::Parse(text);
  INFO(text);
  REQUIRE(network.has_value());
  return *network;
}

}  // namespace

TEST_CASE("addresses are read and written in canonical form") {
  struct Row {
    std::string text, formatted;
    bool ipv4;
  };
  const Row rows[] = {
      {"0.0.0.0", "0.0.0.0", true},
      {"192.0.2.1", "192.0.2.1", true},
      {"255.255.255.255", "255.255.255.255", true},
      {"::", "::", false},
      {"::1", "::1", false},
      {"2001:DB8::A", "2001:db8::a", false},
      {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1", false},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", false},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1", false},
      {"::ffff:c000:201", "::ffff:192.0.2.1", false},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221", false},
      {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const IpAddress address = Ip(row.text);
    CHECK(address.is_ipv4() == row.ipv4);
    CHECK(address.bits() == (row.ipv4 ? 32 : 128));
    CHECK(address.Format() == row.formatted);
    CHECK(Ip(row.formatted) == address);
  }
}

TEST_CASE("other spellings are no address") {
  using namespace std::string_literals;
  const std::string refused[] = {"",
                                 " ",
                                 "localhost",
                                 "1",
                                 "1.2",
                                 "1.2.3",
                                 "1.2.3.4.5",
                                 "1.2.3.4.",
                                 ".1.2.3.4",
                                 "1..3.4",
                                 "256.1.1.1",
                                 "01.2.3.4",
                                 "1.2.3.00",
                                 "0x1.2.3.4",
                                 "+1.2.3.4",
                                 "-1.2.3.4",
                                 " 1.2.3.4",
                                 "1.2.3.4 ",
                                 "1.2.3.4\n",
                                 "1.2.3.4\0"s,
                                 "1.2.3.4\0.5"s,
                                 "1.2.3.4/32",
                                 "1.2.3.4:80",
                                 "2130706433",
                                 ":",
                                 ":::",
                                 "::1::",
                                 "1::2::3",
                                 "12345::",
                                 "g::",
                                 "1:2:3:4:5:6:7",
                                 "1:2:3:4:5:6:7:8:9",
                                 "[::1]",
                                 "fe80::1%eth0",
                                 "fe80::1%1",
                                 "::1/128",
                                 "::1\0"s,
                                 "::ffff:1.2.3",
                                 "::ffff:256.2.3.4",
                                 "::1.2.3.4:5",
                                 std::string(200, '1'),
                                 std::string(200, ':')};
  for (const std::string& text : refused) {
    INFO("'" << text << "'");
    CHECK_FALSE(IpAddress::Parse(text).has_value());
  }
}

TEST_CASE("numbers and bytes are in network order") {
  CHECK(IpAddress::FromIpv4(0x7F000001).Format() == "127.0.0.1");
  CHECK(Ip("192.0.2.1").ipv4() == 0xC0000201);
  CHECK(IpAddress().Format() == "0.0.0.0");
  IpAddress::Bytes bytes{};
  bytes[0] = 0x20;
  bytes[15] = 0x01;
  CHECK(IpAddress::FromIpv6(bytes).Format() == "2000::1");
  CHECK(Ip("2000::1").bytes() == bytes);
  CHECK(Ip("192.0.2.1").bytes()[3] == 1);
  CHECK(Ip("192.0.2.1").bytes()[4] == 0);
}

TEST_CASE("families never equal each other, and hashes tell them apart") {
  CHECK(Ip("0.0.0.0") != Ip("::"));
  CHECK(Ip("192.0.2.1") != Ip("::ffff:192.0.2.1"));
  std::unordered_set<IpAddress> set = {Ip("0.0.0.0"), Ip("::"), Ip("::1"), Ip("::1"), Ip("192.0.2.1")};
  CHECK(set.size() == 4);
  CHECK(set.count(Ip("192.0.2.1")) == 1);
  CHECK(set.count(Ip("192.0.2.2")) == 0);
}

TEST_CASE("only IPv4-mapped addresses are unwrapped") {
  CHECK(Ip("::ffff:192.0.2.1").Unmapped() == Ip("192.0.2.1"));
  CHECK(Ip("::ffff:0:0").Unmapped() == Ip("0.0.0.0"));
  for (const std::string text : {"::192.0.2.1", "::fffe:192.0.2.1", "1::ffff:192.0.2.1", "::ffff:0:192.0.2.1",
                                 "64:ff9b::192.0.2.1", "192.0.2.1", "::1"}) {
    INFO(text);
    CHECK(Ip(text).Unmapped() == Ip(text));
  }
}

TEST_CASE("a source is counted by its IPv4 address or its IPv6 /64") {
  CHECK(Ip("192.0.2.7").Prefix64() == Ip("192.0.2.7"));
  CHECK(Ip("::ffff:192.0.2.7").Prefix64() == Ip("192.0.2.7"));
  CHECK(Ip("2001:db8:1:2:3:4:5:6").Prefix64() == Ip("2001:db8:1:2::"));
  CHECK(Ip("2001:db8:1:2::").Prefix64() == Ip("2001:db8:1:2:ffff:ffff:ffff:ffff").Prefix64());
  CHECK(Ip("2001:db8:1:2::1").Prefix64() != Ip("2001:db8:1:3::1").Prefix64());
}

TEST_CASE("networks are read with or without a length") {
  struct Row {
    std::string text, formatted;
  };
  const Row rows[] = {
      {"192.0.2.1/32", "192.0.2.1/32"},
      {"192.0.2.1", "192.0.2.1/32"},
      {"192.0.2.1/24", "192.0.2.0/24"},
      {"192.0.2.255/25", "192.0.2.128/25"},
      {"10.255.0.0/9", "10.128.0.0/9"},
      {"203.0.113.9/0", "0.0.0.0/0"},
      {"2001:db8::1", "2001:db8::1/128"},
      {"2001:db8:ffff::1/33", "2001:db8:8000::/33"},
      {"::1/0", "::/0"},
      {"::ffff:192.0.2.1", "192.0.2.1/32"},
      {"::ffff:192.0.2.1/120", "192.0.2.0/24"},
      {"::ffff:0:0/96", "0.0.0.0/0"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(Net(row.text).Format() == row.formatted);
    CHECK(Net(row.formatted) == Net(row.text));
  }
  for (const std::string text : {"",
                                 "/",
                                 "/24",
                                 "192.0.2.1/",
                                 "192.0.2.1/33",
                                 "192.0.2.1/-1",
                                 "192.0.2.1/+8",
                                 "192.0.2.1/08",
                                 "192.0.2.1/ 8",
                                 "192.0.2.1/8 ",
                                 "192.0.2.1/255.0.0.0",
                                 "192.0.2.1/8/8",
                                 "192.0.2.1/999999999999",
                                 "::/129",
                                 "::/0128",
                                 "192.0.2/24",
                                 "10/8",
                                 "any",
                                 "[::1]/128",
                                 "192.0.2.1/0x8"}) {
    INFO("'" << text << "'");
    CHECK_FALSE(Cidr::Parse(text).has_value());
  }
}

TEST_CASE("a network contains its first to last address and not the neighbours") {
  struct Row {
    std::string network, address;
    bool inside;
  };
  const Row rows[] = {
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.0", false},
      {"192.0.2.1", "192.0.2.2", false},
      {"192.0.2.0/24", "192.0.2.0", true},
      {"192.0.2.0/24", "192.0.2.255", true},
      {"192.0.2.0/24", "192.0.1.255", false},
      {"192.0.2.0/24", "192.0.3.0", false},
      {"100.64.0.0/10", "100.127.255.255", true},
      {"100.64.0.0/10", "100.128.0.0", false},
      {"0.0.0.0/0", "255.255.255.255", true},
      {"0.0.0.0/0", "::", false},
      {"0.0.0.0/0", "::ffff:8.8.8.8", true},
      {"::/0", "8.8.8.8", false},
      {"::/0", "::ffff:8.8.8.8", false},
      {"::/0", "2001:db8::1", true},
      {"192.0.2.0/24", "::ffff:192.0.2.9", true},
      {"::ffff:192.0.2.0/120", "192.0.2.9", true},
      {"::ffff:192.0.2.0/120", "::ffff:192.0.2.9", true},
      {"::ffff:192.0.2.0/120", "192.0.3.9", false},
      {"2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true},
      {"2001:db8::/32", "2001:db9::", false},
      {"2001:db8::/32", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false},
      {"fc00::/7", "fdff::1", true},
      {"fc00::/7", "fe00::", false},
  };
  for (const Row& row : rows) {
    INFO(row.network << " " << row.address);
    CHECK(Net(row.network).Contains(Ip(row.address)) == row.inside);
  }
}
