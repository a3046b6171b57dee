#include "cli/operator_door.h"

#include "cli/security.h"
#include "multihub/base/random.h"

namespace multihub::cli {
namespace {

base::MasterKey KeyFor(Context* context, OperatorDoor::Access access, storage::Session& session) {
  if (access == OperatorDoor::Access::kReadOnly) return base::MasterKey::Generate(base::SystemRandomInstance());
  return OpenMasterKey(context->config(), context->database_url(), session);
}

}  // namespace

OperatorDoor::OperatorDoor(Context* context, Access access)
    : session_(context->OpenCurrent()), key_(KeyFor(context, access, *session_)) {
  clock_.Measure(*session_);
  door_.emplace(*session_, key_, clock_, base::SystemRandomInstance());
}

}  // namespace multihub::cli
