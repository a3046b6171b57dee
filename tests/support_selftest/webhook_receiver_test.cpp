#include "support/webhook_receiver.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>
#include <thread>

#include "support/signed_client.h"
#include "support/tcp_client.h"

using namespace multihub::support;
using namespace std::chrono_literals;

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;
using Clock = std::chrono::steady_clock;

constexpr auto kLong = 1h;  // a pause whose end no test sees

std::string Post(const std::string& path, const std::string& body = "{}", const Headers& headers = {}) {
  return HttpRequest("POST", path, headers, body);
}

// A connection to a receiver.
struct Client : TcpClient {
  explicit Client(const WebhookReceiver& receiver) { REQUIRE(Connect("127.0.0.1", receiver.port())); }

  // The status of the answer; 0 when there was none.
  int Status(const std::string& request) {
    REQUIRE(SendAll(request));
    const auto response = ReadHttpResponse();
    return response ? response->status : 0;
  }
};

bool Answers(const WebhookReceiver& receiver) { return Client(receiver).Status(Post("/another")) == 200; }

}  // namespace

TEST_CASE("a receiver records a request as it was sent") {
  WebhookReceiver receiver;
  Client client(receiver);
  const std::string body("\0{\"a\":\"€\"}\r\n\r\n", 16);
  const auto before = Clock::now();
  REQUIRE(client.Status("POST /hook?x=1 HTTP/1.1\r\nHost: shop\r\nwebhook-id:  a b \r\nX-Twice: 1\r\nx-twice: 2\r\n"
                        "content-length: 16\r\n\r\n" +
                        body) == 200);
  const auto requests = receiver.Received();
  REQUIRE(requests.size() == 1);
  const ReceivedRequest& request = requests[0];
  CHECK(request.method == "POST");
  CHECK(request.path == "/hook?x=1");
  CHECK(request.headers ==
        Headers{{"Host", "shop"}, {"webhook-id", "a b"}, {"X-Twice", "1"}, {"x-twice", "2"}, {"content-length", "16"}});
  CHECK(request.body == body);
  CHECK(request.connection == 1);
  CHECK(request.at >= before);
  CHECK(request.at <= Clock::now());
  REQUIRE(request.Header("Webhook-Id") != nullptr);
  CHECK(*request.Header("Webhook-Id") == "a b");
  CHECK(*request.Header("X-TWICE") == "1");
  CHECK(request.Header("X-Absent") == nullptr);
}

TEST_CASE("the address of a path is an URL") {
  WebhookReceiver receiver;
  CHECK(receiver.Url("/hook") == "http://127.0.0.1:" + std::to_string(receiver.port()) + "/hook");
  CHECK(receiver.UrlV6() == "http://[::1]:" + std::to_string(receiver.port()) + "/");
}

TEST_CASE("a request is the same however it was cut, and requests sent together are answered in order") {
  WebhookReceiver receiver;
  receiver.OnAnyOther([](const ReceivedRequest& request) { return Reaction::Answer(200, "for " + request.body); });
  Client client(receiver);
  REQUIRE(client.SendByteByByte(Post("/cut", "first")));
  CHECK(client.ReadHttpResponse()->body == "for first");
  REQUIRE(client.SendAll(Post("/a", "second") + Post("/b", "") + Post("/c", "fourth")));
  CHECK(client.ReadHttpResponse()->body == "for second");
  CHECK(client.ReadHttpResponse()->body == "for ");
  CHECK(client.ReadHttpResponse()->body == "for fourth");
  CHECK(receiver.accepted_connections() == 1);
  CHECK(receiver.count() == 4);
}

TEST_CASE("connections are kept, counted and told apart") {
  WebhookReceiver receiver;
  CHECK(receiver.accepted_connections() == 0);
  Client first(receiver);
  REQUIRE(first.Status(Post("/")) == 200);
  {
    Client second(receiver);
    REQUIRE(second.Status(Post("/")) == 200);
    REQUIRE(first.Status(Post("/")) == 200);
    CHECK(receiver.open_connections() == 2);
  }
  const auto requests = receiver.Received();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].connection == 1);
  CHECK(requests[1].connection == 2);
  CHECK(requests[2].connection == 1);
  CHECK(receiver.WaitForOpenConnections(1));
  CHECK(receiver.accepted_connections() == 2);
}

