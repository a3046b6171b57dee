// What a gateway takes of memory. Of the release build, which `./dev test` makes first: the sanitizers take more than
// the gateway.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

#include "support/gateway_process.h"
#include "support/signed_client.h"

namespace multihub::deployment {
namespace {

constexpr double kIdleMegabytes = 40;
constexpr double kConnectedMegabytes = 150;
constexpr std::size_t kConnections = 5000;
// Two of the gateway for each connection, and what it keeps for everything else.
constexpr rlim_t kDescriptors = 16384;

double ResidentMegabytes(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stod(line.substr(6)) * 1024 / 1e6;
  }
  throw std::runtime_error("the gateway is gone");
}

void AllowDescriptors() {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  INFO("5,000 connections need a hard limit of " << kDescriptors << " descriptors (ulimit -Hn)");
  REQUIRE(limit.rlim_max >= kDescriptors);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

TEST_CASE("footprint: idle on SQLite, and with 5,000 connections that have called and are kept") {
  AllowDescriptors();
  support::GatewayOptions options;
  options.binary = MULTIHUB_RELEASE_BINARY;
  options.discard_log = true;
  options.env = {{"MULTIHUB_LIMITS_ENABLED", "false"}};
  const support::GatewayProcess gateway(options);
  const double idle = ResidentMegabytes(gateway.pid());
  CHECK(idle <= kIdleMegabytes);

  std::vector<support::SignedClient> kept;
  for (std::size_t i = 0; i < kConnections; ++i) {
    kept.emplace_back(gateway.port(), 1, support::SandboxSecret(1));
    const support::Answer answer = kept.back().Call(std::string_view(R"({"method":"gateway.ping"})"));
    INFO(i << ": " << answer.transport_error << answer.raw);
    REQUIRE(answer.success());
  }
  const double connected = ResidentMegabytes(gateway.pid());
  CHECK(connected <= kConnectedMegabytes);
  // They are all still there.
  for (const std::size_t i : {std::size_t{0}, kConnections / 2, kConnections - 1}) {
    CHECK(kept[i].Call(std::string_view(R"({"method":"gateway.ping"})")).success());
  }
  std::cout << "memory: " << idle << " MB idle, " << connected << " MB with " << kConnections << " connections"
            << std::endl;
}

}  // namespace
}  // namespace multihub::deployment
