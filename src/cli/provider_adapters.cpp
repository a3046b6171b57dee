#include "cli/provider_adapters.h"

#include "cli/refused.h"

namespace multihub::cli {
namespace {

constexpr ProviderAdapter kAdapters[] = {
    {"simulator", true},
};

}  // namespace

std::span<const ProviderAdapter> ProviderAdapters() { return kAdapters; }

const ProviderAdapter& RequireAdapter(const std::string& name) {
  std::string known;
  for (const ProviderAdapter& adapter : kAdapters) {
    if (adapter.name == name) return adapter;
    known += (known.empty() ? "" : ", ") + std::string(adapter.name);
  }
  throw Refused("There is no provider '" + name + "'; this program has: " + known + ".");
}

}  // namespace multihub::cli
