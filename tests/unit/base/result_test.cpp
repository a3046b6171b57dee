#include "multihub/base/result.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "multihub/base/check.h"
#include "unit/base/expect_abort.h"

namespace multihub::base {
namespace {

struct Error {
  int number;
};
using IntResult = Result<int, Error>;

IntResult Half(int number) {
  if (number % 2 != 0) return Fail(Error{number});
  return number / 2;
}

TEST_CASE("a result holds the value or the error") {
  const IntResult good = Half(8);
  CHECK(good.ok());
  CHECK(static_cast<bool>(good));
  CHECK(good.value() == 4);
  CHECK(*good == 4);

  const IntResult bad = Half(7);
  CHECK_FALSE(bad.ok());
  CHECK_FALSE(static_cast<bool>(bad));
  CHECK(bad.error().number == 7);
}

TEST_CASE("a result whose value and error have one type keeps them apart") {
  const Result<std::string, std::string> good(std::string("text"));
  const Result<std::string, std::string> bad = Fail(std::string("text"));
  CHECK(good.ok());
  CHECK_FALSE(bad.ok());
  CHECK(bad.error() == "text");
}

TEST_CASE("a result gives up what can only be moved") {
  Result<std::unique_ptr<int>, Error> result(std::make_unique<int>(5));
  std::unique_ptr<int> taken = std::move(result).value();
  CHECK(*taken == 5);

  Result<int, std::unique_ptr<int>> failure = Fail(std::make_unique<int>(6));
  std::unique_ptr<int> error = std::move(failure).error();
  CHECK(*error == 6);
}

TEST_CASE("a result's value can be changed and reached through the arrow") {
  Result<std::string, Error> result(std::string("a"));
  result.value() += "b";
  result->append("c");
  const auto& constant = result;
  CHECK(constant->size() == 3);
  CHECK(*constant == "abc");
}

TEST_CASE("fail copies an lvalue and leaves it alone") {
  const std::string reason = "reason";
  const Result<Unit, std::string> result = Fail(reason);
  CHECK(result.error() == "reason");
  CHECK(reason == "reason");
}

TEST_CASE("the value of a failure and the error of a success abort") {
  CHECK(Aborts([] { static_cast<void>(Half(7).value()); }));
  CHECK(Aborts([] { static_cast<void>(*Half(7)); }));
  CHECK(Aborts([] { static_cast<void>(Half(8).error()); }));
  CHECK(Aborts([] {
    const IntResult bad = Half(7);
    static_cast<void>(bad.value());
  }));
  CHECK_FALSE(Aborts([] { static_cast<void>(Half(8).value()); }));
  CHECK_FALSE(Aborts([] { static_cast<void>(Half(7).error()); }));
}

TEST_CASE("a check that holds does nothing and evaluates its condition once") {
  int evaluations = 0;
  MULTIHUB_CHECK(++evaluations == 1);
  CHECK(evaluations == 1);
}

TEST_CASE("a check that does not hold aborts") {
  CHECK(Aborts([] { MULTIHUB_CHECK(1 + 1 == 3); }));
}

}  // namespace
}  // namespace multihub::base
