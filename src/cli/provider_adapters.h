// The provider adapters this program has, by the names that routes use.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace multihub::cli {

struct ProviderAdapter {
  std::string_view name;
  bool for_test;  // serves test applications only; the others serve live applications only
};

std::span<const ProviderAdapter> ProviderAdapters();
// Throws Refused when there is none of that name.
const ProviderAdapter& RequireAdapter(const std::string& name);

}  // namespace multihub::cli
