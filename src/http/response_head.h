// The bytes of an answer.
#pragma once

#include <string>

#include "multihub/http/front.h"

namespace multihub::http {

enum class Persistence { kKeepAlive, kKeepAliveToOldClient, kClose };

// Appends status line, header and, unless `without_body` (HEAD), the body. Content-Length is the body's in any case.
// A header value with a line end or NUL in it is our own mistake and stops the process.
void AppendResponse(const Response& response, Persistence persistence, bool without_body, std::string* out);

}  // namespace multihub::http
