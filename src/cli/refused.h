// How a command ends when it cannot do what it was asked: one sentence for the operator, exit code 1.
#pragma once

#include <stdexcept>
#include <string>

namespace multihub::cli {

class Refused : public std::runtime_error {
 public:
  explicit Refused(const std::string& sentence) : std::runtime_error(sentence) {}
};

}  // namespace multihub::cli
