// Looking up rows of the directory by what the operator named. Each throws Refused when there is no such row.
#pragma once

#include "multihub/storage/directory_store.h"

namespace multihub::cli {

storage::ApplicationRow RequireApplication(storage::Session& session, domain::ApplicationId id);
domain::Route RequireRoute(storage::Session& session, domain::ServiceId id);
void RequireMerchant(storage::Session& session, domain::MerchantId id);

}  // namespace multihub::cli
