#include "net/pinned_target.h"

#include <algorithm>
#include <span>

#include "multihub/base/check.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"

namespace multihub::net {
namespace {

// Two labels, since one has no room for the digest; the top-level domain that never resolves.
std::string NameOfSet(std::vector<base::IpAddress> addresses) {
  std::sort(addresses.begin(), addresses.end());
  std::string texts;
  for (const base::IpAddress& address : addresses) texts += address.Format() + ",";
  const std::string digest = base::HexEncode(base::Sha256({texts}));
  return digest.substr(0, digest.size() / 2) + "." + digest.substr(digest.size() / 2) + ".invalid";
}

}  // namespace

PinnedTarget::PinnedTarget(std::vector<base::IpAddress> judged, std::uint16_t port)
    : addresses_(std::move(judged)), port_(port) {
  MULTIHUB_CHECK(!addresses_.empty());
  if (addresses_.size() > kMaxAddresses) addresses_.resize(kMaxAddresses);
  name_ = NameOfSet(addresses_);
}

bool PinnedTarget::Holds(const base::IpAddress& address, std::uint16_t port) const {
  return port == port_ && std::find(addresses_.begin(), addresses_.end(), address) != addresses_.end();
}

// Any host and port of the URL, to this name, at the port of the URL.
std::string PinnedTarget::ConnectTo() const { return "::" + name_ + ":"; }

// The plus: not for ever.
std::string PinnedTarget::Resolve() const {
  std::string line = "+" + name_ + ":" + std::to_string(port_) + ":";
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    if (i > 0) line += ",";
    line += addresses_[i].is_ipv4() ? addresses_[i].Format() : "[" + addresses_[i].Format() + "]";
  }
  return line;
}

}  // namespace multihub::net
