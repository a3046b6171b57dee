#include "bench/bare_front.h"

#include <signal.h>

#include <cstdio>
#include <memory>

#include "multihub/http/front.h"

namespace multihub::bench {
namespace {

constexpr std::size_t kBodyBytes = 300;

class BareHandler final : public http::RequestHandler {
 public:
  void Handle(http::Request, http::Responder responder) override { responder.Send(Answer(200)); }
  http::Response RefuseFraming(http::FramingFault) override { return Answer(400); }
  http::Response RefuseOverload() override { return Answer(429); }

 private:
  http::Response Answer(int status) const {
    http::Response response;
    response.status = status;
    response.body = body_;
    return response;
  }

  const std::string body_ = BareFrontBody();
};

}  // namespace

std::string BareFrontBody() {
  const std::string begin = R"({"success":true,"result":{"message":")";
  const std::string end = R"("},"request_id":"00000000-0000-4000-8000-000000000001","processing_time":0})";
  return begin + std::string(kBodyBytes - begin.size() - end.size(), 'x') + end;
}

int ServeBareFront() {
  // Before the threads of the front, which inherit the mask.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  http::FrontOptions options;
  options.listen = {"127.0.0.1:0"};
  options.headers = {"content-type", "x-data-application-id", "x-data-hash"};
  options.unrepeatable = {"x-data-application-id", "x-data-hash"};
  http::Front front(options, std::make_shared<BareHandler>());
  if (const std::string error = front.Start(); !error.empty()) {
    std::fprintf(stderr, "%s\n", error.c_str());
    return 1;
  }
  std::fprintf(stderr, "ready http://127.0.0.1:%u/\n", static_cast<unsigned>(front.ports().at(0)));
  int received = 0;
  sigwait(&ends, &received);
  front.Stop(1000);
  return 0;
}

}  // namespace multihub::bench
