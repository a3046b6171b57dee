#include "cli/log_level.h"

namespace multihub::cli {

observability::LogLevel ToLogLevel(const std::string& word) {
  if (word == "debug") return observability::LogLevel::kDebug;
  if (word == "warn") return observability::LogLevel::kWarn;
  if (word == "error") return observability::LogLevel::kError;
  return observability::LogLevel::kInfo;
}

}  // namespace multihub::cli
