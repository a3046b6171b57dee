// A front's life: addresses, limits on connections, the end.
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <sstream>

#include "front/harness.h"
#include "multihub/http/ops_handler.h"
#include "support/process.h"

#ifdef __SANITIZE_THREAD__
// The listener library hands sockets from its accept thread to its reactor threads through atomics of its own, which an
// uninstrumented library does not show to the sanitizer.
extern "C" const char* __tsan_default_suppressions() { return "race:Pistache::Polling::Epoll\n"; }
#endif

namespace multihub::http {
namespace {

TEST_CASE("a front that cannot start says why") {
  struct Case {
    FrontOptions options;
    std::string said;
  };
  const TestFront taken;
  std::vector<Case> cases(6, {TestOptions(), ""});
  cases[0].options.listen = {"127.0.0.1:" + std::to_string(taken.port)};
  cases[0].said = "cannot listen on 127.0.0.1:" + std::to_string(taken.port) + ": Address already in use";
  cases[1].options.listen = {"localhost:80"};
  cases[1].said = "\"localhost:80\" is no address to listen on";
  cases[2].options.listen = {"192.0.2.1:0"};  // set aside for documentation: no machine has it
  cases[2].said = "cannot listen on 192.0.2.1:0: ";
  cases[3].options.listen = {};
  cases[3].said = "no address";
  cases[4].options.threads = 0;
  cases[4].said = "threads";
  cases[5].options.idle_timeout_ms = 0;
  cases[5].said = "timeout";
  for (const Case& c : cases) {
    Front front(c.options, std::make_shared<EchoHandler>());
    const std::string error = front.Start();
    INFO(error);
    CHECK(error.find(c.said) != std::string::npos);
    CHECK_FALSE(error.empty());
    CHECK(front.ports().empty());
    CHECK(front.Stop(0));
  }
}

TEST_CASE("a failed start gives back the ports it had") {
  const TestFront taken;
  FrontOptions options = TestOptions();
  options.listen = {"127.0.0.1:0", "127.0.0.1:" + std::to_string(taken.port)};
  auto front = std::make_unique<Front>(options, std::make_shared<EchoHandler>());
  CHECK_FALSE(front->Start().empty());
  front.reset();
  auto client = taken.Connect();
  CHECK(Exchange(&client, Post("/now", "x")) == "echo:x");
}

TEST_CASE("a front serves several addresses and both families") {
  FrontOptions options = TestOptions();
  options.listen = {"127.0.0.1:0", "[::]:0", "[::1]:0"};
  const TestFront test(options);
  const auto ports = test.front->ports();
  REQUIRE(ports.size() == 3);
  struct Case {
    const char* address;
    std::uint16_t port;
    const char* seen_as;
  };
  const Case cases[] = {{"127.0.0.1", ports[0], "127.0.0.1"},
                        {"127.0.0.1", ports[1], "127.0.0.1"},
                        {"::1", ports[1], "::1"},
                        {"::1", ports[2], "::1"}};
  for (const Case& c : cases) {
    INFO(c.address << " " << c.port);
    support::TcpClient client;
    REQUIRE(client.Connect(c.address, c.port));
    CHECK(Exchange(&client, Post("/now", "x")) == "echo:x");
    CHECK(test.handler->last().client_address == c.seen_as);
  }
  support::TcpClient client;
  CHECK_FALSE(client.Connect("127.0.0.1", ports[2]));
}

TEST_CASE("a trusted proxy's word on the client's address counts, anybody else's does not") {
  FrontOptions options = TestOptions();
  options.listen = {"127.0.0.1:0", "[::1]:0"};
  options.trusted_proxies = {base::Cidr::Parse("127.0.0.1").value(), base::Cidr::Parse("10.0.0.0/8").value()};
  const TestFront test(options);
  const auto seen = [&](support::TcpClient* client, const std::string& fields) {
    CHECK(Exchange(client, Post("/now", "x", fields)) == "echo:x");
    return test.handler->last().client_address;
  };
  support::TcpClient proxy = test.Connect();
  // Another client with each request of one connection.
  CHECK(seen(&proxy, "X-Forwarded-For: 203.0.113.9\r\n") == "203.0.113.9");
  CHECK(seen(&proxy, "") == "127.0.0.1");
  CHECK(seen(&proxy, "Forwarded: for=\"[2001:DB8::9]:4711\"\r\nX-Forwarded-For: 203.0.113.9\r\n") == "2001:db8::9");
  CHECK(seen(&proxy, "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 203.0.113.9, 10.0.0.1\r\n") == "203.0.113.9");
  CHECK(seen(&proxy, "X-Forwarded-For: 203.0.113.9, unknown\r\n") == "127.0.0.1");
  CHECK(seen(&proxy, "Forwarded: for=_hidden\r\nX-Forwarded-For: 203.0.113.9\r\n") == "127.0.0.1");
  support::TcpClient stranger;
  REQUIRE(stranger.Connect("::1", test.front->ports()[1]));
  CHECK(seen(&stranger, "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\n") == "::1");
}

TEST_CASE("without trusted proxies nobody is believed") {
  const TestFront test;
  auto client = test.Connect();
  CHECK(Exchange(&client, Post("/now", "x", "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\n")) ==
        "echo:x");
  CHECK(test.handler->last().client_address == "127.0.0.1");
}

TEST_CASE("connections of one front are spread over its threads") {
  class ThreadNoter final : public RequestHandler {
   public:
    void Handle(Request, Responder responder) override {
      {
        const std::lock_guard lock(mutex);
        threads.insert({std::this_thread::get_id(), 0}).first->second += 1;
      }
      responder.Send(Response());
    }
    Response RefuseFraming(FramingFault) override { return {}; }
    Response RefuseOverload() override { return {}; }
    std::mutex mutex;
    std::map<std::thread::id, int> threads;
  };
  FrontOptions options = TestOptions();
  options.threads = 2;
  const auto handler = std::make_shared<ThreadNoter>();
  Front front(options, handler);
  REQUIRE(front.Start().empty());
  // The thread goes by the socket's number, and here the clients' sockets lie between the server's: a descriptor now
  // and then mixes odd and even.
  std::vector<support::TcpClient> clients(20);
  std::vector<int> between;
  for (auto& client : clients) {
    if (between.size() * 2 < static_cast<std::size_t>(&client - clients.data())) between.push_back(dup(0));
    REQUIRE(client.Connect("127.0.0.1", front.ports()[0]));
    Exchange(&client, Post("/", ""));
  }
  for (const int fd : between) close(fd);
  const std::lock_guard lock(handler->mutex);
  CHECK(handler->threads.size() == 2);
}

TEST_CASE("connections over the cap are closed at once, those under it are served, room is reused") {
  FrontOptions options = TestOptions();
  options.max_connections = 5;
  const TestFront test(options);
  std::vector<support::TcpClient> kept;
  for (int i = 0; i < 5; ++i) {
    kept.push_back(test.Connect());
    CHECK(Exchange(&kept.back(), Post("/now", "x")) == "echo:x");
  }
  for (int i = 0; i < 20; ++i) {
    auto over = test.Connect();
    CHECK(over.ReadUntilClose() == std::optional<std::string>(""));
  }
  for (auto& client : kept) CHECK(Exchange(&client, Post("/now", "y")) == "echo:y");
  kept.pop_back();
  REQUIRE(Eventually([&] { return test.front->counters().open == 4; }));
  auto again = test.Connect();
  CHECK(Exchange(&again, Post("/now", "z")) == "echo:z");
}

// Run by the test below in a process of its own.
TEST_CASE("serves with few descriptors until it is killed", "[.few-descriptors]") {
  const rlimit few{160, 160};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
  const TestFront test;
  std::cout << "port " << test.port << std::endl;
  for (;;) pause();
}

TEST_CASE("more clients than descriptors: some are turned away, the rest are served, nothing spins") {
  support::SpawnOptions options;
  options.argv = {"/proc/self/exe", "[.few-descriptors]"};
  support::ChildProcess server(options);
  const auto line = server.WaitForLine(support::Stream::kStdout, "port ", kPatience);
  REQUIRE(line);
  const auto port = static_cast<std::uint16_t>(std::stoi(line->substr(line->rfind(' ') + 1)));

  // UndefinedBehaviorSanitizer takes an object's type for wrong when it has no descriptor left for the pipe it looks
  // with. It remembers what it has looked at: so every call is made once while there are some.
  support::TcpClient first;
  REQUIRE(first.Connect("127.0.0.1", port));
  CHECK(Exchange(&first, Post("/now", "x")) == "echo:x");
  CHECK(Exchange(&first, Post("/close", "x")) == "echo:x");
  CHECK(first.ReadUntilClose() == std::optional<std::string>(""));
  first.Abort();

  std::vector<support::TcpClient> clients(600);
  for (auto& client : clients) client.Connect("127.0.0.1", port);
  int served = 0;
  int turned_away = 0;
  for (auto& client : clients) {
    const std::string body = client.connected() ? Exchange(&client, Post("/now", "x")) : "";
    (body == "echo:x" ? served : turned_away) += 1;
  }
  CHECK(served >= 20);
  CHECK(turned_away >= 400);
  const double before = support::CpuSeconds(server.pid());
  std::this_thread::sleep_for(Milliseconds(1000));  // the time over which nothing must happen
  CHECK(support::CpuSeconds(server.pid()) - before < 0.5);

  for (auto& client : clients) client.Close();
  CHECK(Eventually([&] {
    support::TcpClient client;
    return client.Connect("127.0.0.1", port) && Exchange(&client, Post("/now", "x")) == "echo:x";
  }));
  CHECK(server.running());
}

TEST_CASE("stopping answers what was admitted, says that the connection closes, and refuses new clients") {
  const TestFront test;
  auto waiting = test.Connect();
  waiting.SendAll(Post("/hold", "1") + Post("/hold", "2"));
  auto idle = test.Connect();
  CHECK(Exchange(&idle, Post("/now", "x")) == "echo:x");
  auto half_sent = test.Connect();
  half_sent.SendAll("POST /now HTTP/1.1\r\nHost: a\r\n");
  REQUIRE(Eventually([&] { return test.handler->held() == 2 && test.front->counters().open == 3; }));

  bool all_answered = false;
  std::thread stopper([&] { all_answered = test.front->Stop(60000); });
  CHECK(idle.ReadUntilClose() == std::optional<std::string>(""));
  CHECK(half_sent.ReadUntilClose() == std::optional<std::string>(""));
  support::TcpClient late;
  CHECK_FALSE(late.Connect("127.0.0.1", test.port));
  waiting.SendAll(Post("/now", "not admitted"));

  test.handler->ReleaseHeld();
  const auto first = waiting.ReadHttpResponse();
  REQUIRE(first);
  CHECK(first->body == "echo:1");
  CHECK(first->Header("Connection") == nullptr);
  const auto second = waiting.ReadHttpResponse();
  REQUIRE(second);
  CHECK(second->body == "echo:2");
  REQUIRE(second->Header("Connection") != nullptr);
  CHECK(*second->Header("Connection") == "close");
  CHECK(waiting.ReadUntilClose() == std::optional<std::string>(""));
  stopper.join();
  CHECK(all_answered);
  CHECK(test.front->Stop(0));
  CHECK(test.front->counters().open == 0);
}

TEST_CASE("stopping waits no longer than it may, and late answers do nothing") {
  auto test = std::make_unique<TestFront>();
  auto client = test->Connect();
  client.SendAll(Post("/hold", "1") + Post("/hold", "2"));
  REQUIRE(Eventually([&] { return test->handler->held() == 2; }));
  CHECK_FALSE(test->front->Stop(50));
  CHECK_FALSE(test->front->Stop(50));
  CHECK(client.ReadUntilClose() == std::optional<std::string>(""));

  auto held = test->handler->TakeHeld();
  held[0].second.Send(std::move(held[0].first));
  test.reset();
  held[1].second.Send(std::move(held[1].first));
}

TEST_CASE("a responder dropped after the front is gone does nothing") {
  auto test = std::make_unique<TestFront>();
  auto client = test->Connect();
  client.SendAll(Post("/hold", "1"));
  REQUIRE(Eventually([&] { return test->handler->held() == 1; }));
  auto held = test->handler->TakeHeld();
  test.reset();
  held.clear();
}

TEST_CASE("a large answer is sent to its end while stopping") {
  FrontOptions options = TestOptions();
  options.max_output_bytes = 16 * 1024 * 1024;
  const TestFront test(options);
  support::TcpClient client;
  client.set_receive_buffer(4096);
  REQUIRE(client.Connect("127.0.0.1", test.port));
  client.SendAll("GET /big/6000000 HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(Eventually([&] { return test.handler->seen().size() == 1; }));
  bool all_answered = false;
  std::thread stopper([&] { all_answered = test.front->Stop(60000); });
  const auto response = client.ReadHttpResponse(kPatience);
  stopper.join();
  REQUIRE(response);
  CHECK(response->body.size() == 6000000);
  CHECK(all_answered);
}

TEST_CASE("a port given back by stopping can be taken again at once") {
  std::uint16_t port = 0;
  for (int i = 0; i < 5; ++i) {
    FrontOptions options = TestOptions();
    if (port != 0) options.listen = {"127.0.0.1:" + std::to_string(port)};
    const TestFront test(options);
    port = test.port;
    auto client = test.Connect();
    CHECK(Exchange(&client, Post("/now", "x")) == "echo:x");
    test.front->Stop(0);
  }
}

TEST_CASE("stopping under load neither hangs nor crashes, and no answer arrives in part") {
  for (int round = 0; round < 10 * SoakScale(); ++round) {
    FrontOptions options = TestOptions();
    options.threads = 2;
    TestFront test(options);
    std::atomic<bool> done{false};
    std::atomic<int> answered{0};
    std::atomic<int> wrong{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&, i] {
        for (int number = 0; !done; ++number) {
          support::TcpClient client;
          if (!client.Connect("127.0.0.1", test.port)) continue;
          for (int k = 0; k < 20 && client.connected(); ++k) {
            const std::string payload = std::to_string(i) + "-" + std::to_string(number) + "-" + std::to_string(k);
            if (!client.SendAll(Post(k % 2 == 0 ? "/later" : "/now", payload))) break;
            const auto response = client.ReadHttpResponse();
            if (!response) break;
            ++answered;
            if (response->body != "echo:" + payload) ++wrong;
            if (response->Header("Connection") != nullptr) break;
          }
        }
      });
    }
    CHECK(Eventually([&] { return answered > 50; }));
    const bool patient = round % 2 == 0;
    const bool all_answered = test.front->Stop(patient ? 60000 : 0);
    if (patient) CHECK(all_answered);
    done = true;
    for (auto& client : clients) client.join();
    CHECK(wrong == 0);
    CHECK(test.front->counters().open == 0);
  }
}

TEST_CASE("the ops port says whether the process runs and whether it is ready") {
  std::mutex mutex;
  std::string reason;
  const auto handler = std::make_shared<OpsHandler>([&] {
    const std::lock_guard lock(mutex);
    if (reason == "throw") throw std::runtime_error("the check failed");
    return reason;
  });
  FrontOptions options;
  options.listen = {"127.0.0.1:0"};
  Front front(options, handler);
  REQUIRE(front.Start().empty());
  support::TcpClient client;
  REQUIRE(client.Connect("127.0.0.1", front.ports()[0]));
  const auto ask = [&](const std::string& line) {
    client.SendAll(line + " HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto response = client.ReadHttpResponse();
    return response ? std::to_string(response->status) + " " + response->body : client.last_error();
  };
  CHECK(ask("GET /healthz") == "200 {\"status\":\"ok\"}");
  CHECK(ask("GET /readyz?verbose") == "200 {\"status\":\"ready\"}");
  CHECK(ask("POST /healthz") == "404 {\"status\":\"not found\"}");
  CHECK(ask("GET /") == "404 {\"status\":\"not found\"}");
  const auto become = [&](const std::string& said) {
    const std::lock_guard lock(mutex);
    reason = said;
  };
  become("throw");
  CHECK(ask("GET /readyz") == "503 {\"status\":\"not ready\",\"reason\":\"the check failed\"}");
  become("the database does not answer");
  CHECK(ask("GET /readyz") == "503 {\"status\":\"not ready\",\"reason\":\"the database does not answer\"}");
  CHECK(ask("GET /healthz") == "200 {\"status\":\"ok\"}");
}

}  // namespace
}  // namespace multihub::http
