// What all units of management share.
#pragma once

#include <optional>

#include "multihub/webhooks/management.h"

namespace multihub::webhooks {

inline std::optional<errors::Refusal> RefusedBeforeWriting(const Unit& unit) {
  return unit.before_writing ? unit.before_writing(unit.session) : std::nullopt;
}

}  // namespace multihub::webhooks
