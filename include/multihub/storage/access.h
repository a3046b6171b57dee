// How the parts of a running gateway reach its database: writes through the commit lanes, reads through the readers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "multihub/domain/ids.h"
#include "multihub/storage/session.h"

namespace multihub::storage {

class Access {
 public:
  virtual ~Access() = default;

  // One unit of a batch of the application's lane. `work` may run several times before one of its runs is committed: it
  // begins by forgetting what an earlier run found, and finds its own effects by key. What it throws fails the batch,
  // and then it alone. `done` runs once, on another thread: `stored` false with the reason for the log when it is not
  // stored or nobody knows. False, and neither runs, when the lane is full or has stopped.
  virtual bool Write(domain::ApplicationId application, std::function<void(Session&)> work,
                     std::function<void(bool stored, const std::string& internal)> done) = 0;

  // As ReaderPool::Submit.
  virtual bool Read(std::int64_t received_us, std::function<void(Session&)> read,
                    std::function<void(const std::string& internal)> failed) = 0;
};

}  // namespace multihub::storage
