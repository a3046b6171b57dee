// What tests of the gateway share: a directory built from rows, signed calls, and a box for replies.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "multihub/auth/directory.h"
#include "multihub/auth/signature.h"
#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/base/sealing.h"
#include "multihub/rpc/gateway.h"

namespace multihub::testing {

inline const base::MasterKey& TestKey() {
  static const base::MasterKey key = [] {
    base::SeededRandom random(1);
    return base::MasterKey::Generate(random);
  }();
  return key;
}

inline std::string SecretOf(std::int64_t application) { return "unit-test-secret-" + std::to_string(application); }

// Rows of a directory under construction. Merchant 1 is enabled, merchant 2 is not.
class TestRows {
 public:
  TestRows() {
    rows.version = 1;
    rows.merchants = {{domain::MerchantId{1}, "one", true}, {domain::MerchantId{2}, "two", false}};
  }

  storage::ApplicationRow& AddApplication(std::int64_t id) {
    storage::ApplicationRow row;
    row.id = domain::ApplicationId{id};
    row.merchant_id = domain::MerchantId{1};
    row.sealed_secret = SealSecret(id, "secret", SecretOf(id));
    rows.applications.push_back(row);
    return rows.applications.back();
  }

  static std::string SealSecret(std::int64_t id, const std::string& name, const std::string& secret) {
    base::SeededRandom random(2);
    return base::Seal(TestKey(), "applications/" + std::to_string(id) + "/" + name, secret, random);
  }

  std::shared_ptr<const auth::Directory> Build() {
    problems.clear();
    return auth::Directory::Build(
        rows, TestKey(), [](const std::string& provider) { return provider != "broken"; },
        [this](const std::string& problem) { problems.push_back(problem); });
  }

  storage::DirectoryRows rows;
  std::vector<std::string> problems;
};

// Takes replies from any thread.
class ReplyBox {
 public:
  rpc::ReplyTo Opening() {
    return [this](rpc::Reply reply) {
      const std::lock_guard lock(mutex_);
      replies_.push_back(std::move(reply));
      arrived_.notify_all();
    };
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return replies_.size();
  }
  rpc::Reply last() const {
    const std::lock_guard lock(mutex_);
    return replies_.empty() ? rpc::Reply{} : replies_.back();
  }
  void WaitFor(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, std::chrono::seconds(60), [&] { return replies_.size() >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<rpc::Reply> replies_;
};

inline std::string SignatureOf(const std::string& body, const std::string& secret) {
  return auth::Sign(body, base::SecretString(secret));
}

inline rpc::Call SignedCall(std::int64_t application, const std::string& body) {
  rpc::Call call;
  call.verb = "POST";
  call.path = std::string(rpc::kEndpointPath);
  call.application_id = std::to_string(application);
  call.data_hash = SignatureOf(body, SecretOf(application));
  call.content_type = "application/json";
  call.body = body;
  call.client_address = "192.0.2.10";
  return call;
}

// Empty when the reply has no such header.
inline std::string HeaderOf(const rpc::Reply& reply, std::string_view name) {
  for (const auto& [key, value] : reply.headers) {
    if (key == name) return value;
  }
  return {};
}

inline bool IsSignedBy(const rpc::Reply& reply, const std::string& secret) {
  return reply.data_hash == SignatureOf(reply.body, secret);
}

}  // namespace multihub::testing
