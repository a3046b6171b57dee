#include "http/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "http/front_core.h"
#include "http/responder_slot.h"
#include "http/response_head.h"
#include "multihub/base/check.h"

namespace multihub::http {
namespace {

constexpr std::size_t kReadAhead = 64 * 1024;  // beyond one whole request
constexpr std::size_t kMaxDiscarded = 256 * 1024;
constexpr std::int64_t kLingerUs = 2'000'000;
constexpr std::size_t kCork = 64 * 1024;        // answers made while input is taken go out together up to this
constexpr std::size_t kKeptOutput = 32 * 1024;  // of an idle connection
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::optional<std::string> PeerAddress(int socket) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return std::nullopt;
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
  } else if (storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
      inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text, sizeof text);
    } else {
      inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    }
  }
  return text;
}

bool IsTrustedProxy(const FrontOptions& options, const std::string& peer) {
  if (options.trusted_proxies.empty()) return false;
  const auto address = base::IpAddress::Parse(peer);
  return address && IsTrusted(options.trusted_proxies, *address);
}

}  // namespace

std::shared_ptr<Connection> Connection::Admit(const std::shared_ptr<FrontCore>& core, int socket) {
  ++core->accepted;
  if (core->draining || core->open >= core->connection_cap) return nullptr;
  auto address = PeerAddress(socket);
  if (!address) return nullptr;
  const int own_fd = fcntl(socket, F_DUPFD_CLOEXEC, core->first_own_fd);
  if (own_fd < 0) return nullptr;
  const int on = 1;
  setsockopt(own_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

  const std::uint64_t id = core->next_id++;
  auto connection = std::make_shared<Connection>(core, id, own_fd, std::move(*address));
  core->connections.Add(id, connection);
  // Front::Stop sets `draining` first and looks at the set afterwards: one of the two sees this connection.
  if (core->draining) connection->Drain();
  return connection;
}

Connection::Connection(std::shared_ptr<FrontCore> core, std::uint64_t id, int own_fd, std::string peer_address)
    : core_(std::move(core)),
      id_(id),
      peer_address_(std::move(peer_address)),
      from_trusted_proxy_(IsTrustedProxy(core_->options, peer_address_)),
      fd_(own_fd),
      framer_(core_->options, from_trusted_proxy_) {
  ++core_->open;
  SetDeadline();
}

Connection::~Connection() { Finish(); }

void Connection::OnInput(std::string_view bytes) {
  Lock lock(mutex_);
  if (dropped_) return;
  if (!reading_) {
    if (lingering_ && (discarded_ += bytes.size()) > kMaxDiscarded) DropLocked(Farewell::kOrderly);
    return;
  }
  framer_.Append(bytes, core_->clock.MonotonicUs());
  if (!pumping_) Pump(lock);
  const std::size_t bound = core_->options.max_header_bytes + core_->options.max_body_bytes + kReadAhead;
  if (!dropped_ && framer_.buffered() > bound) {
    ++core_->dropped_slow;
    DropLocked(Farewell::kReset);
  }
}

void Connection::OnReactorReleased() {
  const Lock lock(mutex_);
  reactor_released_ = true;
  pollfd socket{fd_, POLLOUT, 0};
  const bool gone = dropped_ || poll(&socket, 1, 0) < 0 || (socket.revents & (POLLERR | POLLHUP)) != 0;
  if (gone) {
    DropLocked(Farewell::kOrderly);
  } else {
    Settle();
  }
}

void Connection::OnWritable() {
  const Lock lock(mutex_);
  if (dropped_) return;
  blocked_ = false;
  Settle();
}

void Connection::OnResume() {
  Lock lock(mutex_);
  resume_requested_ = false;
  if (!dropped_ && stalled_ && !pumping_) Pump(lock);
}

void Connection::OnDeadline(std::int64_t now_us) {
  Lock lock(mutex_);
  if (dropped_ || deadline_us() > now_us) return;
  if (lingering_) return DropLocked(Farewell::kOrderly);
  if (blocked_ && write_deadline_us_ <= now_us) {
    ++core_->dropped_slow;
    return DropLocked(Farewell::kReset);
  }
  if (pumping_) return;  // somebody is taking its input this very moment
  if (framer_.phase() == RequestFramer::Phase::kIdle) return DropLocked(Farewell::kOrderly);
  ++core_->dropped_slow;
  Refuse(lock, FramingFault::kTimeout);
  Settle();
}

void Connection::Answer(std::uint64_t sequence, Response response) {
  --core_->in_flight;
  const Lock lock(mutex_);
  if (dropped_) return;
  PutAnswer(sequence, std::move(response));
  if (!pumping_) Settle();
}

void Connection::Abandon(std::uint64_t sequence) {
  --core_->in_flight;
  const Lock lock(mutex_);
  if (dropped_ || sequence < first_pending_) return;
  Pending& pending = pending_[sequence - first_pending_];
  pending.ready = pending.abandoned = true;
  if (!pumping_) Settle();
}

void Connection::Drain() {
  const Lock lock(mutex_);
  if (dropped_) return;
  StopReading();
  if (!pumping_) Settle();
}

void Connection::Drop() {
  const Lock lock(mutex_);
  DropLocked(Farewell::kOrderly);
}

bool Connection::HasUnfinishedAnswers() const {
  const Lock lock(mutex_);
  return !dropped_ && (!pending_.empty() || !output_.empty() || pumping_);
}

std::string Connection::ClientAddress(const Forwarding& forwarding) const {
  if (!from_trusted_proxy_) return peer_address_;
  const auto client = ForwardedClient(forwarding, core_->options.trusted_proxies);
  return client ? client->Format() : peer_address_;
}

void Connection::Pump(Lock& lock) {
  pumping_ = true;
  stalled_ = false;
  while (reading_ && !dropped_) {
    if (core_->draining) {
      StopReading();
      break;
    }
    stalled_ = pending_.size() >= core_->options.max_pipelined;
    if (stalled_) break;
    FramedRequest framed;
    FramingFault fault{};
    const auto step = framer_.Next(&framed, &fault);
    if (step == RequestFramer::Step::kNeedMore) break;
    if (step == RequestFramer::Step::kFault) {
      ++core_->framing_faults;
      Refuse(lock, fault);
      break;
    }
    Dispatch(lock, std::move(framed));
    if (dropped_) break;
    MoveReadyAnswersToOutput();
    if (output_.size() - output_sent_ > kCork) SendOutput();
  }
  pumping_ = false;
  if (!dropped_) Settle();
}

void Connection::Dispatch(Lock& lock, FramedRequest framed) {
  const std::uint64_t sequence = first_pending_ + pending_.size();
  Pending& pending = pending_.emplace_back();
  pending.head = framed.head;
  pending.http_1_0 = framed.http_1_0;
  pending.close = !framed.keep_alive;
  had_request_ = true;
  if (pending.close) StopReading();
  ++core_->requests;
  const bool overloaded = core_->in_flight++ >= core_->options.max_in_flight;
  if (overloaded) ++core_->overloads;

  framed.request.client_address = ClientAddress(framed.forwarding);
  Responder responder(std::make_shared<Responder::Slot>(shared_from_this(), sequence));
  lock.unlock();
  // The one place where a handler's exception ends: the responder goes unused, which closes the connection.
  try {
    if (overloaded) {
      responder.Send(core_->handler->RefuseOverload());
    } else {
      core_->handler->Handle(std::move(framed.request), std::move(responder));
    }
  } catch (...) {
    responder = Responder();
  }
  lock.lock();
}

void Connection::Refuse(Lock& lock, FramingFault fault) {
  StopReading();
  const bool was_pumping = std::exchange(pumping_, true);
  Pending refused;
  refused.close = refused.ready = true;
  lock.unlock();
  try {
    refused.response = core_->handler->RefuseFraming(fault);
  } catch (...) {
    refused.abandoned = true;
  }
  lock.lock();
  pumping_ = was_pumping;
  if (!dropped_) pending_.push_back(std::move(refused));
}

void Connection::StopReading() {
  reading_ = false;
  stalled_ = false;
  framer_.Close();
}

void Connection::PutAnswer(std::uint64_t sequence, Response response) {
  // Answers after the one that closes the connection have no place left.
  if (sequence < first_pending_ || sequence - first_pending_ >= pending_.size()) return;
  Pending& pending = pending_[sequence - first_pending_];
  pending.response = std::move(response);
  pending.ready = true;
}

void Connection::MoveReadyAnswersToOutput() {
  while (!pending_.empty() && pending_.front().ready) {
    const Pending answered = std::move(pending_.front());
    pending_.pop_front();
    ++first_pending_;
    bool closes = answered.abandoned || answered.close || answered.response.close;
    if (closes) {
      first_pending_ += pending_.size();
      pending_.clear();
      StopReading();
    }
    if (answered.abandoned) return;
    if (core_->draining) StopReading();  // Drain may be on its way to us
    closes |= !reading_ && pending_.empty();
    const Persistence persistence = closes              ? Persistence::kClose
                                    : answered.http_1_0 ? Persistence::kKeepAliveToOldClient
                                                        : Persistence::kKeepAlive;
    AppendResponse(answered.response, persistence, answered.head, &output_);
  }
}

void Connection::SendOutput() {
  while (!blocked_ && output_sent_ < output_.size()) {
    const ssize_t sent =
        send(fd_, output_.data() + output_sent_, output_.size() - output_sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      output_sent_ += static_cast<std::size_t>(sent);
      total_sent_ += static_cast<std::uint64_t>(sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      NoteBlockedOutput();
    } else if (errno != EINTR) {
      return DropLocked(Farewell::kOrderly);
    }
  }
  if (output_sent_ == output_.size()) {
    output_.clear();
    if (output_.capacity() > kKeptOutput) output_ = std::string();
    output_sent_ = 0;
    write_target_ = 0;
  } else if (output_.size() - output_sent_ > core_->options.max_output_bytes) {
    ++core_->dropped_slow;
    DropLocked(Farewell::kReset);
  }
}

// The time allowed starts anew only when all that was stuck has been taken: a peer that takes a byte now and then does
// not live for ever.
void Connection::NoteBlockedOutput() {
  blocked_ = true;
  output_.erase(0, output_sent_);
  output_sent_ = 0;
  if (write_target_ == 0 || total_sent_ >= write_target_) {
    write_target_ = total_sent_ + output_.size();
    write_deadline_us_ = core_->clock.MonotonicUs() + core_->options.write_timeout_ms * 1000;
  }
  core_->flusher.AwaitWritable(id_, fd_, watched_);
  watched_ = true;
}

void Connection::SendContinueWhenDue() {
  if (!pending_.empty() || !output_.empty() || !framer_.wants_continue()) return;
  framer_.ContinueSent();
  continue_sent_us_ = core_->clock.MonotonicUs();
  output_ = kContinue;
  SendOutput();
}

void Connection::Settle() {
  MoveReadyAnswersToOutput();
  SendOutput();
  if (dropped_) return;
  if (pending_.empty() && output_.empty()) {
    if (!reading_ && !lingering_) return CloseAfterLastAnswer();
    if (reactor_released_ && !stalled_) return Finish();
  }
  if (stalled_ && !resume_requested_ && pending_.size() <= core_->options.max_pipelined / 2) {
    resume_requested_ = true;
    core_->flusher.Resume(shared_from_this());
  }
  SendContinueWhenDue();
  if (!dropped_) SetDeadline();
}

bool Connection::IsIdle() const {
  return reading_ && pending_.empty() && output_.empty() && framer_.phase() == RequestFramer::Phase::kIdle;
}

void Connection::SetDeadline() {
  if (lingering_) {
    deadline_us_ = linger_until_us_;
    return;
  }
  std::int64_t deadline = InputDeadline();
  if (blocked_) deadline = std::min(deadline, write_deadline_us_);
  deadline_us_.store(deadline, std::memory_order_relaxed);
}

std::int64_t Connection::InputDeadline() {
  const FrontOptions& options = core_->options;
  const bool was_idle = std::exchange(idle_, IsIdle());
  if (idle_) {
    if (!was_idle) idle_since_us_ = core_->clock.MonotonicUs();
    return idle_since_us_ + (had_request_ ? options.idle_timeout_ms : options.header_timeout_ms) * 1000;
  }
  if (!reading_ || stalled_ || reactor_released_) return kNever;
  switch (framer_.phase()) {
    case RequestFramer::Phase::kHeader:
      return framer_.phase_since_us() + options.header_timeout_ms * 1000;
    case RequestFramer::Phase::kBody:
      // While it waits for our 100 Continue the client is not the slow one.
      if (framer_.wants_continue()) return kNever;
      return std::max(framer_.phase_since_us(), continue_sent_us_) + options.body_timeout_ms * 1000;
    default:
      return kNever;
  }
}

// Closing with unread input would make the kernel send a reset, which can destroy the answer before the client has read
// it (RFC 9112 section 9.6). So: shut our side, read on for a while.
void Connection::CloseAfterLastAnswer() {
  if (reactor_released_) return Finish();
  shutdown(fd_, SHUT_WR);
  lingering_ = true;
  linger_until_us_ = core_->clock.MonotonicUs() + kLingerUs;
  SetDeadline();
}

void Connection::DropLocked(Farewell farewell) {
  if (fd_ < 0) return;
  dropped_ = true;
  StopReading();
  first_pending_ += pending_.size();
  pending_.clear();
  output_ = std::string();
  output_sent_ = 0;
  deadline_us_ = kNever;
  if (farewell == Farewell::kReset) {
    // What a peer that does not read was to be sent must not stay in the kernel.
    const linger at_once{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  // The reactor sees the end of input, closes its descriptor and tells us.
  shutdown(fd_, SHUT_RDWR);
  if (reactor_released_) Finish();
}

void Connection::Finish() {
  if (fd_ < 0) return;
  dropped_ = true;
  deadline_us_ = kNever;
  if (watched_) core_->flusher.Forget(fd_);
  close(fd_);
  fd_ = -1;
  --core_->open;
  core_->connections.Remove(id_);
}

}  // namespace multihub::http
