#include "multihub/webhooks/target_check.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

namespace multihub::webhooks {
namespace {

constexpr std::chrono::seconds kHangGuard{60};
constexpr std::int64_t kLongMs = 600'000;

std::vector<base::IpAddress> Addresses(const std::vector<std::string>& texts) {
  std::vector<base::IpAddress> addresses;
  for (const std::string& text : texts) addresses.push_back(*base::IpAddress::Parse(text));
  return addresses;
}

std::vector<base::IpAddress> Resolve(const std::string& host) {
  if (host == "public.example") return Addresses({"93.184.215.14", "2606:2800:21f:cb07::1"});
  if (host == "inside.example") return Addresses({"10.0.0.1"});
  if (host == "mixed.example") return Addresses({"93.184.215.14", "127.0.0.1"});
  if (host == "mapped.example") return Addresses({"::ffff:169.254.169.254"});
  return {};
}

// Keeps every lookup waiting until it is opened.
class Gate : public std::enable_shared_from_this<Gate> {
 public:
  // Keeps the gate: a lookup may outlive who asked for it.
  net::Resolver Resolver() {
    return [gate = shared_from_this()](const std::string& host) {
      std::unique_lock lock(gate->mutex_);
      ++gate->inside_;
      gate->changed_.notify_all();
      gate->changed_.wait(lock, [&] { return gate->open_; });
      return Resolve(host);
    };
  }
  bool WaitInside(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kHangGuard, [&] { return inside_ >= count; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t inside_ = 0;
  bool open_ = false;
};

struct Answer {
  std::promise<std::optional<std::string>> promise;
  std::future<std::optional<std::string>> future = promise.get_future();
  TargetCheck::Done Into() {
    return [this](std::optional<std::string> problem) { promise.set_value(std::move(problem)); };
  }
  std::optional<std::string> Wait() {
    REQUIRE(future.wait_for(kHangGuard) == std::future_status::ready);
    return future.get();
  }
};

TEST_CASE("one address that may not be called refuses a URL, and a name without any passes") {
  struct Row {
    std::string url;
    bool passes;
  };
  const std::vector<Row> table = {
      {"https://public.example/hook", true},
      {"https://inside.example/", false},
      {"https://mixed.example/", false},
      {"https://mapped.example/", false},
      {"https://nowhere.example/", true},
      {"https://93.184.215.14/", true},
      {"https://10.0.0.1/", false},
      {"https://[::1]/", false},
      {"https://[2606:2800:21f:cb07::1]/", true},
  };
  TargetCheck check({}, &Resolve, kLongMs);
  for (const Row& row : table) {
    INFO(row.url);
    const auto problem = JudgeTarget(row.url, {}, &Resolve);
    CHECK(problem.has_value() != row.passes);
    if (problem) CHECK(*problem == "must lead to public addresses only");
    Answer answer;
    check.Judge(row.url, answer.Into());
    CHECK(answer.Wait() == problem);
  }
}

TEST_CASE("a policy opens what it names") {
  CHECK_FALSE(JudgeTarget("https://mixed.example/", {.allow_loopback = true}, &Resolve).has_value());
  CHECK(JudgeTarget("https://inside.example/", {.allow_loopback = true}, &Resolve).has_value());
  CHECK_FALSE(JudgeTarget("https://inside.example/", {.allow_private = true}, &Resolve).has_value());
}

TEST_CASE("a name that does not resolve in time passes, and its late answer is nobody's") {
  const auto gate = std::make_shared<Gate>();
  {
    TargetCheck check({}, gate->Resolver(), 20);
    Answer first, second;
    check.Judge("https://inside.example/", first.Into());
    CHECK_FALSE(first.Wait().has_value());
    check.Judge("https://inside.example/", second.Into());
    CHECK_FALSE(second.Wait().has_value());
    REQUIRE(gate->WaitInside(2));
    gate->Open();
  }
  // Resolvers that were left behind have what they need.
  Answer third;
  TargetCheck check({}, gate->Resolver(), kLongMs);
  check.Judge("https://inside.example/", third.Into());
  CHECK(third.Wait().has_value());
}

TEST_CASE("names beyond those that are being resolved pass at once") {
  const auto gate = std::make_shared<Gate>();
  TargetCheck check({}, gate->Resolver(), kLongMs);
  std::vector<Answer> answers(TargetCheck::kMostAtOnce);
  for (Answer& answer : answers) check.Judge("https://inside.example/", answer.Into());
  REQUIRE(gate->WaitInside(TargetCheck::kMostAtOnce));
  Answer more;
  check.Judge("https://inside.example/", more.Into());
  CHECK_FALSE(more.Wait().has_value());
  gate->Open();
  for (Answer& answer : answers) CHECK(answer.Wait().has_value());
}

TEST_CASE("nothing is answered after the end, and the end does not wait for a resolver") {
  const auto gate = std::make_shared<Gate>();
  bool answered = false;
  {
    TargetCheck check({}, gate->Resolver(), kLongMs);
    check.Judge("https://inside.example/", [&](const std::optional<std::string>&) { answered = true; });
    REQUIRE(gate->WaitInside(1));
  }
  gate->Open();
  CHECK_FALSE(answered);
}

}  // namespace
}  // namespace multihub::webhooks
