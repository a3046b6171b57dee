// What the gateway under test offers to be tested with: routes and applications by the names that cases use, from a
// services file. docs/conformance.md has an example.
#pragma once

#include <map>
#include <set>
#include <string>

#include "conformance/template_text.h"
#include "multihub/base/result.h"
#include "multihub/conformance/suite.h"

namespace multihub::conformance {

struct World {
  // "service.upi_in", "service.upi_in.min", "app.disabled".
  std::map<std::string, Variable> variables;
  // By their name in `applications`; the secret may be empty when none is known.
  std::map<std::string, Caller> applications;
  // What else cases may need: "simulator", "balances".
  std::set<std::string> capabilities;
};

// The error names file and line.
base::Result<World, std::string> ReadWorld(const std::string& file, const std::string& text);
// The sandbox of `multihub serve --sandbox`.
base::Result<World, std::string> SandboxWorld();

}  // namespace multihub::conformance
