// The units: read by systemd itself, and what the service tells it.
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "deployment/installed_tree_fixture.h"
#include "deployment/replaced_text.h"
#include "support/cli_runs.h"
#include "support/gateway_process.h"

namespace multihub::deployment {
namespace {

using functional::Contains;
using support::GatewayProcess;

const char* const kUnits[] = {"multihub.service", "multihub-prune.service", "multihub-prune.timer",
                              "multihub-verify.service", "multihub-verify.timer"};

// The units as they are installed, but for the program's path.
class Units {
 public:
  Units() {
    for (const std::string unit : kUnits) {
      std::string text = support::ReadFile(tree_.File("lib/systemd/system/" + unit));
      if (unit.ends_with(".service")) text = Replaced(text, "=/usr/local/bin/multihub ", "=" MULTIHUB_BINARY " ");
      support::WriteFile(dir_.File(unit), text);
    }
  }
  support::RunResult Analyze(std::vector<std::string> words) const {
    support::SpawnOptions analyze;
    words.insert(words.begin(), "systemd-analyze");
    analyze.argv = std::move(words);
    return support::Run(std::move(analyze));
  }
  std::string File(const std::string& unit) const { return dir_.File(unit); }

 private:
  InstalledTree tree_{"systemd"};
  support::TempDir dir_;
};

TEST_CASE("systemd: the units are understood without a complaint") {
  const Units units;
  for (const std::string unit : kUnits) {
    const support::RunResult run = units.Analyze({"verify", "--man=no", units.File(unit)});
    INFO(unit << ": " << run.err << run.out);
    CHECK(run.exit_code == 0);
    // Complaints about other units of this machine are not ours.
    CHECK_FALSE(Contains(run.err, "multihub"));
  }
}

TEST_CASE("systemd: the services are as locked up as their comments say") {
  const Units units;
  for (const std::string unit : {"multihub.service", "multihub-prune.service", "multihub-verify.service"}) {
    // 12: an exposure of 1.2 of 10.
    const support::RunResult run = units.Analyze({"security", "--offline=true", "--threshold=12", units.File(unit)});
    INFO(run.out << run.err);
    CHECK(run.exit_code == 0);
    CHECK(Contains(run.out, "Overall exposure level for " + unit + ": 1.2 OK"));
  }
  CHECK(Contains(support::ReadFile(units.File("multihub.service")), "says 1.2, OK"));
}

// The socket that a supervisor listens on.
class Supervisor {
 public:
  Supervisor() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof(address.sun_path) - 1);
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const timeval patience{60, 0};
    REQUIRE(::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
  }
  ~Supervisor() { ::close(fd_); }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  std::string path() const { return dir_.File("notify"); }
  // The next message, waiting for it; empty when none came.
  std::string Next() {
    char text[256];
    const ssize_t size = ::recv(fd_, text, sizeof text, 0);
    return size < 0 ? "" : std::string(text, static_cast<std::size_t>(size));
  }

 private:
  support::TempDir dir_;
  int fd_;
};

TEST_CASE("systemd: the gateway says when it serves and when it begins to drain") {
  Supervisor supervisor;
  support::GatewayOptions options;
  options.env = {{"NOTIFY_SOCKET", supervisor.path()}};
  GatewayProcess gateway(options);
  CHECK(supervisor.Next() == "READY=1");
  CHECK(support::RunCli({"healthcheck", "--ops", "127.0.0.1:" + std::to_string(gateway.ops_port())}).exit_code == 0);
  gateway.process().Signal(SIGTERM);
  CHECK(supervisor.Next() == "STOPPING=1");
  const auto status = gateway.process().WaitExit(std::chrono::minutes(1));
  REQUIRE(status.has_value());
  CHECK(status->code == 0);
}

TEST_CASE("systemd: a supervisor that cannot be told is no reason not to serve") {
  const support::TempDir dir;
  support::GatewayOptions options;
  options.env = {{"NOTIFY_SOCKET", dir.File("nobody")}};
  GatewayProcess gateway(options);
  CHECK(gateway.process().WaitForLine(support::Stream::kStderr, "was not told READY=1", std::chrono::minutes(1)));
  CHECK(gateway.Terminate() == 0);
}

}  // namespace
}  // namespace multihub::deployment
