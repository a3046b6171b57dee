// The configured log level.
#pragma once

#include <string>

#include "multihub/observability/log.h"

namespace multihub::cli {

// The level of the configuration key log.level, whose value was checked when it was read.
observability::LogLevel ToLogLevel(const std::string& word);

}  // namespace multihub::cli
