// Faults that are put into the gateway on purpose, to prove that the conformance suite finds them
// (docs/conformance.md).
//
//   if (base::SeededFault("verb-before-path") && call.verb != "POST") return …
//
// In an ordinary build this is false at compile time and nothing of it, not even the name, is in the program. In a
// build with the CMake option MULTIHUB_MUTANTS, which serves nobody, it is true for the one fault that the environment
// variable MULTIHUB_FAULT names. Every name stands in seeded_fault_table.h and at one place of src.
#pragma once

#include <optional>
#include <string>

#ifdef MULTIHUB_MUTANTS

#include <cstddef>
#include <string_view>

#include "multihub/base/seeded_fault_table.h"

namespace multihub::base {

// The place of the chosen fault in the table; behind its end without the variable, or when it names no fault.
std::size_t ChosenFault();

// A name that is not in the table does not compile.
class SeededFaultName {
 public:
  template <std::size_t size>
  consteval SeededFaultName(const char (&name)[size]) {
    while (kSeededFaults[place_].name != std::string_view(name, size - 1)) ++place_;
  }
  constexpr std::size_t place() const { return place_; }

 private:
  std::size_t place_ = 0;
};

inline bool SeededFault(SeededFaultName name) { return ChosenFault() == name.place(); }

// What is wrong with MULTIHUB_FAULT, as a sentence; nullopt when nothing is. The program asks before it does anything.
std::optional<std::string> SeededFaultProblem();

}  // namespace multihub::base

#else

namespace multihub::base {

consteval bool SeededFault(const char*) { return false; }
inline std::optional<std::string> SeededFaultProblem() { return std::nullopt; }

}  // namespace multihub::base

#endif
