#include "multihub/domain/receiver.h"

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

using multihub::domain::CheckReceiver;
using multihub::domain::Currency;
using multihub::domain::Direction;
using multihub::domain::FieldProblem;
using multihub::domain::kReceiverFieldCount;
using multihub::domain::MaskCardNumber;
using multihub::domain::PassesLuhn;
using multihub::domain::PathOf;
using multihub::domain::Receiver;
using multihub::domain::ReceiverField;
using multihub::domain::ReceiverFieldOf;
using multihub::domain::Route;

namespace {

using Field = ReceiverField;
using Fields = std::map<Field, std::string>;
using Predicate = bool (*)(std::string_view);

// A number nobody holds: a four, ones, and the check digit by hand: counted from the right, every second digit doubled.
std::string TestCard(std::size_t length) {
  std::string number = "4" + std::string(length - 2, '1');
  int sum = 0;
  for (std::size_t i = 0; i < number.size(); ++i) {
    static const int kDoubled[] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
    const int digit = number[number.size() - 1 - i] - '0';
    sum += i % 2 == 0 ? kDoubled[digit] : digit;
  }
  return number + std::to_string((10 - sum % 10) % 10);
}

// Independent of the code under test: the published weights written out, place by place.
int CheckDigit(const std::string& digits, const std::vector<int>& weights) {
  int sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += (digits[i] - '0') * weights[i];
  return (10 - sum % 10) % 10;
}

std::string MakeClabe(const std::string& first17) {
  return first17 + std::to_string(CheckDigit(first17, {3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7}));
}

std::string MakeCbu(const std::string& bank7, const std::string& account13) {
  return bank7 + std::to_string(CheckDigit(bank7, {7, 1, 3, 9, 7, 1, 3})) + account13 +
         std::to_string(CheckDigit(account13, {3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3}));
}

// The two digits in front that make nine digits an ABN.
std::string MakeAbn(const std::string& last9) {
  static const int kWeights[] = {1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
  for (int front = 10; front <= 99; ++front) {
    const std::string text = std::to_string(front) + last9;
    int sum = (text[0] - '1') * 10;
    for (std::size_t i = 1; i < 11; ++i) sum += (text[i] - '0') * kWeights[i - 1];
    if (sum % 89 == 0) return text;
  }
  return "";
}

const std::string kClabe = "032180000118359719";
const std::string kAbn = "51824753556";  // the example of the Australian Business Register

Route RouteOf(const std::string& currency, const std::string& method, std::vector<std::string> required = {}) {
  Route route;
  route.direction = Direction::kOut;
  REQUIRE(Currency::Parse(currency, &route.currency));
  route.method = method;
  route.required = std::move(required);
  return route;
}

Receiver ReceiverOf(const Fields& fields) {
  Receiver receiver;
  for (const auto& [field, value] : fields) receiver[field] = value;
  return receiver;
}

// Counts single-digit changes of `valid` that `accepts` does not notice.
int UnnoticedMutations(const std::string& valid, Predicate accepts) {
  int unnoticed = 0;
  for (std::size_t place = 0; place < valid.size(); ++place) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      std::string changed = valid;
      changed[place] = digit;
      if (digit != valid[place] && accepts(changed)) ++unnoticed;
    }
  }
  return unnoticed;
}

void CheckShapes(const std::string& valid, Predicate accepts) {
  INFO(valid);
  CHECK(accepts(valid));
  CHECK_FALSE(accepts(""));
  CHECK_FALSE(accepts(valid.substr(1)));
  CHECK_FALSE(accepts(valid.substr(0, valid.size() - 1)));
  CHECK_FALSE(accepts(valid + "0"));
  CHECK_FALSE(accepts("0" + valid));
  CHECK_FALSE(accepts(" " + valid));
  CHECK_FALSE(accepts(valid + " "));
  CHECK_FALSE(accepts(valid + "\n"));
  CHECK_FALSE(accepts(valid + std::string(1, '\0')));
  for (const char wrong : {'a', ' ', '-', '/', ':', '\0', '\xB2'}) {
    std::string changed = valid;
    changed[valid.size() / 2] = wrong;
    CHECK_FALSE(accepts(changed));
  }
}

}  // namespace

// ---- check digits ----

