// One gateway with one seeded fault, and what the conformance suite says about it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "multihub/base/seeded_fault_table.h"
#include "support/temp_dir.h"

namespace multihub::conformance {

struct MutantVerdict {
  enum class Kind {
    kSurvived,  // the whole suite found nothing
    kKilled,    // the suite said no, the gateway was alive to the end
    kBroken     // the gateway did not start, or did not live to the end: says nothing about the suite
  };
  Kind kind = Kind::kBroken;
  std::vector<std::string> cases;  // that failed
  std::string trouble;             // of kBroken
  bool whole_suite = false;        // the cases that were tried first found nothing
};

// The suite against sandboxes of its own on SQLite. Any thread may call; each call has its own gateway.
class MutantRuns {
 public:
  MutantRuns();

  // A gateway without a fault, or with `fault`, against the cases that fit `only` (all when empty).
  MutantVerdict Run(std::string_view fault, std::string_view only) const;
  // The cases that are likely to tell; when they do not, all.
  MutantVerdict Try(const base::SeededFaultRow& fault) const;

 private:
  support::TempDir dir_;
};

// Several at a time, as many as the machine has processors and one more: a run mostly waits. Returns when all are done.
void SideBySide(std::vector<std::function<void()>> tasks);

}  // namespace multihub::conformance
