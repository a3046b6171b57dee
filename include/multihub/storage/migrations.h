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

// What a program of this build can do with a database. Each step of the schema records the oldest program that it still
// serves, told by the newest schema which that program knows; so an older program may go on over a newer schema, or be
// put back after an upgrade, unless a step says that it must not.
struct Schema {
  enum class Fit { kServes, kTooOld, kTooNew };
  int version = 0;  // 0: none at all
  Fit fit = Fit::kServes;
};
Schema ReadSchema(Session& session);

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
