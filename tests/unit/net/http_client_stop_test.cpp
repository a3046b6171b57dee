// Names that take their time, and the end of a client with calls under way.
#include <catch2/catch.hpp>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "multihub/net/http_client.h"
#include "unit/net/http_client_fixture.h"
#include "unit/net/loopback_server_fixture.h"

namespace multihub::testing {
namespace {

using net::CallError;
using net::HttpClient;
using net::OutgoingAnswer;
using net::OutgoingCall;

// Answers 127.0.0.1; names that begin with "slow" only when the gate opens.
struct SlowNames {
  Gate gate;
  Gate entered, left;  // of the one slow name of a test
  net::Resolver Resolver() const {
    return [*this](const std::string& host) {
      if (host.rfind("slow", 0) != 0) return Ips({"127.0.0.1"});
      entered.Open();
      gate.Wait();
      left.Open();
      return Ips({"127.0.0.1"});
    };
  }
};

// A call with time for everything.
OutgoingCall PatientCall(const std::string& url) {
  OutgoingCall call = CallTo(url);
  call.timeout_ms = 1000 * 60 * 60;
  call.connect_timeout_ms = call.timeout_ms;
  return call;
}

LoopbackServer::Handler Silent() {
  return [](Peer& peer) { peer.WaitForClose(); };
}

// ---- names --------------------------------------------------------------------------------------------------------

TEST_CASE("a name that resolves slowly delays neither addresses nor other names") {
  LoopbackServer server(Answering(Answer(200)));
  SlowNames names;
  HttpClient client(LoopbackOptions(), names.Resolver());
  auto slow = Start(client, PatientCall(server.Url("slow.example")));
  CHECK(Ask(client, server.Url("127.0.0.1")).status == 200);
  CHECK(Ask(client, server.Url("quick.example")).status == 200);
  names.gate.Open();
  CHECK(Await(std::move(slow)).status == 200);
}

TEST_CASE("a name that is not resolved in time ends the call, and its late answer changes nothing") {
  LoopbackServer server(Answering(Answer(200)));
  SlowNames names;
  HttpClient client(LoopbackOptions(), names.Resolver());
  OutgoingCall call = PatientCall(server.Url("slow.example"));
  call.connect_timeout_ms = 50;
  const OutgoingAnswer answer = Ask(client, std::move(call));
  CHECK(ErrorOf(answer) == "timeout");
  CHECK_FALSE(answer.detail.empty());
  names.gate.Open();
  REQUIRE(names.left.WaitGuarded());
  CHECK(Ask(client, server.Url("quick.example")).status == 200);
  CHECK(server.accepted() == 1);
}

TEST_CASE("names wait for a free thread, and no longer than their call has time") {
  LoopbackServer server(Answering(Answer(200)));
  SlowNames names;
  net::HttpClientOptions options = LoopbackOptions();
  options.resolver_threads = 1;
  HttpClient client(options, names.Resolver());
  auto slow = Start(client, PatientCall(server.Url("slow.example")));
  OutgoingCall hurried = CallTo(server.Url("quick.example"));
  hurried.timeout_ms = 50;
  CHECK(ErrorOf(Ask(client, std::move(hurried))) == "timeout");
  auto waiting = Start(client, PatientCall(server.Url("quick.example")));
  names.gate.Open();
  CHECK(Await(std::move(slow)).status == 200);
  CHECK(Await(std::move(waiting)).status == 200);
}

TEST_CASE("many names resolve at once") {
  constexpr int kNames = 40;
  LoopbackServer server(Answering(Answer(200)));
  std::atomic<int> here{0};
  Gate all_here;
  HttpClient client(LoopbackOptions(), [&here, all_here](const std::string&) mutable {
    if (++here == kNames) all_here.Open();
    all_here.Wait();
    return Ips({"127.0.0.1"});
  });
  std::vector<std::future<OutgoingAnswer>> calls;
  for (int i = 0; i < kNames; ++i) {
    calls.push_back(Start(client, PatientCall(server.Url("n" + std::to_string(i) + ".example"))));
  }
  for (auto& call : calls) CHECK(Await(std::move(call)).status == 200);
}

TEST_CASE("a name without addresses does not resolve") {
  NameTable names;
  HttpClient client(LoopbackOptions(), names.Resolver());
  const OutgoingAnswer answer = Ask(client, "http://nobody.example/");
  CHECK(ErrorOf(answer) == "resolve");
  CHECK_FALSE(answer.detail.empty());
  CHECK(names.Asked() == std::vector<std::string>{"nobody.example"});
}

TEST_CASE("the system's resolver knows what the system knows") {
  // Nobody to ask, or nobody who answers, is soon found out.
  setenv("RES_OPTIONS", "timeout:1 attempts:1", 1);
  const std::vector<base::IpAddress> local = net::SystemResolver()("localhost");
  REQUIRE_FALSE(local.empty());
  for (const base::IpAddress& address : local) CHECK(net::Judge(address).value_or("public") == "loopback");

  HttpClient client(LoopbackOptions(), net::SystemResolver());
  CHECK(ErrorOf(Ask(client, PatientCall("http://nobody.multihub-test.invalid/"))) == "resolve");
  unsetenv("RES_OPTIONS");
}

// ---- the end ------------------------------------------------------------------------------------------------------

TEST_CASE("the end of the client ends every open call, once") {
  constexpr int kEach = 5;
  Gate connected;
  std::atomic<int> connections{0};
  LoopbackServer server([&](Peer& peer) {
    if (peer.ReadRequest().has_value() && ++connections == kEach) connected.Open();
    peer.WaitForClose();
  });
  SlowNames names;
  std::atomic<int> ended{0};
  const auto count = [&](const OutgoingAnswer& answer) { ended += answer.error == CallError::kNetwork ? 1 : 100; };
  HttpClient client(LoopbackOptions(), names.Resolver());
  for (int i = 0; i < kEach; ++i) client.Send(PatientCall(server.Url()), count);
  REQUIRE(connected.WaitGuarded());
  // Still resolving when it ends; then its thread may go on.
  client.Send(PatientCall(server.Url("slow.example")), [&](const OutgoingAnswer& answer) {
    count(answer);
    names.gate.Open();
  });
  for (int i = 0; i < kEach; ++i) client.Send(PatientCall(server.Url()), count);
  client.Stop();
  CHECK(ended == 2 * kEach + 1);
}

TEST_CASE("a call after the end is ended at once") {
  LoopbackServer server(Answering(Answer(200)));
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  CHECK(Ask(client, server.Url()).status == 200);
  client.Stop();
  std::vector<OutgoingAnswer> answers;
  for (const char* host : {"127.0.0.1", "shop.example", "10.0.0.1"}) {
    client.Send(CallTo(server.Url(host)), [&](OutgoingAnswer answer) { answers.push_back(std::move(answer)); });
  }
  REQUIRE(answers.size() == 3);
  for (const OutgoingAnswer& answer : answers) CHECK(ErrorOf(answer) == "network");
  CHECK(server.accepted() == 1);
}

TEST_CASE("the end of a call may send another while the client stops") {
  LoopbackServer server(Silent());
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  std::vector<std::string> errors;
  client.Send(PatientCall(server.Url()), [&](OutgoingAnswer first) {
    errors.push_back(ErrorOf(first));
    client.Send(CallTo(server.Url()), [&](OutgoingAnswer second) { errors.push_back(ErrorOf(second)); });
  });
  client.Stop();
  CHECK(errors == std::vector<std::string>{"network", "network"});
}

TEST_CASE("a client may be stopped from several threads, and without a call") {
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { client.Stop(); });
  for (std::thread& thread : threads) thread.join();
  client.Stop();
  std::string error;
  client.Send(CallTo("http://127.0.0.1/"), [&](OutgoingAnswer answer) { error = ErrorOf(answer); });
  CHECK(error == "network");
}

TEST_CASE("the destructor ends open calls") {
  LoopbackServer server(Silent());
  std::string error;
  {
    HttpClient client(LoopbackOptions(), NameTable().Resolver());
    client.Send(PatientCall(server.Url()), [&](OutgoingAnswer answer) { error = ErrorOf(answer); });
  }
  CHECK(error == "network");
}

TEST_CASE("calls sent while the client stops end once, each") {
  LoopbackServer server(Answering(Answer(200)));
  for (int round = 0; round < 20; ++round) {
    HttpClient client(LoopbackOptions(), NameTable().Resolver());
    constexpr int kThreads = 3;
    constexpr int kCalls = 20;
    std::atomic<int> ended{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kCalls; ++i) client.Send(CallTo(server.Url()), [&](const OutgoingAnswer&) { ++ended; });
      });
    }
    client.Stop();
    for (std::thread& thread : threads) thread.join();
    CHECK(ended == kThreads * kCalls);
  }
}

TEST_CASE("a lookup that never comes back does not hold up the end") {
  SlowNames names;
  std::string error;
  {
    HttpClient client(LoopbackOptions(), names.Resolver());
    client.Send(PatientCall("http://slow.example/"), [&](OutgoingAnswer answer) { error = ErrorOf(answer); });
    REQUIRE(names.entered.WaitGuarded());
    client.Stop();
    CHECK(error == "network");
  }
  names.gate.Open();
  CHECK(names.left.WaitGuarded());
}

}  // namespace
}  // namespace multihub::testing
