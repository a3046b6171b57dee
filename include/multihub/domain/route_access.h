// What the directory says of one application's use of one route, at one moment.
#pragma once

#include <optional>

#include "multihub/domain/route.h"

namespace multihub::domain {

struct RouteAccess {
  std::optional<Route> route;    // nullopt: the service_id is not assigned to the application
  bool switched_on = true;       // assignment, route and provider all on, provider configured
  bool currency_enabled = true;  // on the gateway and for the application
};

}  // namespace multihub::domain