TEST_CASE("a CLABE is 18 digits with its check digit") {
  CheckShapes(kClabe, multihub::domain::IsValidClabe);
  CheckShapes(MakeClabe("00201007777777777"), multihub::domain::IsValidClabe);
  CHECK(multihub::domain::IsValidClabe(MakeClabe("64618000000000001")));
  CHECK(multihub::domain::IsValidClabe(std::string(18, '0')));  // the algorithm knows no reserved numbers
}

TEST_CASE("a CLABE with any one digit changed is refused") {
  for (const std::string& clabe : {kClabe, MakeClabe("00201007777777777"), MakeClabe("99999999999999999")}) {
    CHECK(UnnoticedMutations(clabe, multihub::domain::IsValidClabe) == 0);
  }
}

TEST_CASE("a CBU or CVU is 22 digits with both check digits") {
  const std::string cbu = MakeCbu("2850590", "4009041813520");
  CHECK(cbu == "2850590940090418135201");  // the example of public validators
  CheckShapes(cbu, multihub::domain::IsValidCbu);
  CheckShapes(MakeCbu("0000003", "1000000000001"), multihub::domain::IsValidCbu);
  CheckShapes(MakeCbu("1234567", "9876543219876"), multihub::domain::IsValidCbu);
}

TEST_CASE("a CBU with any one digit changed is refused") {
  for (const std::string& cbu : {MakeCbu("2850590", "4009041813520"), MakeCbu("0000003", "1000099887766")}) {
    CHECK(UnnoticedMutations(cbu, multihub::domain::IsValidCbu) == 0);
  }
}

TEST_CASE("either check digit of a CBU alone makes it wrong") {
  const std::string cbu = MakeCbu("0110599", "4400000123456");
  for (const std::size_t place : {std::size_t{7}, std::size_t{21}}) {
    std::string changed = cbu;
    changed[place] = changed[place] == '9' ? '0' : static_cast<char>(changed[place] + 1);
    INFO(place);
    CHECK_FALSE(multihub::domain::IsValidCbu(changed));
  }
}

TEST_CASE("an ABN is 11 digits by the mod 89 rule") {
  CheckShapes(kAbn, multihub::domain::IsValidAbn);
  CheckShapes(MakeAbn("004085616"), multihub::domain::IsValidAbn);
  CHECK_FALSE(multihub::domain::IsValidAbn("51 824 753 556"));
  CHECK_FALSE(multihub::domain::IsValidAbn(std::string(11, '0')));
  // Numbers whose weighted sum is a multiple of 89 too, but no ABN starts with zero.
  int leading_zeros = 0;
  for (int last = 100000; last < 101000; ++last) {
    const std::string text = "00000" + std::to_string(last);
    static const int kWeights[] = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
    int sum = -10;
    for (std::size_t i = 0; i < 11; ++i) sum += (text[i] - '0') * kWeights[i];
    if (sum % 89 != 0) continue;
    ++leading_zeros;
    CHECK_FALSE(multihub::domain::IsValidAbn(text));
  }
  CHECK(leading_zeros > 0);
}

TEST_CASE("an ABN with any one digit changed is refused") {
  // 89 is prime and larger than any weight times nine's factors: no single change keeps the remainder.
  CHECK(UnnoticedMutations(kAbn, multihub::domain::IsValidAbn) == 0);
  CHECK(UnnoticedMutations(MakeAbn("123456789"), multihub::domain::IsValidAbn) == 0);
}

TEST_CASE("Luhn accepts computed numbers and refuses one changed digit") {
  CHECK(PassesLuhn("79927398713"));  // the textbook example
  CHECK_FALSE(PassesLuhn(""));
  CHECK(PassesLuhn("0"));
  CHECK_FALSE(PassesLuhn("1"));
  for (const std::string number : {"00", "18", "26", "34", "42", "59", "67", "75", "83", "91"}) {
    INFO(number);
    CHECK(PassesLuhn(number));
  }
  CHECK_FALSE(PassesLuhn("81 "));
  CHECK_FALSE(PassesLuhn("7992739871x"));
  for (std::size_t length = 12; length <= 19; ++length) {
    const std::string number = TestCard(length);
    INFO(number);
    REQUIRE(number.size() == length);
    CHECK(PassesLuhn(number));
    CHECK(UnnoticedMutations(number, PassesLuhn) == 0);
  }
}

// ---- forms ----

