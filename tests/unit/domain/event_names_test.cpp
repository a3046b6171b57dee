#include "multihub/domain/event_names.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using multihub::domain::DefaultSubscription;
using multihub::domain::IsKnownEvent;
using multihub::domain::JoinFilter;
using multihub::domain::kEvents;
using multihub::domain::Matches;

TEST_CASE("the published events are known and no others") {
  const std::vector<std::string> published = {
      "payment.created",  "payment.processing", "payment.completed", "payment.failed", "payment.cancelled",
      "payment.refunded", "payout.created",     "payout.completed",  "payout.failed",  "webhook.test"};
  CHECK(kEvents.size() == published.size());
  for (const std::string& name : published) {
    INFO(name);
    CHECK(IsKnownEvent(name));
  }
  for (const std::string name :
       {"", "*", "payment", "payment.", "payment.canceled", "payout.processing", "Payment.created", "payment.created ",
        "payment.created,payment.failed", "payout.cancelled"}) {
    INFO(name);
    CHECK_FALSE(IsKnownEvent(name));
  }
}

TEST_CASE("the default subscription leaves out processing, cancelled and test") {
  CHECK(DefaultSubscription() ==
        "payment.created,payment.completed,payment.failed,payment.refunded,payout.created,payout.completed,"
        "payout.failed");
}

TEST_CASE("a filter takes the events it names") {
  struct Row {
    std::string filter, event;
    bool matches;
  };
  const Row rows[] = {
      {"", "payment.created", true},
      {"", "payout.failed", true},
      {"", "payment.processing", false},
      {"", "payment.cancelled", false},
      {"", "webhook.test", false},
      {"", "", false},
      {"*", "payment.processing", true},
      {"*", "payment.created", true},
      {"*", "", false},
      {"payment.failed", "payment.failed", true},
      {"payment.failed", "payment.fail", false},
      {"payment.failed", "payment.failed.", false},
      {"payment.failed", "payment.created", false},
      {"payment.failed", "payout.failed", false},
      {"payment.failed,payout.failed", "payout.failed", true},
      {"payment.failed,payout.failed", "payment.failed", true},
      {"payment.failed,payout.failed", "payment.failed,payout.failed", false},
      {"payment.cancelled,*", "payment.processing", true},
      {"payment.created,", "payment.created", true},
      {",", "payment.created", false},
      {",", "", false},
  };
  for (const Row& row : rows) {
    INFO("'" << row.filter << "' '" << row.event << "'");
    CHECK(Matches(row.filter, row.event) == row.matches);
  }
}

TEST_CASE("the default filter takes an event exactly when the table says so") {
  for (const auto& event : kEvents) {
    INFO(event.name);
    CHECK(Matches("", event.name) == event.by_default);
    CHECK(Matches("*", event.name));
    CHECK(Matches(event.name, event.name));
  }
}

TEST_CASE("names are joined to a filter in table order, once each") {
  using Names = std::vector<std::string>;
  CHECK(JoinFilter(Names{}) == "");
  CHECK(JoinFilter(Names{"payment.failed"}) == "payment.failed");
  CHECK(JoinFilter(Names{"payout.failed", "payment.created", "payout.failed"}) == "payment.created,payout.failed");
  CHECK(JoinFilter(Names{"payment.created", "*"}) == "*");
  CHECK(JoinFilter(Names{"*"}) == "*");
  CHECK_FALSE(JoinFilter(Names{"payment.created", "payment.paid"}).has_value());
  CHECK_FALSE(JoinFilter(Names{"*", "payment.paid"}).has_value());
  CHECK_FALSE(JoinFilter(Names{""}).has_value());
  CHECK_FALSE(JoinFilter(Names{"payment.created,payment.failed"}).has_value());
}
