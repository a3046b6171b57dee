// The layout that the Dockerfile copies: installed by this very build, and run from a tree that cannot be written to.
#include "deployment/installed_tree_fixture.h"

#include <signal.h>

#include <catch2/catch.hpp>

#include "support/cli_runs.h"
#include "support/gateway_process.h"
#include "support/json.h"
#include "support/signed_client.h"

namespace multihub::deployment {
namespace {

using functional::Contains;
using functional::Eventually;
using nlohmann::json;

TEST_CASE("installed: program, configuration, documents and licences are all there") {
  const InstalledTree tree("runtime");
  const std::map<std::string, std::string> contents = tree.Contents();
  std::vector<std::string> expected = {"bin/multihub",
                                       "share/doc/multihub/multihub.yaml",
                                       "share/doc/multihub/README.md",
                                       "share/doc/multihub/CHANGELOG.md",
                                       "share/doc/multihub/docs/operations.md",
                                       "share/doc/multihub/docs/errors.md",
                                       "share/doc/multihub/docs/api/payment_in.md"};
  // Of these the program holds parts itself.
  for (const char* package :
       {"libboost1.74-dev", "libcli11-dev", "libfmt-dev", "libspdlog-dev", "nlohmann-json3-dev"}) {
    expected.push_back("share/doc/multihub/licences/" + std::string(package));
  }
  for (const std::string& name : expected) {
    INFO(name);
    REQUIRE(contents.count(name) == 1);
    CHECK(contents.at(name).substr(0, 2) != "0 ");
  }
  // Nothing but these places.
  for (const auto& [name, what] : contents) {
    INFO(name);
    CHECK((name == "bin" || name == "share" || name == "share/doc" || name == "bin/multihub" ||
           name.rfind("share/doc/multihub", 0) == 0));
  }
  CHECK(support::ReadFile(tree.File("share/doc/multihub/multihub.yaml")) ==
        support::ReadFile(std::string(MULTIHUB_SOURCE_DIR) + "/config/multihub.yaml"));
}

TEST_CASE("installed: says its version and checks its configuration and the image's") {
  const InstalledTree tree("runtime");
  const support::RunResult version = support::Run(tree.Command({"--version"}));
  CHECK(version.exit_code == 0);
  CHECK(version.out == "multihub " MULTIHUB_VERSION "\n");
  for (const std::string& file : {tree.File("share/doc/multihub/multihub.yaml"),
                                  std::string(MULTIHUB_SOURCE_DIR) + "/deploy/image/multihub.yaml"}) {
    support::SpawnOptions check = tree.Command({"config", "check", file});
    check.run_as = "";  // the sources may be anywhere
    const support::RunResult run = support::Run(check);
    INFO(run.err);
    CHECK(run.exit_code == 0);
  }
}

TEST_CASE("installed: takes a payment from a read-only tree, writing to its volume alone") {
  const InstalledTree tree("runtime");
  const std::map<std::string, std::string> before = tree.Contents();
  support::ChildProcess gateway(
      tree.Command({"--config", tree.File("share/doc/multihub/multihub.yaml"), "serve", "--sandbox", "--database",
                    "sqlite://" + tree.volume() + "/hub.db", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"},
                   {{"MULTIHUB_SIMULATOR_DELAY_MS", "200"}}));
  const auto ready = gateway.WaitForLine(support::Stream::kStderr, "ready http://", std::chrono::minutes(2));
  INFO(gateway.Output(support::Stream::kStderr));
  REQUIRE(ready.has_value());
  const std::string address = ready->substr(ready->find("127.0.0.1:") + 10);
  support::SignedClient client(static_cast<std::uint16_t>(std::stoi(address)), 1, support::SandboxSecret(1));
  const support::Answer accepted = client.Call(
      std::string_view(R"({"method":"payment.in","service_id":14702,"params":{"payment":{"payer":{},)"
                       R"("amount":{"value":5000,"currency":"INR"},"identifiers":{"c_id":"installed-1"}}}})"));
  INFO(accepted.raw);
  REQUIRE(accepted.success());
  CHECK(accepted.signature_ok);
  CHECK(Eventually([&] {
    const support::Answer now = client.Call(
        std::string_view(R"({"method":"payment.status","params":{"payment":{"identifiers":{"c_id":"installed-1"}}}})"));
    return now.at("/result/payment/status/status") == "success";
  }));
  gateway.Signal(SIGTERM);
  const auto status = gateway.WaitExit(std::chrono::minutes(1));
  REQUIRE(status.has_value());
  CHECK(status->code == 0);
  CHECK(tree.Contents() == before);
  CHECK_NOTHROW(support::ReadFile(tree.volume() + "/hub.db"));
}

}  // namespace
}  // namespace multihub::deployment