TEST_CASE("forms of receiver texts") {
  struct Row {
    Predicate accepts;
    std::string text;
    bool valid;
  };
  const Predicate ifsc = multihub::domain::IsValidIfsc;
  const Predicate vpa = multihub::domain::IsValidVpa;
  const Predicate email = multihub::domain::IsValidEmail;
  const Predicate phone = multihub::domain::IsValidAustralianPhone;
  const Row rows[] = {
      {ifsc, "HDFC0001234", true},
      {ifsc, "SBIN0ABCDEF", true},
      {ifsc, "YESB0CMSNOC", true},
      {ifsc, "", false},
      {ifsc, "HDFC1001234", false},
      {ifsc, "HDFCO001234", false},
      {ifsc, "hdfc0001234", false},
      {ifsc, "HDFC000123", false},
      {ifsc, "HDFC00012345", false},
      {ifsc, "HDF00001234", false},
      {ifsc, "HDFC000123a", false},
      {ifsc, "HDFC0001-34", false},
      {ifsc, "HDFC0001234\n", false},
      {vpa, "shop@examplebank", true},
      {vpa, "name@handle", true},
      {vpa, "9876543210@ybl", true},
      {vpa, "first.last-1_x@okbank", true},
      {vpa, "shop@bank811", true},
      {vpa, "ab@up", true},
      {vpa, "", false},
      {vpa, "@", false},
      {vpa, "shop", false},
      {vpa, "shop@", false},
      {vpa, "@bank", false},
      {vpa, "a@bank", false},
      {vpa, "shop@b", false},
      {vpa, "shop@bank@bank", false},
      {vpa, "shop@bank.example", false},
      {vpa, "shop@1bank", false},
      {vpa, "sh op@bank", false},
      {vpa, "shop@ba nk", false},
      {vpa, " shop@bank", false},
      {vpa, ".shop@bank", false},
      {vpa, "shop@bank\n", false},
      {vpa, "sh\xC3\xB6p@bank", false},
      {vpa, "shop@" + std::string(64, 'b'), true},
      {vpa, "shop@" + std::string(65, 'b'), false},
      {email, "a@example.com", true},
      {email, "first.last+tag@mail.example.com.au", true},
      {email, "o'neil@example.org", true},
      {email, "x@1example.com", true},
      {email, "", false},
      {email, "@example.com", false},
      {email, "a@", false},
      {email, "a@example", false},
      {email, "a@example.", false},
      {email, "a@.example.com", false},
      {email, "a@exa mple.com", false},
      {email, "a b@example.com", false},
      {email, "a@@example.com", false},
      {email, "a@b@example.com", false},
      {email, ".a@example.com", false},
      {email, "a.@example.com", false},
      {email, "a..b@example.com", false},
      {email, "a@-example.com", false},
      {email, "a@example-.com", false},
      {email, "a@192.0.2.1", false},
      {email, "\"a\"@example.com", false},
      {email, "a@example.com\n", false},
      {email, std::string(64, 'a') + "@example.com", true},
      {email, std::string(65, 'a') + "@example.com", false},
      {email, "a@" + std::string(63, 'b') + ".com", true},
      {email, "a@" + std::string(64, 'b') + ".com", false},
      {phone, "+61-412345678", true},
      {phone, "+61412345678", true},
      {phone, "+61-298765432", true},
      {phone, "+61712345678", true},
      {phone, "", false},
      {phone, "+61", false},
      {phone, "+61-", false},
      {phone, "0412345678", false},
      {phone, "61412345678", false},
      {phone, "+610412345678", false},
      {phone, "+61-0412345678", false},
      {phone, "+61012345678", false},
      {phone, "+61112345678", false},
      {phone, "+61612345678", false},
      {phone, "+61912345678", false},
      {phone, "+61--412345678", false},
      {phone, "+61 412345678", false},
      {phone, "+61-412-345-678", false},
      {phone, "+6141234567", false},
      {phone, "+614123456789", false},
      {phone, "+64412345678", false},
      {phone, "+61-41234567a", false},
      {phone, "+61-412345678 ", false},
  };
  for (const Row& row : rows) {
    INFO("'" << row.text << "'");
    CHECK(row.accepts(row.text) == row.valid);
  }
}

// ---- paths ----

