#include "multihub/providers/provider.h"

namespace multihub::providers {

std::string_view NameOf(ReportedState state) {
  switch (state) {
    case ReportedState::kNoAnswer:
      return "no_answer";
    case ReportedState::kNotKnown:
      return "not_known";
    case ReportedState::kPending:
      return "pending";
    case ReportedState::kSucceeded:
      return "succeeded";
    case ReportedState::kFailed:
      return "failed";
    case ReportedState::kDeclined:
      return "declined";
    case ReportedState::kCanceled:
      return "canceled";
  }
  return "";
}

}  // namespace multihub::providers
