#include "conformance/world.h"

#include <catch2/catch.hpp>

#include "conformance/json_path.h"

namespace multihub::conformance {
namespace {

TEST_CASE("a services file names routes, applications and capabilities") {
  const auto world = ReadWorld("w.yaml",
                               "services:\n  upi_in: {id: 7, currency: INR, min: 100}\n  gone: null\n"
                               "applications:\n  strict: {id: 5, secret: abc}\ncapabilities: [simulator]\n");
  REQUIRE(world.ok());
  CHECK(world->variables.at("service.upi_in").json == "7");
  CHECK(world->variables.at("service.upi_in.min").text == "100");
  CHECK(world->variables.at("service.upi_in.currency").json == "\"INR\"");
  CHECK(world->variables.at("app.strict").text == "5");
  CHECK(world->variables.count("service.gone") == 0);
  CHECK(world->applications.at("strict").secret.Reveal() == "abc");
  CHECK(world->capabilities == std::set<std::string>{"simulator"});
}

TEST_CASE("a mistake in a services file is told with its line") {
  for (const char* text : {"[1]", "service: {}", "services: [1]", "services:\n  a: 5", "services:\n  a: {min: 5}",
                           "services:\n  a: {id: x}", "services:\n  A: {id: 1}", "applications:\n  app1: {id: 1}",
                           "applications:\n  x: {id: 0}", "applications:\n  x: {id: 1, colour: red}",
                           "applications:\n  x: {id: 1, secret_file: /nowhere}", "capabilities: simulator"}) {
    INFO(text);
    const auto world = ReadWorld("w.yaml", text);
    REQUIRE(!world.ok());
    CHECK(world.error().rfind("w.yaml:", 0) == 0);
  }
}

TEST_CASE("the sandbox is described in this program") {
  const auto world = SandboxWorld();
  REQUIRE(world.ok());
  CHECK(world->variables.at("service.upi_in").json == "14701");
  CHECK(world->applications.count("disabled") == 1);
}

TEST_CASE("a path leads to members, elements and elements by a member") {
  const auto document = base::JsonDocument::Parse(R"({"a":{"b":[{"c":"x","d":1},{"c":"y","d":2}]},"e":null})");
  REQUIRE(document.ok());
  const auto at = [&](const char* text) {
    const auto path = JsonPath::Parse(text);
    REQUIRE(path.ok());
    const base::JsonValue found = path->In(document->root());
    return found.present() ? std::string(found.raw()) : "absent";
  };
  CHECK(at("a.b[1].d") == "2");
  CHECK(at("a.b[c=x].d") == "1");
  CHECK(at("a.b[c=z].d") == "absent");
  CHECK(at("a.b[2]") == "absent");
  CHECK(at("a.b.c") == "absent");
  CHECK(at("a[0]") == "absent");
  CHECK(at("e") == "null");
  CHECK(at("e.f") == "absent");
  for (const char* wrong : {"", ".", "a.", "a..b", "a[", "a[]", "a[x]", "a[0]b", "[0]", "a b"}) {
    INFO(wrong);
    CHECK(!JsonPath::Parse(wrong).ok());
  }
}

}  // namespace
}  // namespace multihub::conformance
