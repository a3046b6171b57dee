// What the tests of the HTTP client share: calls whose end is waited for, and a resolver that answers from a table.
#pragma once

#include <catch2/catch.hpp>

#include <chrono>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "multihub/net/http_client.h"

namespace multihub::testing {

// Guards against a hang; nothing is decided by it.
constexpr std::chrono::seconds kHangGuard{90};

// Without Catch's macros, which are for the main thread: resolvers of tests call this on theirs.
inline base::IpAddress Ip(const std::string& text) { return base::IpAddress::Parse(text).value(); }

inline std::vector<base::IpAddress> Ips(const std::vector<std::string>& texts) {
  std::vector<base::IpAddress> addresses;
  for (const std::string& text : texts) addresses.push_back(Ip(text));
  return addresses;
}

// Names and what they stand for; copies share one table. Thread safe.
class NameTable {
 public:
  // Each asking takes the next of `answers`; the last one stays.
  void Add(const std::string& name, std::vector<std::vector<base::IpAddress>> answers) {
    const std::lock_guard lock(shared_->mutex);
    shared_->answers[name] = {answers.begin(), answers.end()};
  }
  void Add(const std::string& name, const std::vector<std::string>& addresses) {
    Add(name, std::vector<std::vector<base::IpAddress>>{Ips(addresses)});
  }
  std::vector<std::string> Asked() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->asked;
  }
  net::Resolver Resolver() const {
    return [shared = shared_](const std::string& host) { return shared->Answer(host); };
  }

 private:
  struct Shared {
    std::vector<base::IpAddress> Answer(const std::string& host) {
      const std::lock_guard lock(mutex);
      asked.push_back(host);
      const auto found = answers.find(host);
      if (found == answers.end()) return {};
      std::vector<base::IpAddress> addresses = found->second.front();
      if (found->second.size() > 1) found->second.pop_front();
      return addresses;
    }

    std::mutex mutex;
    std::map<std::string, std::deque<std::vector<base::IpAddress>>> answers;
    std::vector<std::string> asked;
  };
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

// A fact that threads wait for; copies share it.
class Gate {
 public:
  void Open() const { promise_->set_value(); }
  void Wait() const { opened_.wait(); }
  bool WaitGuarded() const { return opened_.wait_for(kHangGuard) == std::future_status::ready; }

 private:
  std::shared_ptr<std::promise<void>> promise_ = std::make_shared<std::promise<void>>();
  std::shared_future<void> opened_ = promise_->get_future().share();
};

// A client that may call loopback, unless told otherwise.
inline net::HttpClientOptions LoopbackOptions() {
  net::HttpClientOptions options;
  options.policy.allow_loopback = true;
  return options;
}

inline net::OutgoingCall CallTo(const std::string& url, const std::string& body = "{}") {
  net::OutgoingCall call;
  call.url = url;
  call.body = body;
  return call;
}

// A call whose `done` runs twice throws on the client's thread, which ends the test program.
inline std::future<net::OutgoingAnswer> Start(net::HttpClient& client, net::OutgoingCall call) {
  auto promise = std::make_shared<std::promise<net::OutgoingAnswer>>();
  std::future<net::OutgoingAnswer> future = promise->get_future();
  client.Send(std::move(call), [promise](net::OutgoingAnswer answer) { promise->set_value(std::move(answer)); });
  return future;
}

inline net::OutgoingAnswer Await(std::future<net::OutgoingAnswer> future) {
  REQUIRE(future.wait_for(kHangGuard) == std::future_status::ready);
  return future.get();
}

inline net::OutgoingAnswer Ask(net::HttpClient& client, net::OutgoingCall call) {
  return Await(Start(client, std::move(call)));
}

inline net::OutgoingAnswer Ask(net::HttpClient& client, const std::string& url) { return Ask(client, CallTo(url)); }

inline std::string ErrorOf(const net::OutgoingAnswer& answer) { return std::string(net::NameOf(answer.error)); }

}  // namespace multihub::testing
