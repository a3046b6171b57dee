// The last lines of defence: libcurl itself led astray.
#include "net/transfer.h"

#include <catch2/catch.hpp>

#include <memory>
#include <string>

#include "net/pinned_target.h"
#include "unit/net/http_client_fixture.h"
#include "unit/net/loopback_server_fixture.h"

namespace multihub::testing {
namespace {

using net::CurlList;
using net::OutgoingAnswer;
using net::OutgoingCall;
using net::PinnedTarget;
using net::Transfer;

// Runs transfers one after the other on one multi handle, which keeps connections and addresses between them.
class Runner {
 public:
  ~Runner() {
    for (auto& transfer : transfers_) transfer.reset();
    curl_multi_cleanup(multi_);
  }

  // `lead_astray` may change what Begin set.
  OutgoingAnswer Run(
      const OutgoingCall& call, const PinnedTarget& target,
      const std::function<void(CURL*)>& lead_astray = [](CURL*) {}) {
    Transfer& transfer = *transfers_.emplace_back(std::make_unique<Transfer>(true, ""));
    transfer.Begin(call, target, 30'000, 30'000);
    lead_astray(transfer.handle());
    REQUIRE(curl_multi_add_handle(multi_, transfer.handle()) == CURLM_OK);
    int running = 1;
    while (running > 0) {
      REQUIRE(curl_multi_perform(multi_, &running) == CURLM_OK);
      REQUIRE(curl_multi_poll(multi_, nullptr, 0, running > 0 ? 1000 : 0, nullptr) == CURLM_OK);
    }
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi_, &left);
    REQUIRE(message != nullptr);
    const CURLcode code = message->data.result;
    REQUIRE(curl_multi_remove_handle(multi_, transfer.handle()) == CURLM_OK);
    return transfer.End(code);
  }

 private:
  CURLM* multi_ = curl_multi_init();
  std::vector<std::unique_ptr<Transfer>> transfers_;
};

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("a transfer goes to its addresses") {
  LoopbackServer server(Answering(Answer(200, "here")));
  Runner runner;
  const OutgoingCall call = CallTo(server.Url("shop.example"));
  CHECK(runner.Run(call, PinnedTarget(Ips({"127.0.0.1"}), server.port())).body == "here");
}

TEST_CASE("no socket is opened to an address that was not judged, whatever libcurl believes") {
  const ConnectWatch watch;
  LoopbackServer server(Answering(Answer(200)));
  const OutgoingCall call = CallTo(server.Url("shop.example"));
  const PinnedTarget judged(Ips({"127.0.0.2"}), server.port());
  Runner runner;
  CurlList wrong;
  wrong.Append(Replaced(judged.Resolve(), "127.0.0.2", "127.0.0.1"));
  const OutgoingAnswer answer =
      runner.Run(call, judged, [&](CURL* handle) { net::SetOption(handle, CURLOPT_RESOLVE, wrong.get()); });
  CHECK(ErrorOf(answer) == "refused_target");
  CHECK_FALSE(answer.detail.empty());

  CurlList other_port;
  other_port.Append("::" + Replaced(judged.ConnectTo(), "::", "") + "9");
  CurlList for_other_port;
  for_other_port.Append(Replaced(judged.Resolve(), ":" + std::to_string(server.port()) + ":", ":9:"));
  const OutgoingAnswer elsewhere = runner.Run(call, judged, [&](CURL* handle) {
    net::SetOption(handle, CURLOPT_CONNECT_TO, other_port.get());
    net::SetOption(handle, CURLOPT_RESOLVE, for_other_port.get());
  });
  CHECK(ErrorOf(elsewhere) == "refused_target");
  CHECK(watch.Connects().empty());
}

TEST_CASE("no request is sent on a kept connection to an address that was not judged") {
  std::atomic<int> requests{0};
  LoopbackServer server([&](Peer& peer) {
    while (peer.ReadRequest().has_value()) {
      ++requests;
      peer.Send(Answer(200));
    }
  });
  const OutgoingCall call = CallTo(server.Url("shop.example"));
  const PinnedTarget before(Ips({"127.0.0.1"}), server.port());
  const PinnedTarget now(Ips({"127.0.0.2"}), server.port());
  Runner runner;
  CHECK(runner.Run(call, before).status == 200);
  CHECK(runner.Run(call, before).status == 200);
  CHECK(server.accepted() == 1);
  CurlList as_before;
  as_before.Append(before.ConnectTo());
  const OutgoingAnswer answer =
      runner.Run(call, now, [&](CURL* handle) { net::SetOption(handle, CURLOPT_CONNECT_TO, as_before.get()); });
  CHECK(ErrorOf(answer) == "refused_target");
  CHECK(requests == 2);
}

TEST_CASE("libcurl resolves nothing itself") {
  const ConnectWatch watch;
  LoopbackServer server(Answering(Answer(200)));
  const PinnedTarget target(Ips({"127.0.0.1"}), server.port());
  for (const char* host : {"localhost", "127.0.0.1", "shop.example"}) {
    Runner runner;
    const OutgoingAnswer answer = runner.Run(CallTo(server.Url(host)), target, [](CURL* handle) {
      net::SetOption(handle, CURLOPT_CONNECT_TO, static_cast<curl_slist*>(nullptr));
      net::SetOption(handle, CURLOPT_RESOLVE, static_cast<curl_slist*>(nullptr));
    });
    INFO(host);
    CHECK(ErrorOf(answer) == "network");
  }
  CHECK(watch.Connects().empty());
}

TEST_CASE("a pinned target is named by the set of its addresses") {
  const PinnedTarget target(Ips({"127.0.0.2", "2001:db8::1"}), 8080);
  CHECK(target.Holds(Ip("127.0.0.2"), 8080));
  CHECK(target.Holds(Ip("2001:db8::1"), 8080));
  CHECK_FALSE(target.Holds(Ip("127.0.0.2"), 8081));
  CHECK_FALSE(target.Holds(Ip("127.0.0.1"), 8080));
  CHECK_FALSE(PinnedTarget().Holds(base::IpAddress(), 0));
  CHECK(target.Resolve().ends_with(":8080:127.0.0.2,[2001:db8::1]"));
  CHECK(target.Resolve().find(".invalid:") != std::string::npos);

  CHECK(PinnedTarget(Ips({"2001:db8::1", "127.0.0.2"}), 8080).ConnectTo() == target.ConnectTo());
  for (const auto& other :
       {Ips({"127.0.0.2"}), Ips({"127.0.0.2", "2001:db8::2"}), Ips({"127.0.0.2", "2001:db8::1", "::"})}) {
    CHECK(PinnedTarget(other, 8080).ConnectTo() != target.ConnectTo());
  }
}

TEST_CASE("of very many addresses the first are kept") {
  std::vector<base::IpAddress> many;
  for (std::uint32_t i = 1; i <= 100; ++i) many.push_back(base::IpAddress::FromIpv4(0x7F000000 + i));
  const PinnedTarget target(many, 80);
  CHECK(target.Holds(many[PinnedTarget::kMaxAddresses - 1], 80));
  CHECK_FALSE(target.Holds(many[PinnedTarget::kMaxAddresses], 80));
  many.resize(PinnedTarget::kMaxAddresses);
  CHECK(target.ConnectTo() == PinnedTarget(many, 80).ConnectTo());
}

}  // namespace
}  // namespace multihub::testing
