// Internet addresses and networks as values. Text forms only; nothing here resolves a name.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace multihub::base {

// One IPv4 or IPv6 address. Default: 0.0.0.0.
class IpAddress {
 public:
  enum class Family : std::uint8_t { kIpv4, kIpv6 };
  using Bytes = std::array<std::uint8_t, 16>;

  IpAddress() = default;
  // 0x7F000001 is 127.0.0.1.
  static IpAddress FromIpv4(std::uint32_t value);
  // Network byte order.
  static IpAddress FromIpv6(const Bytes& bytes);
  // What inet_pton takes and nothing else: four decimal numbers without leading zeros, or IPv6 with at most one "::"
  // and perhaps a dotted tail. No brackets, zone, port, white space.
  static std::optional<IpAddress> Parse(std::string_view text);

  Family family() const { return family_; }
  bool is_ipv4() const { return family_ == Family::kIpv4; }
  // Network byte order; of an IPv4 address the first four count and the others are zero.
  const Bytes& bytes() const { return bytes_; }
  int bits() const { return is_ipv4() ? 32 : 128; }
  // Of an IPv4 address: 127.0.0.1 is 0x7F000001.
  std::uint32_t ipv4() const;

  // The form of inet_ntop: lower case, longest run of zeros as "::", IPv4-mapped with a dotted tail.
  std::string Format() const;
  // The IPv4 address inside ::ffff:0:0/96; any other address itself.
  IpAddress Unmapped() const;
  // The address with all bits after the first `length` cleared. 0 <= length <= bits().
  IpAddress Truncated(int length) const;
  // What a per-source table counts by: an IPv4 address (a mapped one too) itself, of IPv6 the /64, which is one
  // customer's line.
  IpAddress Prefix64() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  Family family_ = Family::kIpv4;
  Bytes bytes_{};
};

// A network: an address and how many of its leading bits count. IPv4-mapped addresses and networks are treated as the
// IPv4 ones they stand for, on both sides; otherwise the families never contain each other (::/0 holds no IPv4).
class Cidr {
 public:
  // "192.0.2.0/24", "2001:db8::/32", or an address alone (all bits count). Host bits are cleared:
  // "192.0.2.1/24" is 192.0.2.0/24. The length is decimal without sign or leading zero.
  static std::optional<Cidr> Parse(std::string_view text);

  const IpAddress& network() const { return network_; }
  int length() const { return length_; }
  bool Contains(const IpAddress& address) const;
  // "192.0.2.0/24", always with the length.
  std::string Format() const;

  friend auto operator<=>(const Cidr&, const Cidr&) = default;

 private:
  Cidr(const IpAddress& network, int length) : network_(network), length_(length) {}

  IpAddress network_;
  int length_ = 0;
};

}  // namespace multihub::base

template <>
struct std::hash<multihub::base::IpAddress> {
  std::size_t operator()(const multihub::base::IpAddress& address) const noexcept;
};