TEST_CASE("a client that wants the connection closed gets it closed after the answer") {
  const auto request =
      GENERATE(as<std::string>(), "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n");
  WebhookReceiver receiver;
  Client client(receiver);
  CHECK(client.Status(request) == 200);
  CHECK(client.IsClosedByPeer(kDefaultTimeout));
  CHECK_FALSE(client.was_reset());
}

TEST_CASE("an answer has the status, headers and body it was told") {
  WebhookReceiver receiver;
  receiver.On("/hook", Reaction::Answer(503, "later", {{"Retry-After", "120"}, {"Location", "/elsewhere"}}));
  receiver.On("/nothing", Reaction::Answer(204));
  Client client(receiver);
  REQUIRE(client.SendAll(Post("/hook")));
  const auto response = client.ReadHttpResponse();
  REQUIRE(response.has_value());
  CHECK(response->status == 503);
  CHECK(response->headers == Headers{{"Retry-After", "120"}, {"Location", "/elsewhere"}, {"Content-Length", "5"}});
  CHECK(response->body == "later");
  CHECK(client.Status(Post("/nothing")) == 204);
  CHECK(client.Status(Post("/other")) == 200);
}

TEST_CASE("each path has its own list of reactions, whose last stays") {
  WebhookReceiver receiver;
  receiver.On("/a", {Reaction::Answer(500), Reaction::Answer(429), Reaction::Answer(201)});
  receiver.On("/b", Reaction::Answer(410));
  Client client(receiver);
  CHECK(client.Status(Post("/a")) == 500);
  CHECK(client.Status(Post("/b")) == 410);
  CHECK(client.Status(Post("/a?query=does&not=matter")) == 429);
  CHECK(client.Status(Post("/a")) == 201);
  CHECK(client.Status(Post("/a")) == 201);
  CHECK(client.Status(Post("/b")) == 410);
  receiver.On("/a", Reaction::Answer(202));
  CHECK(client.Status(Post("/a")) == 202);
  CHECK_THROWS_AS(receiver.On("/a", std::vector<Reaction>{}), std::invalid_argument);
}

TEST_CASE("a function sees the request it decides about and may ask the receiver") {
  WebhookReceiver receiver;
  receiver.On("/hook", [&](const ReceivedRequest& request) {
    return Reaction::Answer(request.body == "good" ? 200 : 500, std::to_string(receiver.count()));
  });
  Client client(receiver);
  CHECK(client.Status(Post("/hook", "bad")) == 500);
  REQUIRE(client.SendAll(Post("/hook", "good")));
  const auto response = client.ReadHttpResponse();
  REQUIRE(response.has_value());
  CHECK(response->status == 200);
  CHECK(response->body == "1");
}

TEST_CASE("a delayed answer comes, not before its time") {
  WebhookReceiver receiver;
  receiver.On("/slow", Reaction::Delayed(20ms, 202));
  Client client(receiver);
  CHECK(client.Status(Post("/slow")) == 202);
  CHECK(Clock::now() - receiver.Received().at(0).at >= 20ms);
  CHECK(client.Status(Post("/")) == 200);
}

TEST_CASE("no reaction keeps others waiting") {
  WebhookReceiver receiver;
  const auto reaction =
      GENERATE(Reaction::Delayed(kLong), Reaction::NeverAnswer(), Reaction::ByteByByte(kLong), Reaction::Endless());
  receiver.On("/hook", reaction);
  Client client(receiver);
  REQUIRE(client.SendAll(Post("/hook")));
  REQUIRE(receiver.WaitFor(1));
  CHECK(Answers(receiver));
  client.Close();
  CHECK(receiver.WaitForOpenConnections(0));
}

TEST_CASE("a request that is never answered keeps its connection, also when more comes") {
  WebhookReceiver receiver;
  receiver.On("/hook", Reaction::NeverAnswer());
  Client client(receiver);
  REQUIRE(client.SendAll(Post("/hook") + Post("/")));
  REQUIRE(receiver.WaitFor(1));
  REQUIRE(Answers(receiver));
  CHECK_FALSE(client.ReadHttpResponse(20ms).has_value());
  CHECK(client.last_error() == "recv: timeout");
  CHECK(receiver.count() == 2);
}

