#include "multihub/domain/event_names.h"

#include <algorithm>

#include "multihub/base/seeded_fault.h"

namespace multihub::domain {
namespace {

void AppendName(std::string_view name, std::string* list) {
  if (!list->empty()) list->push_back(',');
  list->append(name);
}

bool Lists(std::string_view filter, std::string_view name) {
  while (!filter.empty()) {
    const std::size_t comma = filter.find(',');
    if (filter.substr(0, comma) == name) return true;
    if (comma == std::string_view::npos) return false;
    filter.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

bool IsKnownEvent(std::string_view name) {
  return std::any_of(kEvents.begin(), kEvents.end(), [name](const EventRow& row) { return row.name == name; });
}

const std::string& DefaultSubscription() {
  static const std::string list = [] {
    std::string names;
    for (const EventRow& row : kEvents) {
      if (row.by_default) AppendName(row.name, &names);
    }
    return names;
  }();
  return list;
}

std::optional<std::string> JoinFilter(std::span<const std::string> names) {
  const auto known = [](const std::string& name) { return name == kEveryEvent || IsKnownEvent(name); };
  if (!std::all_of(names.begin(), names.end(), known)) return std::nullopt;
  if (std::find(names.begin(), names.end(), kEveryEvent) != names.end()) return std::string(kEveryEvent);
  std::string filter;
  for (const EventRow& row : kEvents) {
    if (std::find(names.begin(), names.end(), row.name) != names.end()) AppendName(row.name, &filter);
  }
  return filter;
}

bool Matches(std::string_view filter, std::string_view event) {
  if (event.empty()) return false;
  if (base::SeededFault("webhook-filter-ignored")) return true;
  if (filter.empty()) return Lists(DefaultSubscription(), event);
  return Lists(filter, kEveryEvent) || Lists(filter, event);
}

}  // namespace multihub::domain
