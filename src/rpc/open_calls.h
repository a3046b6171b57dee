// Calls whose handler has not answered yet, oldest first. The time to answer is the same for all, so that the order of
// arrival is the order of the deadlines.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "multihub/auth/directory.h"
#include "multihub/base/secret_string.h"
#include "multihub/base/trace.h"
#include "multihub/domain/ids.h"
#include "multihub/rpc/call.h"
#include "multihub/rpc/method.h"
#include "rpc/token_buckets.h"

namespace multihub::rpc {

// All that is needed to answer a call, whoever answers it.
struct OpenCall {
  // True for the first caller only: the one who answers.
  bool Claim() { return !answered.exchange(true); }

  std::atomic<bool> answered{false};
  std::string request_id;
  base::Trace trace;            // the caller's, or one that begins here
  std::int64_t started_us = 0;  // base::Clock::MonotonicUs() when the gateway took the call
  ReplyTo reply;
  domain::ApplicationId application_id;              // 0 before the header was read
  const Method* method = nullptr;                    // of the gateway's table; nullptr before it was chosen
  std::shared_ptr<const auth::Directory> directory;  // keeps `secret`
  const base::SecretString* secret = nullptr;        // nullptr: the answer is not signed
  std::optional<TokenAnswer> tokens;

  // Belong to OpenCalls.
  bool listed = false;
  std::list<std::shared_ptr<OpenCall>>::iterator place;
};

// Thread safe.
class OpenCalls {
 public:
  // Keeps a call that is not answered yet; one that is, is left alone.
  void Add(const std::shared_ptr<OpenCall>& call);
  // Forgets an answered call.
  void Remove(const std::shared_ptr<OpenCall>& call);
  // Takes out the calls that were started at or before this moment.
  std::vector<std::shared_ptr<OpenCall>> TakeStartedBy(std::int64_t moment_us);
  std::size_t size() const;

 private:
  struct Shard {
    mutable std::mutex mutex;
    std::list<std::shared_ptr<OpenCall>> calls;
  };
  Shard& ShardOf(const OpenCall& call);
  std::array<Shard, 8> shards_;
};

}  // namespace multihub::rpc
