// Whose server a webhook goes to: an application and a URL's scheme, host and port.
#pragma once

#include <string>
#include <utility>

#include "multihub/domain/ids.h"

namespace multihub::webhooks {

using OriginKey = std::pair<domain::ApplicationId, std::string>;  // the second: net::Url::Origin()

}  // namespace multihub::webhooks
