// The servers under measurement, each a process of its own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/databases.h"

namespace multihub::bench {

class Server {
 public:
  virtual ~Server() = default;  // ends the process
  virtual std::uint16_t port() const = 0;
  // Orderly, with what it has to write written. Throws when it does not end.
  virtual void Stop() = 0;
};

// This program itself, as `serve-bare`.
std::unique_ptr<Server> StartBareFront();

struct GatewayStart {
  std::string binary;
  const Database* database = nullptr;
  std::map<std::string, std::string> env;  // on top of: no rate limits, and payments that stay under way for an hour
  std::vector<std::string> wrapper;        // a program and its arguments that run the gateway; empty: none
};
// A sandbox. Its log goes nowhere.
std::unique_ptr<Server> StartGateway(const GatewayStart& start);

// tests/bench/twin on the database, with its tables made in it, for the sandbox's first application.
std::unique_ptr<Server> StartTwin(const Database& database);

// An operator command of the gateway that must succeed.
void RunCommand(const std::string& binary, const Database& database, std::vector<std::string> words);

}  // namespace multihub::bench