TEST_CASE("every receiver field has one path, with or without the leading receiver") {
  const std::vector<std::string> paths = {"person.first_name", "person.last_name", "email",     "phone",
                                          "bank.code",         "bank.name",        "bank.ifsc", "bank.account.id",
                                          "card.number",       "upi.vpa",          "payid",     "payid_type"};
  REQUIRE(paths.size() == kReceiverFieldCount);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto field = static_cast<Field>(i);
    INFO(paths[i]);
    CHECK(PathOf(field) == paths[i]);
    CHECK(ReceiverFieldOf(paths[i]) == field);
    CHECK(ReceiverFieldOf("receiver." + paths[i]) == field);
  }
  for (const std::string path : {"", "receiver", "receiver.", "bank", "bank.clabe", "receiver.receiver.email", "Email",
                                 "params.payment.receiver.email", "bank.account", "email "}) {
    INFO(path);
    CHECK_FALSE(ReceiverFieldOf(path).has_value());
  }
}

// ---- the rules of routes ----

TEST_CASE("the receiver rules of each route") {
  struct Row {
    std::string currency, method;
    Fields fields;
    std::string problem;  // path of the field at fault; empty: accepted
    std::string says;     // part of the description
  };
  const std::string card = TestCard(16);
  std::string wrong_card = card;
  wrong_card.back() = card.back() == '0' ? '1' : '0';
  const std::string cbu = MakeCbu("0110599", "4400000123456");
  const Row rows[] = {
      // MXN spei
      {"MXN", "spei", {{Field::kBankAccountId, kClabe}}, "", ""},
      {"MXN", "spei", {}, "bank.account.id", "is required"},
      {"MXN", "spei", {{Field::kBankAccountId, ""}}, "bank.account.id", "is required"},
      {"MXN", "spei", {{Field::kBankCode, kClabe}}, "bank.account.id", "is required"},
      {"MXN", "spei", {{Field::kBankAccountId, "032180000118359718"}}, "bank.account.id", "CLABE"},
      {"MXN", "spei", {{Field::kBankAccountId, "03218000011835971"}}, "bank.account.id", "18 digits"},
      {"MXN", "spei", {{Field::kBankAccountId, "0321 8000 0118 3597 19"}}, "bank.account.id", "18 digits"},
      // INR bank_transfer
      {"INR", "bank_transfer", {{Field::kBankAccountId, "00123456789"}, {Field::kBankIfsc, "HDFC0001234"}}, "", ""},
      {"INR", "bank_transfer", {{Field::kBankAccountId, "123456"}, {Field::kBankIfsc, "HDFC0001234"}}, "", ""},
      {"INR",
       "bank_transfer",
       {{Field::kBankAccountId, "AB12345678901234567x"}, {Field::kBankIfsc, "HDFC0001234"}},
       "",
       ""},
      {"INR",
       "bank_transfer",
       {{Field::kBankAccountId, "12345"}, {Field::kBankIfsc, "HDFC0001234"}},
       "bank.account.id",
       "6 to 20"},
      {"INR",
       "bank_transfer",
       {{Field::kBankAccountId, "123456789012345678901"}, {Field::kBankIfsc, "HDFC0001234"}},
       "bank.account.id",
       "6 to 20"},
      {"INR",
       "bank_transfer",
       {{Field::kBankAccountId, "1234-5678"}, {Field::kBankIfsc, "HDFC0001234"}},
       "bank.account.id",
       "letters and digits"},
      {"INR",
       "bank_transfer",
       {{Field::kBankAccountId, "12345\xC3\xA9"}, {Field::kBankIfsc, "HDFC0001234"}},
       "bank.account.id",
       "letters and digits"},
      {"INR", "bank_transfer", {{Field::kBankIfsc, "HDFC0001234"}}, "bank.account.id", "is required"},
      {"INR", "bank_transfer", {{Field::kBankAccountId, "00123456789"}}, "bank.ifsc", "is required"},
      {"INR",
       "bank_transfer",
       {{Field::kBankAccountId, "00123456789"}, {Field::kBankIfsc, "HDFC1001234"}},
       "bank.ifsc",
       "IFSC"},
      {"INR", "bank_transfer", {{Field::kBankAccountId, "1"}, {Field::kBankIfsc, "x"}}, "bank.account.id", "6 to 20"},
      // INR upi
      {"INR", "upi", {{Field::kUpiVpa, "name@handle"}}, "", ""},
      {"INR", "upi", {}, "upi.vpa", "is required"},
      {"INR", "upi", {{Field::kUpiVpa, "namehandle"}}, "upi.vpa", "name@handle"},
      // ARS bank_transfer
      {"ARS", "bank_transfer", {{Field::kBankAccountId, cbu}}, "", ""},
      {"ARS", "bank_transfer", {}, "bank.account.id", "is required"},
      {"ARS", "bank_transfer", {{Field::kBankAccountId, cbu.substr(1)}}, "bank.account.id", "CBU or CVU"},
      {"ARS", "bank_transfer", {{Field::kBankAccountId, kClabe}}, "bank.account.id", "22 digits"},
      // AUD bank_transfer
      {"AUD", "bank_transfer", {{Field::kBankCode, "062000"}, {Field::kBankAccountId, "12345678"}}, "", ""},
      {"AUD", "bank_transfer", {{Field::kBankCode, "062000"}, {Field::kBankAccountId, "12345"}}, "", ""},
      {"AUD", "bank_transfer", {{Field::kBankCode, "062000"}, {Field::kBankAccountId, "123456789"}}, "", ""},
      {"AUD",
       "bank_transfer",
       {{Field::kBankCode, "062-000"}, {Field::kBankAccountId, "12345678"}},
       "bank.code",
       "BSB"},
      {"AUD",
       "bank_transfer",
       {{Field::kBankCode, "06200"}, {Field::kBankAccountId, "12345678"}},
       "bank.code",
       "6 digits"},
      {"AUD",
       "bank_transfer",
       {{Field::kBankCode, "0620001"}, {Field::kBankAccountId, "12345678"}},
       "bank.code",
       "6 digits"},
      {"AUD", "bank_transfer", {{Field::kBankAccountId, "12345678"}}, "bank.code", "is required"},
      {"AUD", "bank_transfer", {{Field::kBankCode, "062000"}}, "bank.account.id", "is required"},
      {"AUD",
       "bank_transfer",
       {{Field::kBankCode, "062000"}, {Field::kBankAccountId, "1234"}},
       "bank.account.id",
       "5 to 9 digits"},
      {"AUD",
       "bank_transfer",
       {{Field::kBankCode, "062000"}, {Field::kBankAccountId, "1234567890"}},
       "bank.account.id",
       "5 to 9 digits"},
      {"AUD",
       "bank_transfer",
       {{Field::kBankCode, "062000"}, {Field::kBankAccountId, "12345a"}},
       "bank.account.id",
       "5 to 9 digits"},
      // AUD payid
      {"AUD", "payid", {{Field::kPayid, "a@example.com"}, {Field::kPayidType, "email"}}, "", ""},
      {"AUD", "payid", {{Field::kPayid, "+61-412345678"}, {Field::kPayidType, "phone"}}, "", ""},
      {"AUD", "payid", {{Field::kPayid, "+61412345678"}, {Field::kPayidType, "phone"}}, "", ""},
      {"AUD", "payid", {{Field::kPayid, kAbn}, {Field::kPayidType, "abn"}}, "", ""},
      {"AUD", "payid", {}, "payid", "is required"},
      {"AUD", "payid", {{Field::kPayidType, "email"}}, "payid", "is required"},
      {"AUD", "payid", {{Field::kPayid, "a@example.com"}}, "payid_type", "is required"},
      {"AUD",
       "payid",
       {{Field::kPayid, "a@example.com"}, {Field::kPayidType, "Email"}},
       "payid_type",
       "email, phone, abn"},
      {"AUD",
       "payid",
       {{Field::kPayid, "a@example.com"}, {Field::kPayidType, "org"}},
       "payid_type",
       "email, phone, abn"},
      {"AUD", "payid", {{Field::kPayid, "a@example.com"}, {Field::kPayidType, "phone"}}, "payid", "phone"},
      {"AUD", "payid", {{Field::kPayid, "0412345678"}, {Field::kPayidType, "phone"}}, "payid", "+61"},
      {"AUD", "payid", {{Field::kPayid, "+61412345678"}, {Field::kPayidType, "email"}}, "payid", "e-mail"},
      {"AUD", "payid", {{Field::kPayid, "51824753557"}, {Field::kPayidType, "abn"}}, "payid", "ABN"},
      {"AUD", "payid", {{Field::kPayid, "51 824 753 556"}, {Field::kPayidType, "abn"}}, "payid", "ABN"},
      // card, any currency
      {"USD", "card", {{Field::kCardNumber, card}}, "", ""},
      {"MXN", "card", {{Field::kCardNumber, TestCard(12)}}, "", ""},
      {"AUD", "card", {{Field::kCardNumber, TestCard(19)}}, "", ""},
      {"INR", "card", {}, "card.number", "is required"},
      {"USD", "card", {{Field::kCardNumber, wrong_card}}, "card.number", "check digit"},
      {"USD", "card", {{Field::kCardNumber, TestCard(11)}}, "card.number", "12 to 19 digits"},
      {"USD", "card", {{Field::kCardNumber, TestCard(20)}}, "card.number", "12 to 19 digits"},
      {"USD",
       "card",
       {{Field::kCardNumber, card.substr(0, 4) + " " + card.substr(4)}},
       "card.number",
       "12 to 19 digits"},
      // routes without a rule of their own
      {"MXN", "bank_transfer", {}, "", ""},
      {"USD", "bank_transfer", {{Field::kBankAccountId, "?"}}, "", ""},
      {"USD", "upi", {}, "", ""},
      {"INR", "payid", {}, "", ""},
      {"AUD", "SPEI", {}, "", ""},
  };
  for (const Row& row : rows) {
    const auto problem = CheckReceiver(RouteOf(row.currency, row.method), ReceiverOf(row.fields));
    INFO(row.currency << " " << row.method << " " << row.problem << " " << row.says);
    REQUIRE(problem.has_value() == !row.problem.empty());
    if (!problem.has_value()) continue;
    CHECK(problem->field == "params.payment.receiver." + row.problem);
    CHECK(problem->description.find(problem->field) == 0);
    CHECK(problem->description.find(row.says) != std::string::npos);
    for (const auto& [field, value] : row.fields) {
      // A type word such as "phone" is part of the rule itself.
      if (value.size() < 6) continue;
      CHECK(problem->description.find(value) == std::string::npos);
    }
  }
}

