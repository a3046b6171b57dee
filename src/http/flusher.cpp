#include "http/flusher.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "http/connection.h"
#include "http/connection_set.h"

namespace multihub::http {
namespace {

constexpr std::uint64_t kWakeId = 0;  // connections are numbered from 1

}  // namespace

Flusher::~Flusher() {
  Stop();
  if (epoll_fd_ >= 0) close(epoll_fd_);
  if (wake_fd_ >= 0) close(wake_fd_);
}

std::string Flusher::Start() {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event wake{};
  wake.events = EPOLLIN;
  wake.data.u64 = kWakeId;
  if (epoll_fd_ < 0 || wake_fd_ < 0 || epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &wake) != 0) {
    return std::string("cannot create the event queue of the HTTP front: ") + std::strerror(errno);
  }
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error& error) {
    return std::string("cannot start a thread of the HTTP front: ") + error.what();
  }
  return "";
}

void Flusher::Stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  eventfd_write(wake_fd_, 1);
  thread_.join();
  const std::lock_guard lock(mutex_);
  resumed_.clear();
}

void Flusher::AwaitWritable(std::uint64_t id, int fd, bool watched) {
  epoll_event event{};
  event.events = EPOLLOUT | EPOLLONESHOT;
  event.data.u64 = id;
  epoll_ctl(epoll_fd_, watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
}

// The peer's socket lives on in the reactor's descriptor when ours is closed, so the kernel would not forget by itself.
void Flusher::Forget(int fd) { epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr); }

void Flusher::Resume(std::shared_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    resumed_.push_back(std::move(connection));
  }
  eventfd_write(wake_fd_, 1);
}

void Flusher::ResumeAll() {
  eventfd_t ignored = 0;
  eventfd_read(wake_fd_, &ignored);
  std::vector<std::shared_ptr<Connection>> resumed;
  {
    const std::lock_guard lock(mutex_);
    resumed.swap(resumed_);
  }
  for (const auto& connection : resumed) connection->OnResume();
}

void Flusher::Run() {
  epoll_event events[64];
  while (!stopping_) {
    const int count = epoll_wait(epoll_fd_, events, 64, -1);
    for (int i = 0; i < count && !stopping_; ++i) {
      if (events[i].data.u64 == kWakeId) {
        ResumeAll();
      } else if (const auto connection = connections_.Find(events[i].data.u64)) {
        connection->OnWritable();
      }
    }
  }
}

}  // namespace multihub::http
