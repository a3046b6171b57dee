// From the URL of an outgoing call to the addresses it may connect to.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "multihub/base/ip_address.h"
#include "multihub/base/result.h"
#include "multihub/net/address_guard.h"
#include "multihub/net/http_client.h"

namespace multihub::net {

struct Target {
  std::string name;  // to be resolved; empty: `addresses` says it all
  std::uint16_t port = 0;
  std::vector<base::IpAddress> addresses;
};

// The error says what is wrong with the call's URL or headers, in a sentence that holds no piece of them.
base::Result<Target, std::string> ReadTarget(const OutgoingCall& call);

struct JudgedTarget {
  CallError error = CallError::kNone;  // or kRefusedTarget, or kResolve when there was no address to judge
  std::string detail;
  // With kNone, and only then: at least one, each once, in the order given, IPv4-mapped ones as the IPv4 address.
  std::vector<base::IpAddress> addresses;
};

// The addresses of this machine's interfaces, as they are now. nullopt: the system does not say.
using LocalAddresses = std::function<std::optional<std::vector<base::IpAddress>>()>;
std::optional<std::vector<base::IpAddress>> InterfaceAddresses();

// Any thread.
class TargetJudge {
 public:
  TargetJudge(const AddressPolicy& policy, std::vector<OwnAddress> own_addresses,
              LocalAddresses local_addresses = &InterfaceAddresses);

  // One address that may not be called refuses them all.
  JudgedTarget Decide(const std::vector<base::IpAddress>& addresses, std::uint16_t port) const;

 private:
  bool IsOwn(const base::IpAddress& address, std::uint16_t port) const;
  bool IsOfThisMachine(const base::IpAddress& address) const;

  const AddressPolicy policy_;
  const std::vector<OwnAddress> own_addresses_;
  const LocalAddresses local_addresses_;
};

}  // namespace multihub::net
