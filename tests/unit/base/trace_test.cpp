#include "multihub/base/trace.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "multihub/base/ids.h"

namespace multihub::base {
namespace {

const std::string kId = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kParent = "00f067aa0ba902b7";
const std::string kGood = "00-" + kId + "-" + kParent + "-01";

std::optional<Trace> Read(const std::string& traceparent, const std::optional<std::string>& tracestate = std::nullopt) {
  return ReadTrace(traceparent, tracestate);
}

std::string StateOf(const std::string& tracestate) {
  const auto trace = Read(kGood, tracestate);
  REQUIRE(trace);
  CHECK(trace->id.Hex() == kId);
  return trace->state;
}

TEST_CASE("a traceparent of version 00 says id and sampled") {
  const auto trace = Read(kGood);
  REQUIRE(trace);
  CHECK(trace->id.Hex() == kId);
  CHECK(trace->sampled);
  CHECK(trace->state.empty());
  CHECK_FALSE(Read("00-" + kId + "-" + kParent + "-00")->sampled);
  // Flags nobody has named yet.
  CHECK(Read("00-" + kId + "-" + kParent + "-ff")->sampled);
  CHECK_FALSE(Read("00-" + kId + "-" + kParent + "-fe")->sampled);
  CHECK(Read("00-" + std::string(31, '0') + "1-" + std::string(15, '0') + "1-01"));
}

TEST_CASE("a traceparent that the standard does not allow is none") {
  const std::string tail = "-" + kId + "-" + kParent + "-01";
  const std::string rows[] = {
      "",
      "00",
      kGood.substr(0, 54),
      kGood + " ",
      " " + kGood,
      kGood + "-",
      kGood + "-00",
      kGood + "0",
      kGood + "," + kGood,
      kGood + ", " + kGood,
      "ff" + tail,
      "FF" + tail,
      "0" + tail,
      "000" + tail,
      ".0" + tail,
      "0A" + tail,
      "00-" + std::string(32, '0') + "-" + kParent + "-01",
      "00-" + kId + "-" + std::string(16, '0') + "-01",
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kParent + "-01",
      "00-" + kId + "-00F067AA0BA902B7-01",
      "00-" + kId + "-" + kParent + "-0A",
      "00-" + kId + "-" + kParent + "-0",
      "00-" + kId + "-" + kParent + "-001",
      "00-" + kId + "-" + kParent + "-.1",
      "00-" + kId.substr(1) + "-" + kParent + "-01",
      "00-" + kId + "0-" + kParent + "-01",
      "00-" + kId + "-" + kParent.substr(1) + "-01",
      "00-" + kId + "-" + kParent + "0-01",
      "00_" + kId + "-" + kParent + "-01",
      "00-" + kId + "_" + kParent + "-01",
      "00-" + kId + "-" + kParent + "_01",
      "00-4bf92f3577b34da6a3ce929d0e0e473g-" + kParent + "-01",
      "00-" + kId + "-00f067aa0ba902bg-01",
      "00-" + kId + "-00f067aa0ba902b\xc3-01",
  };
  for (const std::string& row : rows) {
    INFO(row);
    CHECK_FALSE(Read(row, "vendor=1"));
  }
  CHECK_FALSE(ReadTrace(std::nullopt, "vendor=1"));
}

TEST_CASE("of a version above 00 what 00 has is taken") {
  for (const char* version : {"01", "0a", "cc", "fe"}) {
    const std::string later = version + kGood.substr(2);
    INFO(later);
    CHECK(Read(later)->id.Hex() == kId);
    CHECK(Read(later)->sampled);
    CHECK(Read(later + "-what-the-future-brings"));
    CHECK(Read(later + "-"));
    CHECK_FALSE(Read(later + "."));
    CHECK_FALSE(Read(later + "x"));
    CHECK_FALSE(Read(later + ", " + later));
    CHECK_FALSE(Read(later.substr(0, 54)));
    CHECK_FALSE(Read(std::string(version) + "-" + std::string(32, '0') + kGood.substr(35)));
  }
  // What goes out is 00 again, with no flag but sampled.
  SeededRandom random(1);
  const std::string out = Traceparent(*Read("cc-" + kId + "-" + kParent + "-ff-x"), random);
  CHECK(out.substr(0, 36) == "00-" + kId + "-");
  CHECK(out.substr(52) == "-01");
}

TEST_CASE("a tracestate is kept as it came, without blanks and empty members") {
  CHECK(StateOf("rojo=00f067aa0ba902b7") == "rojo=00f067aa0ba902b7");
  CHECK(StateOf("rojo=1,congo=t61rcWkgMzE") == "rojo=1,congo=t61rcWkgMzE");
  CHECK(StateOf(" rojo=1 ,\t congo=2\t, ,,") == "rojo=1,congo=2");
  CHECK(StateOf("fw529a3039@dt=FfffffCs+9:;<>@[]{}|~!") == "fw529a3039@dt=FfffffCs+9:;<>@[]{}|~!");
  CHECK(StateOf("0tenant/x@s-y_*=a b") == "0tenant/x@s-y_*=a b");
  CHECK(StateOf("k= a") == "k= a");
  CHECK(StateOf("").empty());
  CHECK(StateOf(" , ,").empty());
  const std::string widest = std::string(256, 'k') + "=" + std::string(255, 'v');
  CHECK(StateOf(widest) == widest);
  const std::string tenant = std::string(241, 't') + "@" + std::string(14, 's') + "=" + std::string(200, 'v');
  CHECK(StateOf(tenant) == tenant);
}

TEST_CASE("a tracestate with anything wrong in it is dropped as a whole, and the trace stays") {
  const std::string rows[] = {"rojo",
                              "=1",
                              "rojo=",
                              "rojo=1,rojo=2",
                              "rojo=1, congo",
                              "rojo=1,congo=a=b",
                              "Rojo=1",
                              "1rojo=1",
                              "_rojo=1",
                              "ro jo=1",
                              "rojo =1",
                              "ro.jo=1",
                              "@dt=1",
                              "t@=1",
                              "t@1d=1",
                              "t@dt@x=1",
                              "T@dt=1",
                              "rojo=\x01",
                              "rojo=\xc3\xa9",
                              "rojo=a\tb",
                              std::string(257, 'k') + "=1",
                              std::string(242, 't') + "@s=1",
                              "t@" + std::string(15, 's') + "=1",
                              "k=" + std::string(257, 'v')};
  for (const std::string& row : rows) {
    INFO(row);
    CHECK(StateOf(row).empty());
  }
  std::string members;
  for (int i = 0; i < 32; ++i) members += "k" + std::to_string(i) + "=1,";
  CHECK_FALSE(StateOf(members).empty());
  CHECK(StateOf(members + "more=1").empty());
}

TEST_CASE("a tracestate that is too long loses its long members, then its end") {
  const std::string large = "large=" + std::string(200, 'x');
  std::string list = "first=1," + large;
  for (int i = 0; i < 10; ++i) list += ",k" + std::to_string(i) + "=" + std::string(37, 'v');
  CHECK(StateOf(list) == "first=1," + list.substr(list.find("k0=")));
  for (int i = 10; i < 20; ++i) list += ",k" + std::to_string(i) + "=" + std::string(37, 'v');
  const std::string kept = StateOf(list);
  CHECK(kept.size() <= kMaxTraceState);
  CHECK(kept.size() > kMaxTraceState - 42);
  CHECK(kept.find("large") == std::string::npos);
  CHECK(kept == ("first=1," + list.substr(list.find("k0="))).substr(0, kept.size()));
  CHECK(kept.back() == 'v');
  CHECK(kept.size() % 41 != 0);
}

TEST_CASE("a trace that begins here has the digits of the request's id") {
  SeededRandom random(1);
  const std::string uuid = NewUuid(random);
  std::string digits = uuid;
  std::erase(digits, '-');
  const Trace trace = BeginTrace(uuid);
  CHECK(trace.id.Hex() == digits);
  CHECK(trace.sampled);
  CHECK(trace.given());
  CHECK_FALSE(BeginTrace(random).id == BeginTrace(random).id);
}

TEST_CASE("every request of a trace has a parent id of its own, and is read as it was written") {
  SeededRandom random(1);
  Trace trace = *Read(kGood, "rojo=1");
  std::set<std::string> parents;
  for (int i = 0; i < 100; ++i) {
    const std::string text = Traceparent(trace, random);
    REQUIRE(Read(text, "rojo=1") == trace);
    parents.insert(text.substr(36, 16));
  }
  CHECK(parents.size() == 100);
  CHECK(parents.count(kParent) == 0);
  trace.sampled = false;
  CHECK(Read(Traceparent(trace, random), "rojo=1") == trace);
}

TEST_CASE("a parent id is never all zero") {
  class ZeroFirst final : public Random {
   public:
    void Fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), calls_++ == 0 ? 0 : 7); }

   private:
    int calls_ = 0;
  } random;
  CHECK(Traceparent(*Read(kGood), random) == "00-" + kId + "-0707070707070707-01");
}

TEST_CASE("a trace is kept and found again") {
  for (const char* state : {"", "rojo=1", "rojo=1,congo=a b"}) {
    Trace trace = *Read(kGood, state);
    CHECK(ParseStoredTrace(StoredTrace(trace)) == trace);
    trace.sampled = false;
    CHECK(ParseStoredTrace(StoredTrace(trace)) == trace);
  }
  CHECK(StoredTrace(*Read(kGood)) == kId + "-01");
  CHECK(StoredTrace(*Read(kGood, "rojo=1")) == kId + "-01 rojo=1");
  CHECK(StoredTrace(Trace()).empty());
  for (const std::string& text : {std::string(), std::string("x"), kId, kId + "-", kId + "-0", kId + "-0x",
                                  kId + "-011", kId + "_01", "g" + kId.substr(1) + "-01"}) {
    INFO(text);
    CHECK_FALSE(ParseStoredTrace(text).given());
  }
}

}  // namespace
}  // namespace multihub::base
