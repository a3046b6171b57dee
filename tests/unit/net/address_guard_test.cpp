#include "multihub/net/address_guard.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using multihub::base::IpAddress;
using multihub::net::AddressPolicy;
using multihub::net::Judge;
using multihub::net::RefusedRange;
using multihub::net::RefusedRanges;

namespace {

IpAddress Ip(const std::string& text) {
  const auto address = IpAddress::Parse(text);
  INFO(text);
  REQUIRE(address.has_value());
  return *address;
}

std::string ReasonOf(const std::string& address, const AddressPolicy& policy = {}) {
  return std::string(Judge(Ip(address), policy).value_or("public"));
}

struct RangeRow {
  std::string network, reason;
  std::string first, last;
  // The neighbours and what becomes of them; empty: there is none.
  std::string before, before_reason;
  std::string after, after_reason;
};

const std::vector<RangeRow>& Ranges() {
  static const std::vector<RangeRow> rows = {
      {"169.254.169.254/32", "cloud metadata", "169.254.169.254", "169.254.169.254", "169.254.169.253", "link-local",
       "169.254.169.255", "link-local"},
      {"100.100.100.200/32", "cloud metadata", "100.100.100.200", "100.100.100.200", "100.100.100.199",
       "carrier-grade NAT", "100.100.100.201", "carrier-grade NAT"},
      {"168.63.129.16/32", "cloud metadata", "168.63.129.16", "168.63.129.16", "168.63.129.15", "public",
       "168.63.129.17", "public"},
      {"fd00:ec2::254/128", "cloud metadata", "fd00:ec2::254", "fd00:ec2::254", "fd00:ec2::253", "unique-local",
       "fd00:ec2::255", "unique-local"},
      {"fd20:ce::254/128", "cloud metadata", "fd20:ce::254", "fd20:ce::254", "fd20:ce::253", "unique-local",
       "fd20:ce::255", "unique-local"},
      {"0.0.0.0/32", "unspecified", "0.0.0.0", "0.0.0.0", "", "", "0.0.0.1", "this network"},
      {"0.0.0.0/8", "this network", "0.0.0.1", "0.255.255.255", "0.0.0.0", "unspecified", "1.0.0.0", "public"},
      {"10.0.0.0/8", "private", "10.0.0.0", "10.255.255.255", "9.255.255.255", "public", "11.0.0.0", "public"},
      {"100.64.0.0/10", "carrier-grade NAT", "100.64.0.0", "100.127.255.255", "100.63.255.255", "public", "100.128.0.0",
       "public"},
      {"127.0.0.0/8", "loopback", "127.0.0.0", "127.255.255.255", "126.255.255.255", "public", "128.0.0.0", "public"},
      {"169.254.0.0/16", "link-local", "169.254.0.0", "169.254.255.255", "169.253.255.255", "public", "169.255.0.0",
       "public"},
      {"172.16.0.0/12", "private", "172.16.0.0", "172.31.255.255", "172.15.255.255", "public", "172.32.0.0", "public"},
      {"192.0.0.0/24", "protocol assignments", "192.0.0.0", "192.0.0.255", "191.255.255.255", "public", "192.0.1.0",
       "public"},
      {"192.0.2.0/24", "documentation", "192.0.2.0", "192.0.2.255", "192.0.1.255", "public", "192.0.3.0", "public"},
      {"192.88.99.0/24", "6to4 relay", "192.88.99.0", "192.88.99.255", "192.88.98.255", "public", "192.88.100.0",
       "public"},
      {"192.168.0.0/16", "private", "192.168.0.0", "192.168.255.255", "192.167.255.255", "public", "192.169.0.0",
       "public"},
      {"198.18.0.0/15", "benchmarking", "198.18.0.0", "198.19.255.255", "198.17.255.255", "public", "198.20.0.0",
       "public"},
      {"198.51.100.0/24", "documentation", "198.51.100.0", "198.51.100.255", "198.51.99.255", "public", "198.51.101.0",
       "public"},
      {"203.0.113.0/24", "documentation", "203.0.113.0", "203.0.113.255", "203.0.112.255", "public", "203.0.114.0",
       "public"},
      {"224.0.0.0/4", "multicast", "224.0.0.0", "239.255.255.255", "223.255.255.255", "public", "240.0.0.0",
       "reserved"},
      {"255.255.255.255/32", "broadcast", "255.255.255.255", "255.255.255.255", "255.255.255.254", "reserved", "", ""},
      {"240.0.0.0/4", "reserved", "240.0.0.0", "255.255.255.254", "239.255.255.255", "multicast", "255.255.255.255",
       "broadcast"},
      {"::/128", "unspecified", "::", "::", "", "", "::1", "loopback"},
      {"::1/128", "loopback", "::1", "::1", "::", "unspecified", "::2", "IPv4-compatible"},
      {"::/96", "IPv4-compatible", "::2", "::ffff:ffff", "::1", "loopback", "::1:0:0", "reserved"},
      {"64:ff9b::/96", "NAT64", "64:ff9b::", "64:ff9b::ffff:ffff", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", "reserved",
       "64:ff9b::1:0:0", "reserved"},
      {"64:ff9b:1::/48", "NAT64", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
       "64:ff9b:0:ffff:ffff:ffff:ffff:ffff", "reserved", "64:ff9b:2::", "reserved"},
      {"100::/64", "discard only", "100::", "100::ffff:ffff:ffff:ffff", "ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "reserved", "100:0:0:1::", "dummy prefix"},
      {"100:0:0:1::/64", "dummy prefix", "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", "100::ffff:ffff:ffff:ffff",
       "discard only", "100:0:0:2::", "reserved"},
      {"2001::/32", "Teredo", "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
       "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "public", "2001:1::", "protocol assignments"},
      {"2001::/23", "protocol assignments", "2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
       "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "Teredo", "2001:200::", "public"},
      {"2001:db8::/32", "documentation", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
       "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "public", "2001:db9::", "public"},
      {"2002::/16", "6to4", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "public", "2003::", "public"},
      {"3fff::/20", "documentation", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
       "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "public", "3fff:1000::", "public"},
      {"5f00::/16", "segment routing", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved", "5f01::", "reserved"},
      {"fc00::/7", "unique-local", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved", "fe00::", "reserved"},
      {"fe80::/10", "link-local", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved", "fec0::", "site-local"},
      {"fec0::/10", "site-local", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local", "ff00::", "multicast"},
      {"ff00::/8", "multicast", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local", "", ""},
      {"::/3", "reserved", "::1:0:0", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:ffff", "IPv4-compatible",
       "2000::", "public"},
      {"4000::/2", "reserved", "4000::", "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "public", "8000::", "reserved"},
      {"8000::/1", "reserved", "8000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved", "fc00::", "unique-local"},
  };
  return rows;
}

}  // namespace

TEST_CASE("each refused range takes its first and last address and not its neighbours") {
  for (const RangeRow& row : Ranges()) {
    INFO(row.network);
    CHECK(ReasonOf(row.first) == row.reason);
    CHECK(ReasonOf(row.last) == row.reason);
    if (!row.before.empty()) CHECK(ReasonOf(row.before) == row.before_reason);
    if (!row.after.empty()) CHECK(ReasonOf(row.after) == row.after_reason);
  }
}

TEST_CASE("every row of the table is tested above") {
  std::set<std::pair<std::string, std::string>> tested;
  for (const RangeRow& row : Ranges()) tested.insert({row.network, row.reason});
  CHECK(tested.size() == RefusedRanges().size());
  for (const RefusedRange& row : RefusedRanges()) {
    INFO(row.network);
    CHECK(tested.count({std::string(row.network), std::string(row.reason)}) == 1);
  }
}

TEST_CASE("an IPv4-mapped address is judged as the IPv4 address it carries") {
  for (const RangeRow& row : Ranges()) {
    if (row.first.find(':') != std::string::npos) continue;
    INFO(row.network);
    CHECK(ReasonOf("::ffff:" + row.first) == row.reason);
    CHECK(ReasonOf("::ffff:" + row.last) == row.reason);
    if (!row.before.empty()) CHECK(ReasonOf("::ffff:" + row.before) == row.before_reason);
    if (!row.after.empty()) CHECK(ReasonOf("::ffff:" + row.after) == row.after_reason);
  }
  CHECK(ReasonOf("::ffff:8.8.8.8") == "public");
}

TEST_CASE("other addresses that carry an IPv4 address are refused whatever it is") {
  struct Row {
    std::string address, reason;
  };
  const Row rows[] = {
      {"::127.0.0.1", "IPv4-compatible"}, {"::10.0.0.1", "IPv4-compatible"},
      {"::8.8.8.8", "IPv4-compatible"},   {"64:ff9b::127.0.0.1", "NAT64"},
      {"64:ff9b::10.0.0.1", "NAT64"},     {"64:ff9b::8.8.8.8", "NAT64"},
      {"64:ff9b:1::8.8.8.8", "NAT64"},    {"2002:7f00:1::1", "6to4"},
      {"2002:a00:1::1", "6to4"},          {"2002:808:808::1", "6to4"},
      {"2001:0:808:808::1", "Teredo"},    {"2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"},
      {"::ffff:0:127.0.0.1", "reserved"},
  };
  for (const Row& row : rows) {
    INFO(row.address);
    CHECK(ReasonOf(row.address) == row.reason);
  }
}

TEST_CASE("public addresses may be called") {
  for (const std::string address :
       {"1.1.1.1", "8.8.8.8", "9.9.9.9", "93.184.216.34", "100.63.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.255",
        "2001:4860:4860::8888", "2606:4700::1111", "2a00:1450::1", "2400::1", "2c0f::1", "2620:fe::fe"}) {
    INFO(address);
    CHECK(ReasonOf(address) == "public");
  }
}

TEST_CASE("a policy opens loopback alone, or everything") {
  struct Row {
    std::string address;
    bool with_loopback;
  };
  const Row rows[] = {
      {"127.0.0.1", true},
      {"127.255.255.255", true},
      {"::1", true},
      {"::ffff:127.0.0.1", true},
      {"8.8.8.8", true},
      {"0.0.0.0", false},
      {"::", false},
      {"10.0.0.1", false},
      {"192.168.1.1", false},
      {"169.254.169.254", false},
      {"fe80::1", false},
      {"fd00::1", false},
      {"::127.0.0.1", false},
      {"64:ff9b::127.0.0.1", false},
      {"::ffff:10.0.0.1", false},
      {"224.0.0.1", false},
  };
  for (const Row& row : rows) {
    INFO(row.address);
    CHECK((ReasonOf(row.address, {true, false}) == "public") == row.with_loopback);
    CHECK(ReasonOf(row.address, {false, true}) == "public");
    CHECK(ReasonOf(row.address, {true, true}) == "public");
  }
}
