// What the cases say about the project is so: the clauses they prove stand in its documents, and the codes they leave
// out are proved where they say.
#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <string>

#include "conformance/case_loader.h"
#include "conformance/coverage.h"
#include "multihub/errors/code.h"
#include "unit/conformance/documents_fixture.h"

namespace multihub::conformance {
namespace {

std::vector<Case> Cases() {
  auto cases = LoadAllCases("");
  REQUIRE(cases.ok());
  return std::move(cases).value();
}

TEST_CASE("every case names a heading of the documents") {
  std::map<std::string, std::set<std::string>> pages;
  for (const Case& one : Cases()) {
    const std::string page = one.clause.substr(0, one.clause.find('#'));
    const auto [known, fresh] = pages.emplace(page, std::set<std::string>());
    if (fresh) known->second = AnchorsOf(page);
    INFO(one.file << ":" << one.line << ": " << one.clause);
    CHECK(known->second.count(one.clause.substr(page.size() + 1)) == 1);
  }
}

TEST_CASE("every code has a case, is reserved, or is proved by a test that exists") {
  std::set<int> with_case;
  for (const Case& one : Cases()) {
    const std::set<int> codes = one.Codes();
    with_case.insert(codes.begin(), codes.end());
  }
  std::set<int> elsewhere;
  for (const ProvedElsewhere& proof : CodesProvedElsewhere()) {
    INFO(proof.file << ": " << proof.test);
    CHECK(std::string(proof.file).starts_with("tests/functional/"));
    CHECK(HasTest(proof.file, proof.test));
    CHECK(std::string(proof.test).find(std::to_string(proof.code)) != std::string::npos);
    CHECK(with_case.count(proof.code) == 0);
    elsewhere.insert(proof.code);
  }
  for (const errors::CatalogueRow& row : errors::Catalogue()) {
    const int code = static_cast<int>(row.code);
    INFO(code);
    CHECK((with_case.count(code) == 1 || elsewhere.count(code) == 1 || !row.reserved.empty()));
  }
  CHECK(with_case.count(7000) == 1);
  for (const int code : with_case) {
    INFO(code);
    bool known = false;
    for (const errors::CatalogueRow& row : errors::Catalogue()) known = known || static_cast<int>(row.code) == code;
    CHECK(known);
  }
}

TEST_CASE("a test that is named wrongly proves nothing") {
  const ProvedElsewhere& proof = CodesProvedElsewhere().front();
  CHECK(HasTest(proof.file, proof.test));
  CHECK_FALSE(HasTest(proof.file, std::string(proof.test) + "x"));
  CHECK_FALSE(HasTest("another_test.cpp", proof.test));
  // The name stands there, but not as a test's.
  CHECK_FALSE(HasTest("src/conformance/coverage.cpp", proof.test));
  CHECK_FALSE(HasTest(proof.file, "support/gateway_fixture.h"));
}

TEST_CASE("outside of the limit cases one run calls payment.notification and its twin at most four times") {
  int calls = 0;
  for (const Case& one : Cases()) {
    if (one.last) continue;
    for (const Step& step : one.steps) {
      const bool refused_before =
          step.sign != SignFault::kNone || step.verb != "POST" || step.expect.is_signed == SignedAnswer::kNo;
      const bool twin = step.path.find("/webhook/resend") != std::string::npos;
      const bool method =
          step.request && RenderJson(*step.request).find("\"payment.notification\"") != std::string::npos;
      if (!refused_before && (twin || method)) ++calls;
    }
  }
  CHECK(calls == 4);
}

TEST_CASE("a published case asks for no number that only this project uses") {
  for (const Case& one : Cases()) {
    if (one.contract != Contract::kPublished) continue;
    for (const int code : one.Codes()) {
      INFO(one.id);
      CHECK((code <= 3003 || code == 6010));
    }
  }
}

TEST_CASE("cases that are safe for merchants need no balance and no simulator") {
  for (const Case& one : Cases()) {
    INFO(one.id);
    if (one.profile == Profile::kMerchant) {
      CHECK(one.needs.empty());
      CHECK(one.locks.empty());
      for (const Step& step : one.steps) CHECK(step.at_once == 1);
    }
  }
}

}  // namespace
}  // namespace multihub::conformance