TEST_CASE("an answer byte by byte is whole in the end, not before its time") {
  WebhookReceiver receiver;
  Reaction reaction = Reaction::Answer(200, "drip");
  reaction.byte_interval = 1ms;
  receiver.On("/hook", reaction);
  Client client(receiver);
  REQUIRE(client.SendAll(Post("/hook")));
  const auto response = client.ReadHttpResponse();
  REQUIRE(response.has_value());
  CHECK(response->body == "drip");
  const auto pauses = std::string_view("HTTP/1.1 200 Answer\r\nContent-Length: 4\r\n\r\ndrip").size() - 1;
  CHECK(Clock::now() - receiver.Received().at(0).at >= pauses * 1ms);
}

TEST_CASE("an endless answer goes on until its client leaves") {
  WebhookReceiver receiver;
  Reaction reaction = Reaction::Endless();
  reaction.body = "again ";
  receiver.On("/hook", reaction);
  Client client(receiver);
  REQUIRE(client.SendAll(Post("/hook")));
  std::string seen;
  while (seen.size() < 4'000'000) {
    const std::string piece = client.ReadSome(1'000'000);
    REQUIRE_FALSE(piece.empty());
    seen += piece;
  }
  CHECK_THAT(seen.substr(0, 50), Catch::StartsWith("HTTP/1.1 200 Answer\r\n\r\nagain again "));
  client.Abort();
  CHECK(receiver.WaitForOpenConnections(0));
}

TEST_CASE("a connection can be closed or reset in place of an answer") {
  const bool reset = GENERATE(false, true);
  WebhookReceiver receiver;
  receiver.On("/hook", reset ? Reaction::ResetUnanswered() : Reaction::CloseUnanswered());
  Client client(receiver);
  REQUIRE(client.SendAll(Post("/hook")));
  CHECK(client.ReadUntilClose() == std::string());
  CHECK(client.was_reset() == reset);
  CHECK(receiver.count() == 1);
}

