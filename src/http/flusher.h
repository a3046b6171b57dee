// One thread that finishes what the reactor threads and the answering threads must not wait for: output a peer did not
// take at once, and the requests a connection had read ahead and put off.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace multihub::http {

class Connection;
class ConnectionSet;

class Flusher {
 public:
  // `connections` must outlive the flusher's thread.
  explicit Flusher(const ConnectionSet& connections) : connections_(connections) {}
  ~Flusher();
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;

  // A sentence on failure.
  std::string Start();
  // Ends the thread; later calls of the functions below do nothing.
  void Stop();

  // Connection::OnWritable is called once when `fd` takes bytes again. The caller holds the connection's lock and
  // calls Forget before it closes `fd`. `watched` says whether it was called for this fd before.
  void AwaitWritable(std::uint64_t id, int fd, bool watched);
  void Forget(int fd);
  // Connection::OnResume is called soon.
  void Resume(std::shared_ptr<Connection> connection);

 private:
  void Run();
  void ResumeAll();

  const ConnectionSet& connections_;
  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Connection>> resumed_;
};

}  // namespace multihub::http
