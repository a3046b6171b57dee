#include "multihub/base/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "multihub/base/check.h"

namespace multihub::base {
namespace {

constexpr int kMappedPrefixBits = 96;

bool IsMapped(const IpAddress& address) {
  static constexpr std::array<std::uint8_t, 12> kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return !address.is_ipv4() && std::equal(kPrefix.begin(), kPrefix.end(), address.bytes().begin());
}

std::optional<int> ParseLength(std::string_view text, int largest) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  int length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + (c - '0');
  }
  if (length > largest) return std::nullopt;
  return length;
}

}  // namespace

IpAddress IpAddress::FromIpv4(std::uint32_t value) {
  IpAddress address;
  for (std::size_t i = 0; i < 4; ++i) address.bytes_[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  return address;
}

IpAddress IpAddress::FromIpv6(const Bytes& bytes) {
  IpAddress address;
  address.family_ = Family::kIpv6;
  address.bytes_ = bytes;
  return address;
}

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  // inet_pton reads up to a NUL: one inside the text would hide what follows it.
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  const bool colon = text.find(':') != std::string_view::npos;
  IpAddress address;
  if (inet_pton(colon ? AF_INET6 : AF_INET, terminated.c_str(), address.bytes_.data()) != 1) return std::nullopt;
  address.family_ = colon ? Family::kIpv6 : Family::kIpv4;
  return address;
}

std::uint32_t IpAddress::ipv4() const {
  MULTIHUB_CHECK(is_ipv4());
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | bytes_[i];
  return value;
}

std::string IpAddress::Format() const {
  char text[INET6_ADDRSTRLEN] = {};
  const int family = is_ipv4() ? AF_INET : AF_INET6;
  MULTIHUB_CHECK(inet_ntop(family, bytes_.data(), text, sizeof(text)) != nullptr);
  return text;
}

IpAddress IpAddress::Unmapped() const {
  if (!IsMapped(*this)) return *this;
  IpAddress address;
  std::copy(bytes_.begin() + 12, bytes_.end(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::Truncated(int length) const {
  MULTIHUB_CHECK(length >= 0 && length <= bits());
  IpAddress address = *this;
  for (int bit = length; bit < bits(); ++bit) {
    address.bytes_[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  return address;
}

IpAddress IpAddress::Prefix64() const {
  const IpAddress address = Unmapped();
  return address.is_ipv4() ? address : address.Truncated(64);
}

std::optional<Cidr> Cidr::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::Parse(text.substr(0, slash));
  if (!address.has_value()) return std::nullopt;
  std::optional<int> length = address->bits();
  if (slash != std::string_view::npos) length = ParseLength(text.substr(slash + 1), address->bits());
  if (!length.has_value()) return std::nullopt;
  if (IsMapped(*address) && *length >= kMappedPrefixBits) {
    const int ipv4_length = *length - kMappedPrefixBits;
    return Cidr(address->Unmapped().Truncated(ipv4_length), ipv4_length);
  }
  return Cidr(address->Truncated(*length), *length);
}

bool Cidr::Contains(const IpAddress& address) const {
  const IpAddress plain = address.Unmapped();
  return plain.family() == network_.family() && plain.Truncated(length_) == network_;
}

std::string Cidr::Format() const { return network_.Format() + "/" + std::to_string(length_); }

}  // namespace multihub::base

std::size_t std::hash<multihub::base::IpAddress>::operator()(const multihub::base::IpAddress& address) const noexcept {
  const auto& bytes = address.bytes();
  const std::string_view view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return std::hash<std::string_view>{}(view) ^ static_cast<std::size_t>(address.family());
}
