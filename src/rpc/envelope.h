// The envelope of answers: success, then result or error, request_id, processing_time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "multihub/errors/refusal.h"

namespace multihub::rpc {

// `result` is compact JSON.
std::string RenderSuccess(std::string_view result, std::string_view request_id, std::int64_t processing_ms);

// error = {code, message, details, context}, all four always there. `details` is an object exactly for 1005
// (description, field) and 1000 (description). The refusal's `internal` never shows.
std::string RenderRefusal(const errors::Refusal& refusal, std::string_view request_id, std::int64_t processing_ms);

}  // namespace multihub::rpc
