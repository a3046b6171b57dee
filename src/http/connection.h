// One client's connection: its bytes in, its answers out in the order of the requests.
//
// It owns a duplicate of the socket's descriptor. A send can therefore never reach another client: the number is ours
// until we close it, whatever the listener library has done with its own. All sending, and every use of the
// descriptor, happens under the connection's lock.
//
// Input is taken by one thread at a time, the "pump": the reactor thread that read the bytes, or the flusher when a
// connection that had read too far ahead goes on. The lock is free while the handler runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "http/request_framer.h"
#include "multihub/http/front.h"

namespace multihub::http {

struct FrontCore;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // Takes the client's socket into the front; null when it is to be closed at once (over the cap, draining, already
  // gone). `socket` stays the caller's.
  static std::shared_ptr<Connection> Admit(const std::shared_ptr<FrontCore>& core, int socket);

  Connection(std::shared_ptr<FrontCore> core, std::uint64_t id, int own_fd, std::string peer_address);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // From the reactor thread that serves the socket.
  void OnInput(std::string_view bytes);
  // The client sends no more or has gone; the reactor lets go of the socket. Answers still due are sent all the same.
  void OnReactorReleased();

  // From the flusher.
  void OnWritable();
  void OnResume();

  // From the sweeper.
  void OnDeadline(std::int64_t now_us);
  std::int64_t deadline_us() const { return deadline_us_.load(std::memory_order_relaxed); }

  // From any thread.
  void Answer(std::uint64_t sequence, Response response);
  void Abandon(std::uint64_t sequence);  // the request will not be answered: closes when its turn comes
  void Drain();                          // admits nothing more; closes when all admitted is answered
  void Drop();                           // closes now
  bool HasUnfinishedAnswers() const;

 private:
  using Lock = std::unique_lock<std::mutex>;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  enum class Farewell { kOrderly, kReset };

  // A request whose answer has not been put into the output.
  struct Pending {
    bool head = false;
    bool http_1_0 = false;
    bool close = false;
    bool ready = false;
    bool abandoned = false;
    Response response;
  };

  std::string ClientAddress(const Forwarding& forwarding) const;
  void Pump(Lock& lock);
  void Dispatch(Lock& lock, FramedRequest framed);
  void Refuse(Lock& lock, FramingFault fault);
  void StopReading();
  void PutAnswer(std::uint64_t sequence, Response response);
  void MoveReadyAnswersToOutput();
  void SendOutput();
  void NoteBlockedOutput();
  void SendContinueWhenDue();
  // After anything has changed: sends, closes, resumes, sets the deadline.
  void Settle();
  bool IsIdle() const;
  void SetDeadline();
  std::int64_t InputDeadline();
  void CloseAfterLastAnswer();
  void DropLocked(Farewell farewell);
  void Finish();

  const std::shared_ptr<FrontCore> core_;
  const std::uint64_t id_;
  const std::string peer_address_;
  const bool from_trusted_proxy_;
  std::atomic<std::int64_t> deadline_us_{kNever};

  mutable std::mutex mutex_;
  int fd_;  // -1 once closed
  RequestFramer framer_;
  std::deque<Pending> pending_;
  std::uint64_t first_pending_ = 0;  // sequence number of pending_.front()
  std::string output_;
  std::size_t output_sent_ = 0;
  std::uint64_t total_sent_ = 0;

  bool pumping_ = false;
  bool reading_ = true;   // further requests are framed
  bool stalled_ = false;  // input waits because max_pipelined requests are unanswered
  bool resume_requested_ = false;
  bool reactor_released_ = false;
  bool lingering_ = false;  // all answered, our side shut; waiting for the client to close
  bool dropped_ = false;
  bool watched_ = false;  // known to the flusher
  bool blocked_ = false;  // the peer takes no bytes
  bool idle_ = false;
  bool had_request_ = false;
  std::size_t discarded_ = 0;  // input thrown away while lingering

  std::int64_t idle_since_us_ = 0;
  std::int64_t continue_sent_us_ = 0;
  std::int64_t linger_until_us_ = 0;
  std::int64_t write_deadline_us_ = 0;
  std::uint64_t write_target_ = 0;  // total_sent_ at which the answers that were stuck have been taken
};

}  // namespace multihub::http
