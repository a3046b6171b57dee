// Every client gets its own answers, whatever others do: honest clients with payloads nobody else sends, beside
// clients that reset their connections at every point of an exchange, so that socket numbers are reused all the time.
#include <optional>

#include "front/harness.h"
#include "support/proxies.h"

namespace multihub::http {
namespace {

constexpr int kHonest = 6;
constexpr int kAborting = 3;
constexpr int kAnswersEach = 5000;

struct Tally {
  std::atomic<int> right{0};
  std::atomic<int> wrong{0};
  std::atomic<int> missing{0};
  std::atomic<int> aborted{0};
  std::atomic<bool> done{false};
};

std::string Payload(std::mt19937* random, const std::string& who, int number) {
  return who + ":" + std::to_string(number) + ":" +
         std::string((*random)() % 700, static_cast<char>('a' + number % 26));
}

std::string RequestFor(std::mt19937* random, const std::string& payload) {
  const std::string path = (*random)() % 2 == 0 ? "/now" : "/later";
  if ((*random)() % 4 != 0) return Post(path, payload);
  char size[24];
  std::snprintf(size, sizeof size, "%zx", payload.size());
  return "POST " + path + " HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n" + size + "\r\n" + payload +
         "\r\n0\r\n\r\n";
}

// Several requests at once, in one connection or a new one, and then as many answers.
void RunHonest(std::uint16_t port, int index, int answers, Tally* tally) {
  std::mt19937 random(static_cast<unsigned>(index));
  support::TcpClient client;
  int number = 0;
  while (number < answers) {
    if (!client.connected() || random() % 50 == 0) {
      if (!client.Connect("127.0.0.1", port)) {
        ++tally->missing;
        ++number;
        continue;
      }
    }
    std::vector<std::string> payloads;
    std::string bytes;
    const int burst = std::min(answers - number, random() % 3 == 0 ? 1 + static_cast<int>(random() % 5) : 1);
    for (int i = 0; i < burst; ++i) {
      payloads.push_back(Payload(&random, "honest" + std::to_string(index), number++));
      bytes += RequestFor(&random, payloads.back());
    }
    client.SendAll(bytes);
    for (const std::string& payload : payloads) {
      const auto response = client.ReadHttpResponse(kPatience);
      if (!response) {
        ++tally->missing;
        client.Close();
      } else if (response->status != 200 || response->body != "echo:" + payload) {
        ++tally->wrong;
        client.Close();
      } else {
        ++tally->right;
      }
    }
  }
}

void RunAborting(std::uint16_t port, int index, Tally* tally) {
  std::mt19937 random(1000 + static_cast<unsigned>(index));
  for (int number = 0; !tally->done; ++number) {
    support::TcpClient client;
    if (!client.Connect("127.0.0.1", port)) continue;
    std::string bytes;
    for (unsigned i = 0; i <= random() % 4; ++i) {
      bytes += RequestFor(&random, Payload(&random, "aborting" + std::to_string(index), number));
    }
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    if (!bytes.empty()) client.SendAll(bytes);
    if (random() % 3 == 0) client.ReadSome(1 + random() % 100, Milliseconds(random() % 3));
    client.Abort();
    ++tally->aborted;
  }
}

void RunStorm(std::uint16_t port) {
  Tally tally;
  const int each = kAnswersEach * SoakScale() / kHonest + 1;
  std::vector<std::thread> aborting;
  for (int i = 0; i < kAborting; ++i) aborting.emplace_back([port, i, &tally] { RunAborting(port, i, &tally); });
  std::vector<std::thread> honest;
  for (int i = 0; i < kHonest; ++i) honest.emplace_back([port, i, each, &tally] { RunHonest(port, i, each, &tally); });
  for (auto& thread : honest) thread.join();
  tally.done = true;
  for (auto& thread : aborting) thread.join();

  CHECK(tally.wrong == 0);
  CHECK(tally.missing == 0);
  CHECK(tally.right == each * kHonest);
  CHECK(tally.aborted > 0);
  WARN(tally.right << " right answers, " << tally.wrong << " wrong, " << tally.missing << " missing, beside "
                   << tally.aborted << " aborted connections");
}

TEST_CASE("nobody gets another client's answer, directly") {
  FrontOptions options = TestOptions();
  options.threads = 2;
  const TestFront test(options);
  RunStorm(test.port);
  CHECK(Eventually([&] { return test.front->counters().open == 0; }));
}

TEST_CASE("nobody gets another client's answer through nginx, which shares its connections between clients") {
  const TestFront test;
  const support::NginxProxy proxy(test.port);
  RunStorm(proxy.port());
}

TEST_CASE("nobody gets another client's answer through HAProxy, which shares its connections between clients") {
  const TestFront test;
  const support::HaproxyProxy proxy(test.port);
  RunStorm(proxy.port());
}

}  // namespace
}  // namespace multihub::http
