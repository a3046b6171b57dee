// Requests as bytes: rendered, signed rightly or with a fault, and as text for people. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conformance/case_model.h"

namespace multihub::conformance {

// The value of X-Data-Hash. `other` is the secret of kOtherSecret.
std::string SignatureText(SignFault fault, std::string_view body, std::string_view secret, std::string_view other);

// The body that is sent when the signed one was `body`.
std::string SentBody(SignFault fault, std::string body);

struct OutgoingRequest {
  std::string verb, path, host;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// Replaces the first header of the name (in any case), adds it, or removes all of that name.
void SetHeader(OutgoingRequest* request, const std::string& name, const std::optional<std::string>& value);

// HTTP/1.1 with Host and Content-Length.
std::string ToBytes(const OutgoingRequest& request);

// For reports: at most a few KiB, signatures cut to their first digits, bytes that are no printable text as \xNN.
std::string ForPeople(std::string_view bytes);

}  // namespace multihub::conformance
