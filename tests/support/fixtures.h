// The files under tests/fixtures.
#pragma once

#include <string>
#include <vector>

namespace multihub::support {

// The bytes of tests/fixtures/<name>, such as "requests/payment_in_upi.json", as they are. Throws
// std::runtime_error when there is no such file.
std::string Fixture(const std::string& name);

// The names under tests/fixtures/requests, sorted, without the folder: "payment_in_upi.json".
std::vector<std::string> RequestFixtures();

}  // namespace multihub::support
