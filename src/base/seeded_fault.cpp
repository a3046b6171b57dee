#include "multihub/base/seeded_fault.h"

#ifdef MULTIHUB_MUTANTS

#include <cstdlib>
#include <iterator>

namespace multihub::base {
namespace {

constexpr const char* kVariable = "MULTIHUB_FAULT";

std::string_view Wanted() {
  const char* value = std::getenv(kVariable);
  return value == nullptr ? "" : value;
}

std::size_t PlaceOf(std::string_view name) {
  std::size_t place = 0;
  while (place < std::size(kSeededFaults) && kSeededFaults[place].name != name) ++place;
  return place;
}

}  // namespace

std::size_t ChosenFault() {
  static const std::size_t place = PlaceOf(Wanted());
  return place;
}

std::optional<std::string> SeededFaultProblem() {
  if (Wanted().empty() || ChosenFault() < std::size(kSeededFaults)) return std::nullopt;
  return std::string(kVariable) + "=" + std::string(Wanted()) + " is none of the seeded faults of this build.";
}

}  // namespace multihub::base

#endif
