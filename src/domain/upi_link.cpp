#include "multihub/domain/upi_link.h"
#include "multihub/base/seeded_fault.h"

#include <string_view>

namespace multihub::domain {
namespace {

bool IsUnescaped(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("-_.!~*'()").find(c) != std::string_view::npos;
}

void AppendEncoded(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (IsUnescaped(c)) {
      out->push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out->push_back('%');
    out->push_back(kHex[byte >> 4]);
    out->push_back(kHex[byte & 0x0F]);
  }
}

}  // namespace

std::string UpiLink(const std::string& payee, const std::string& name, const Money& amount,
                    const std::string& reference) {
  std::string link = "upi://pay?pa=";
  AppendEncoded(payee, &link);
  link += "&pn=";
  AppendEncoded(name, &link);
  link += "&am=";
  link += FormatDecimal(amount);
  link += "&cu=";
  link += amount.currency.code();
  if (base::SeededFault("upi-link-without-reference")) return link;
  link += "&tr=";
  AppendEncoded(reference, &link);
  return link;
}

}  // namespace multihub::domain
