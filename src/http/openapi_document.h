// docs/contract/openapi.json as it was at build time.
#pragma once

#include <string_view>

namespace multihub::http {

// The whole document, with its last line end.
std::string_view OpenApiDocument();

}  // namespace multihub::http