TEST_CASE("a route's required fields are asked for after its rule, in the route's order") {
  struct Row {
    std::vector<std::string> required;
    Fields fields;
    std::string problem;
  };
  const Row rows[] = {
      {{"receiver.person.first_name"}, {{Field::kFirstName, "A"}}, ""},
      {{"person.first_name"}, {{Field::kFirstName, "A"}}, ""},
      {{"receiver.person.first_name"}, {}, "person.first_name"},
      {{"person.first_name"}, {}, "person.first_name"},
      {{"person.first_name"}, {{Field::kFirstName, ""}}, "person.first_name"},
      {{"person.last_name", "email"}, {}, "person.last_name"},
      {{"person.last_name", "email"}, {{Field::kLastName, "B"}}, "email"},
      {{"email", "person.last_name"}, {}, "email"},
      {{"bank.clabe"}, {{Field::kBankAccountId, kClabe}}, "bank.clabe"},
      {{"receiver.bank.clabe"}, {{Field::kBankAccountId, kClabe}}, "bank.clabe"},
  };
  for (const Row& row : rows) {
    const auto problem = CheckReceiver(RouteOf("USD", "wire", row.required), ReceiverOf(row.fields));
    INFO(row.required.front() << " " << row.problem);
    REQUIRE(problem.has_value() == !row.problem.empty());
    if (!problem.has_value()) continue;
    CHECK(problem->field == "params.payment.receiver." + row.problem);
    CHECK(problem->description == problem->field + " is required");
  }

  const auto rule_first = CheckReceiver(RouteOf("MXN", "spei", {"person.first_name"}), Receiver());
  REQUIRE(rule_first.has_value());
  CHECK(rule_first->field == "params.payment.receiver.bank.account.id");
  const auto then_required =
      CheckReceiver(RouteOf("MXN", "spei", {"person.first_name"}), ReceiverOf({{Field::kBankAccountId, kClabe}}));
  REQUIRE(then_required.has_value());
  CHECK(then_required->field == "params.payment.receiver.person.first_name");
}

TEST_CASE("a card number shows its first six and last four digits") {
  for (std::size_t length = 12; length <= 19; ++length) {
    std::string number;
    for (std::size_t i = 0; i < length; ++i) number.push_back(static_cast<char>('0' + i % 10));
    const std::string masked = MaskCardNumber(number);
    CHECK(masked == number.substr(0, 6) + std::string(length - 10, '*') + number.substr(length - 4));
  }
}
