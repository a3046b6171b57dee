#include "net/target.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "unit/net/http_client_fixture.h"

namespace multihub::testing {
namespace {

using net::AddressPolicy;
using net::CallError;
using net::JudgedTarget;
using net::OwnAddress;
using net::Target;
using net::TargetJudge;

constexpr std::uint16_t kPort = 8443;
const std::vector<OwnAddress> kEverywhere = {{base::IpAddress(), kPort}};

TEST_CASE("a target is a name to be resolved, or the addresses it spells") {
  const auto named = net::ReadTarget(CallTo("https://Shop.Example./hook"));
  REQUIRE(named.ok());
  CHECK(named->name == "shop.example.");
  CHECK(named->port == 443);
  CHECK(named->addresses.empty());

  const auto literal = net::ReadTarget(CallTo("http://0x7f.1:81"));
  REQUIRE(literal.ok());
  CHECK(literal->name.empty());
  CHECK(literal->port == 81);
  CHECK(literal->addresses == Ips({"127.0.0.1"}));

  const auto local = net::ReadTarget(CallTo("http://a.LOCALHOST"));
  REQUIRE(local.ok());
  CHECK(local->name.empty());
  CHECK(local->addresses == Ips({"127.0.0.1", "::1"}));
}

TEST_CASE("judged addresses are unwrapped, keep their order and come once") {
  const TargetJudge judge({}, {});
  const JudgedTarget judged =
      judge.Decide(Ips({"2606:4700::1111", "::ffff:1.1.1.1", "1.0.0.1", "1.1.1.1", "2606:4700::1111"}), 443);
  CHECK(judged.error == CallError::kNone);
  CHECK(judged.detail.empty());
  CHECK(judged.addresses == Ips({"2606:4700::1111", "1.1.1.1", "1.0.0.1"}));
}

TEST_CASE("a refused target hands on no address") {
  const JudgedTarget refused = TargetJudge({}, {}).Decide(Ips({"1.1.1.1", "::ffff:10.0.0.1"}), 443);
  CHECK(refused.error == CallError::kRefusedTarget);
  CHECK(refused.detail == "private");
  CHECK(refused.addresses.empty());
  const JudgedTarget nothing = TargetJudge({}, {}).Decide({}, 443);
  CHECK(nothing.error == CallError::kResolve);
  CHECK(nothing.addresses.empty());
}

TEST_CASE("listening everywhere is listening at every address of the machine") {
  const auto interfaces = [] { return Ips({"127.0.0.1", "1.2.3.4", "2606:4700::42"}); };
  for (const char* wildcard : {"0.0.0.0", "::", "::ffff:0.0.0.0"}) {
    const TargetJudge judge({}, {{Ip(wildcard), kPort}}, interfaces);
    INFO(wildcard);
    for (const char* own : {"1.2.3.4", "2606:4700::42", "::ffff:1.2.3.4"}) {
      INFO(own);
      CHECK(judge.Decide(Ips({own}), kPort).detail == "own address");
      CHECK(judge.Decide(Ips({"1.1.1.1", own}), kPort).detail == "own address");
      CHECK(judge.Decide(Ips({own}), kPort + 1).error == CallError::kNone);
    }
    CHECK(judge.Decide(Ips({"1.2.3.5", "2606:4700::43"}), kPort).error == CallError::kNone);
  }
}

TEST_CASE("listening at one address is listening there and nowhere else") {
  const auto interfaces = [] { return Ips({"1.2.3.4", "1.2.3.5"}); };
  const TargetJudge judge({}, {{Ip("1.2.3.4"), kPort}}, interfaces);
  CHECK(judge.Decide(Ips({"1.2.3.4"}), kPort).detail == "own address");
  CHECK(judge.Decide(Ips({"1.2.3.5"}), kPort).error == CallError::kNone);
}

TEST_CASE("while the system does not name its addresses, any may be the gateway's own") {
  const TargetJudge judge({}, kEverywhere, [] { return std::nullopt; });
  CHECK(judge.Decide(Ips({"1.1.1.1"}), kPort).detail == "own address");
  CHECK(judge.Decide(Ips({"1.1.1.1"}), kPort + 1).error == CallError::kNone);
}

TEST_CASE("the system is asked for its addresses only where it matters") {
  const auto never = []() -> std::optional<std::vector<base::IpAddress>> { throw std::logic_error("asked"); };
  AddressPolicy open;
  open.allow_private = true;
  CHECK(TargetJudge(open, kEverywhere, never).Decide(Ips({"1.1.1.1"}), kPort).error == CallError::kNone);
  CHECK(TargetJudge({}, kEverywhere, never).Decide(Ips({"1.1.1.1"}), 443).error == CallError::kNone);
}

TEST_CASE("the system's interfaces are among the addresses it names") {
  const auto local = net::InterfaceAddresses();
  REQUIRE(local.has_value());
  CHECK(std::find(local->begin(), local->end(), Ip("127.0.0.1")) != local->end());
}

}  // namespace
}  // namespace multihub::testing
