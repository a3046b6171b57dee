// Bringing the schema up to date.
#pragma once

#include <string>
#include <vector>

#include "multihub/storage/session.h"

namespace multihub::storage {

// What a binary of this build needs.
int NewestSchemaVersion();
// 0: no schema at all.
int SchemaVersion(Session& session);

struct MigrationStep {
  int version = 0;
  std::string name;
};
// The steps Migrate would take.
std::vector<MigrationStep> PendingMigrations(Session& session);

// Applies every pending step, one process at a time (others wait on a leased row). A step killed half-way can be run
// again: every statement of a step is written to be repeatable. Throws StorageFailure.
std::vector<MigrationStep> Migrate(Session& session);

}  // namespace multihub::storage