TEST_CASE("any bytes can be the answer, also half of one") {
  WebhookReceiver receiver;
  receiver.On("/garbage", Reaction::Garbage());
  Reaction half = Reaction::Garbage("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
  half.then = Reaction::Then::kHang;
  receiver.On("/half", half);
  Client client(receiver);
  REQUIRE(client.SendAll(Post("/garbage")));
  CHECK(client.ReadUntilClose() == std::string("This is no HTTP.\r\n\r\n"));
  Client other(receiver);
  REQUIRE(other.SendAll(Post("/half")));
  CHECK(other.ReadSome(100).starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("a client that waits for leave to send its body gets it once") {
  WebhookReceiver receiver;
  Client client(receiver);
  const Headers headers = {{"Expect", "100-continue"}, {"Content-Length", "4"}};
  for (int i = 1; i <= 2; ++i) {
    CHECK(client.Status(Post("/", "", headers)) == 100);
    CHECK(receiver.count() == static_cast<std::size_t>(i - 1));
    REQUIRE(client.SendByteByByte("bod"));
    CHECK(client.Status("y") == 200);
    CHECK(receiver.Received().back().body == "body");
  }
}

TEST_CASE("half a request is not recorded") {
  WebhookReceiver receiver;
  const std::string request = Post("/", "body");
  for (const std::size_t length : {std::size_t{0}, std::size_t{10}, request.size() - 1}) {
    Client client(receiver);
    REQUIRE(client.SendAll(request.substr(0, length)));
    client.ShutdownWrite();
    CHECK(client.ReadUntilClose() == std::string());
  }
  CHECK(receiver.count() == 0);
}

TEST_CASE("what is no HTTP with a length is refused and not recorded") {
  const auto request =
      GENERATE(as<std::string>(), "hello\r\n\r\n", "POST hook HTTP/1.1\r\n\r\n", "POST / HTTP/2\r\n\r\n",
               "POST / HTTP/1.1\r\nno colon\r\n\r\n", "POST / HTTP/1.1\r\n: nameless\r\n\r\n",
               "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
               "POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
               "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", std::string(70'000, 'x'));
  WebhookReceiver receiver;
  Client client(receiver);
  CHECK(client.Status(request) == 400);
  CHECK(receiver.WaitForOpenConnections(0));
  CHECK(receiver.count() == 0);
}

TEST_CASE("waiting ends with the fact or with the time") {
  WebhookReceiver receiver;
  CHECK(receiver.WaitFor(0, 0ms));
  CHECK_FALSE(receiver.WaitFor(1, 1ms));
  CHECK_FALSE(receiver.WaitForOpenConnections(1, 1ms));
  std::thread sender([&] {
    TcpClient client;
    client.Connect("127.0.0.1", receiver.port());
    for (const std::string body : {"a", "b", "c"}) {
      client.SendAll(Post("/", body));
      client.ReadHttpResponse();
    }
  });
  CHECK(receiver.WaitFor(2));
  const auto has_c = [](const WebhookReceiver::Requests& requests) {
    return !requests.empty() && requests.back().body == "c";
  };
  CHECK(receiver.WaitFor(has_c));
  CHECK(receiver.count() == 3);
  sender.join();
  CHECK_FALSE(receiver.WaitFor([](const auto& requests) { return requests.size() > 3; }, 1ms));
}

TEST_CASE("clearing forgets the requests and nothing else") {
  WebhookReceiver receiver;
  receiver.On("/hook", {Reaction::Answer(500), Reaction::Answer(201)});
  Client client(receiver);
  REQUIRE(client.Status(Post("/hook")) == 500);
  receiver.Clear();
  CHECK(receiver.count() == 0);
  CHECK(receiver.Received().empty());
  CHECK(client.Status(Post("/hook")) == 201);
  CHECK(receiver.count() == 1);
  CHECK(receiver.accepted_connections() == 1);
}

TEST_CASE("a receiver that is down refuses at its port, and comes back there") {
  WebhookReceiver receiver;
  Client client(receiver);
  REQUIRE(client.Status(Post("/")) == 200);
  receiver.GoDown();
  CHECK(client.IsClosedByPeer(kDefaultTimeout));
  CHECK(receiver.open_connections() == 0);
  TcpClient refused;
  CHECK_FALSE(refused.Connect("127.0.0.1", receiver.port()));
  receiver.GoDown();
  receiver.ComeBack();
  CHECK(Answers(receiver));
  CHECK(receiver.count() == 2);
}

TEST_CASE("a receiver goes while its clients wait") {
  TcpClient waiting;
  TcpClient reading;
  {
    WebhookReceiver receiver;
    receiver.On("/slow", Reaction::Delayed(kLong));
    receiver.On("/endless", Reaction::Endless());
    REQUIRE(waiting.Connect("127.0.0.1", receiver.port()));
    REQUIRE(reading.Connect("127.0.0.1", receiver.port()));
    REQUIRE(waiting.SendAll(Post("/slow")));
    REQUIRE(reading.SendAll(Post("/endless")));
    REQUIRE(receiver.WaitFor(2));
  }
  CHECK(waiting.ReadUntilClose() == std::string());
  CHECK(reading.ReadUntilClose().has_value());
}

TEST_CASE("a receiver can be reached by both families at one port") {
  std::unique_ptr<WebhookReceiver> receiver;
  try {
    receiver = std::make_unique<WebhookReceiver>(WebhookReceiverOptions{true});
  } catch (const std::runtime_error& no_ipv6) {
    WARN(no_ipv6.what());
    return;
  }
  CHECK(Answers(*receiver));
  TcpClient client;
  REQUIRE(client.Connect("::1", receiver->port()));
  REQUIRE(client.SendAll(Post("/v6")));
  CHECK(client.ReadHttpResponse()->status == 200);
  CHECK(receiver->Received().back().path == "/v6");
}

TEST_CASE("many clients at once are all answered and recorded") {
  constexpr int kClients = 40;
  constexpr int kEach = 25;
  WebhookReceiver receiver;
  receiver.OnAnyOther([](const ReceivedRequest& request) { return Reaction::Answer(200, request.body); });
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int number = 0; number < kClients; ++number) {
    threads.emplace_back([&, number] {
      TcpClient client;
      client.Connect("127.0.0.1", receiver.port());
      for (int i = 0; i < kEach; ++i) {
        const std::string body = std::to_string(number) + "/" + std::to_string(i);
        client.SendAll(Post("/", body));
        const auto response = client.ReadHttpResponse();
        if (response && response->body == body) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == kClients * kEach);
  CHECK(receiver.count() == kClients * kEach);
  CHECK(receiver.accepted_connections() == kClients);
}
