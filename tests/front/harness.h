// A front with a handler whose answers say which request they belong to.
//
// The path chooses how a request is answered: /now at once, /later from another thread after a short random time (so
// out of order), /hold when the test calls ReleaseHeld, /drop never (the responder is thrown away), /throw by an
// exception, /big/N with N bytes, /close with Response::close. The body is "echo:" and the request's body.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "multihub/http/front.h"
#include "support/tcp_client.h"

namespace multihub::http {

using Milliseconds = std::chrono::milliseconds;
inline constexpr std::chrono::seconds kPatience{60};  // against hangs only

// Waits for a fact.
inline bool Eventually(const std::function<bool()>& fact, Milliseconds patience = kPatience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!fact()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(Milliseconds(1));
  }
  return true;
}

// How many times more than usual a soak is to do.
inline int SoakScale() {
  const char* text = std::getenv("MULTIHUB_SOAK_SCALE");
  return text == nullptr ? 1 : std::max(1, std::atoi(text));
}

class EchoHandler final : public RequestHandler {
 public:
  EchoHandler() : answerer_([this] { AnswerLater(); }) {}
  ~EchoHandler() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    answerer_.join();
  }

  void Handle(Request request, Responder responder) override {
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(request.path);
      last_ = request;
    }
    if (request.path == "/throw") throw std::runtime_error("the handler's own mistake");
    if (request.path == "/drop") return;
    Response response;
    response.body = "echo:" + request.body;
    if (request.body_too_large) response.status = 413;
    if (request.path.rfind("/big/", 0) == 0) response.body.assign(std::stoul(request.path.substr(5)), 'b');
    response.close = request.path == "/close";
    if (!request.headers.empty() && request.headers[0]) {
      response.headers.emplace_back("X-Echo", *request.headers[0]);
    }
    if (request.path == "/later") return Put(std::move(response), std::move(responder));
    if (request.path == "/hold") {
      const std::lock_guard lock(mutex_);
      held_.emplace_back(std::move(response), std::move(responder));
      return;
    }
    responder.Send(std::move(response));
  }

  Response RefuseFraming(FramingFault fault) override {
    Response response;
    response.status = 400;
    response.body = RefusalBody(fault);
    return response;
  }
  Response RefuseOverload() override {
    Response response;
    response.status = 429;
    response.body = "overloaded";
    return response;
  }

  static std::string RefusalBody(FramingFault fault) { return "refused:" + std::to_string(static_cast<int>(fault)); }

  std::size_t held() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  // From another thread than the reactor's.
  void ReleaseHeld() {
    for (auto& [response, responder] : TakeHeld()) responder.Send(std::move(response));
  }
  std::vector<std::pair<Response, Responder>> TakeHeld() {
    const std::lock_guard lock(mutex_);
    return std::exchange(held_, {});
  }

  std::vector<std::string> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  Request last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  void Put(Response response, Responder responder) {
    {
      const std::lock_guard lock(mutex_);
      const auto delay = std::chrono::microseconds(random_() % 4000);
      later_.emplace(std::chrono::steady_clock::now() + delay,
                     std::make_pair(std::move(response), std::move(responder)));
    }
    wake_.notify_all();
  }

  void AnswerLater() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (later_.empty()) {
        wake_.wait(lock, [this] { return stopping_ || !later_.empty(); });
        continue;
      }
      const TimePoint due = later_.begin()->first;
      if (std::chrono::steady_clock::now() < due) {
        wake_.wait_until(lock, due);
        continue;
      }
      auto answer = std::move(later_.begin()->second);
      later_.erase(later_.begin());
      lock.unlock();
      answer.second.Send(std::move(answer.first));
      lock.lock();
    }
    // Responders lock their connection: never with our own lock.
    auto unanswered = std::exchange(later_, {});
    lock.unlock();
  }

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::multimap<TimePoint, std::pair<Response, Responder>> later_;
  std::vector<std::pair<Response, Responder>> held_;
  std::vector<std::string> seen_;
  Request last_;
  std::mt19937 random_{20240501};
  bool stopping_ = false;
  std::thread answerer_;
};

inline FrontOptions TestOptions() {
  FrontOptions options;
  options.listen = {"127.0.0.1:0"};
  options.headers = {"x-echo", "x-data-hash"};
  options.unrepeatable = {"x-data-hash", "x-data-application-id"};
  return options;
}

// A started front.
class TestFront {
 public:
  explicit TestFront(FrontOptions options = TestOptions())
      : handler(std::make_shared<EchoHandler>()), front(std::make_unique<Front>(std::move(options), handler)) {
    const std::string error = front->Start();
    INFO(error);
    REQUIRE(error.empty());
    port = front->ports().at(0);
  }

  support::TcpClient Connect() const {
    support::TcpClient client;
    REQUIRE(client.Connect("127.0.0.1", port));
    return client;
  }

  std::shared_ptr<EchoHandler> handler;
  std::unique_ptr<Front> front;
  std::uint16_t port = 0;
};

inline std::string Post(const std::string& path, const std::string& body, const std::string& fields = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: gateway\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// One exchange; the body of the answer, or what went wrong.
inline std::string Exchange(support::TcpClient* client, const std::string& request) {
  if (!client->SendAll(request)) return "cannot send: " + client->last_error();
  const auto response = client->ReadHttpResponse();
  return response ? response->body : "no answer: " + client->last_error();
}

}  // namespace multihub::http
