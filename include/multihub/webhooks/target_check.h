// Where a webhook URL leads, before it is stored: its name is resolved, and every address judged. An early word only:
// each attempt resolves and judges again. So what cannot be told in time passes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "multihub/net/address_guard.h"
#include "multihub/net/http_client.h"

namespace multihub::webhooks {

// Waits for the resolver. nullopt: every address may be called, or there is none (yet). Otherwise the rest of a
// sentence that the field's name begins. The URL is one that CheckWebhookUrl takes.
std::optional<std::string> JudgeTarget(const std::string& url, const net::AddressPolicy& policy,
                                       const net::Resolver& resolver);

// The same for callers who cannot wait. Thread safe.
class TargetCheck {
 public:
  using Done = std::function<void(std::optional<std::string> problem)>;
  static constexpr std::int64_t kPatienceMs = 3'000;
  static constexpr std::size_t kMostAtOnce = 16;

  explicit TargetCheck(net::AddressPolicy policy, net::Resolver resolver = net::SystemResolver(),
                       std::int64_t patience_ms = kPatienceMs);
  // No `done` runs after it. A resolver that still works is left to itself.
  ~TargetCheck();

  // `done` runs once: at once when there is nothing to resolve, else on another thread and one at a time; it is quick
  // and calls nothing of this. A name that is not resolved within the patience passes, and so do names beyond
  // kMostAtOnce.
  void Judge(const std::string& url, Done done);

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace multihub::webhooks
