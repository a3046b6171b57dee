// The receiver of a payout: a fixed whitelist of fields, and the rules of each route (api "payment.out").
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "multihub/domain/route.h"

namespace multihub::domain {

// In the order in which the payment object shows them.
enum class ReceiverField : std::size_t {
  kFirstName,
  kLastName,
  kEmail,
  kPhone,
  kBankCode,
  kBankName,
  kBankIfsc,
  kBankAccountId,
  kCardNumber,
  kUpiVpa,
  kPayid,
  kPayidType,
  kCount
};
inline constexpr std::size_t kReceiverFieldCount = static_cast<std::size_t>(ReceiverField::kCount);

// Dotted path under `receiver`: "person.first_name", "bank.account.id", "upi.vpa", "payid", …
std::string_view PathOf(ReceiverField field);
// The field of "receiver.bank.ifsc" or "bank.ifsc"; nullopt when there is none.
std::optional<ReceiverField> ReceiverFieldOf(std::string_view path);

class Receiver {
 public:
  const std::optional<std::string>& operator[](ReceiverField field) const {
    return values_[static_cast<std::size_t>(field)];
  }
  std::optional<std::string>& operator[](ReceiverField field) { return values_[static_cast<std::size_t>(field)]; }

 private:
  std::array<std::optional<std::string>, kReceiverFieldCount> values_;
};

struct FieldProblem {
  std::string field;        // "params.payment.receiver.bank.account.id"
  std::string description;  // names the field and the rule
};

// First the rule of the route's method and currency, then the fields the route itself requires (Route::required),
// the first problem found. nullopt: the receiver is acceptable.
std::optional<FieldProblem> CheckReceiver(const Route& route, const Receiver& receiver);

bool IsValidClabe(std::string_view text);  // 18 digits, weights 3 7 1, mod 10
bool IsValidCbu(std::string_view text);    // CBU or CVU: 22 digits, both check digits
bool PassesLuhn(std::string_view digits);
bool IsValidAbn(std::string_view text);  // 11 digits (spaces not accepted), mod 89
bool IsValidIfsc(std::string_view text);
// name@handle: the name 2 or more letters, digits, '.', '-', '_' that start with a letter or digit, the handle 2 to 64
// letters and digits that start with a letter (no dot: an e-mail address is no VPA).
bool IsValidVpa(std::string_view text);
// local@domain: the local part unquoted (RFC 5322 dot-atom, at most 64 characters), the domain two or more labels of
// letters, digits and inner hyphens, the last one not only digits; 254 characters in all. ASCII.
bool IsValidEmail(std::string_view text);
// "+61", an optional '-', and the nine digits of an Australian number without its leading zero, the first of them
// 2, 3, 4, 5, 7 or 8: "+61-412345678" (as PayID writes it) and "+61412345678" (E.164). Nothing else, no spaces.
bool IsValidAustralianPhone(std::string_view text);

// "411111******1111": first six and last four digits, a star for each between. Needs 12 to 19 digits.
std::string MaskCardNumber(std::string_view number);

}  // namespace multihub::domain
