// Threads that resolve names, so that a slow name keeps a thread and no call to another host.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "net/target.h"

namespace multihub::net {

class ResolverPool {
 public:
  // The end of the asking call's patience (base::Clock::MonotonicUs) and its number: orders calls by what ends first.
  using Key = std::pair<std::int64_t, std::uint64_t>;

  struct Question {
    Key key;
    std::string name;
    std::uint16_t port = 0;
  };
  using Answering = std::function<JudgedTarget(const Question&)>;
  using Delivering = std::function<void(const Key&, JudgedTarget)>;

  // `answer` runs on the pool's threads, several at once, and perhaps for a while after Stop: it must own what it uses.
  // `deliver` runs there too, one at a time, never after Stop, and must not call the pool.
  ResolverPool(int max_threads, Answering answer, Delivering deliver);
  ~ResolverPool();  // Stop

  // A question that is over time before its turn is dropped without a delivery. Any thread.
  void Ask(Question question);

  // Joins the threads. One that does not come out of `answer` within two seconds is left to itself: the system offers
  // no way to break off a lookup. What it finds is dropped, and it ends then. On one thread, any number of times.
  void Stop();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace multihub::net
