#include "bench/requests.h"

#include <cstdint>
#include <cstdio>
#include <numeric>
#include <stdexcept>

#include "support/gateway_process.h"

namespace multihub::bench {
namespace {

constexpr std::int64_t kApplication = 1;
constexpr std::int64_t kFirstSpreadApplication = 101;
constexpr std::int64_t kSpreadApplications = 100;
constexpr std::size_t kReusedRequests = 4096;
constexpr std::size_t kRequestBytes = 768;
constexpr std::size_t kStatusStride = 7919;

std::string Quoted(const std::string& c_id) { return "\"c_id\":\"" + c_id + "\""; }

std::string PayoutBody(const std::string& c_id) {
  return R"({"method":"payment.out","service_id":14801,"params":{"payment":{"description":"Bench payout",)"
         R"("identifiers":{)" +
         Quoted(c_id) +
         R"(},"amount":{"value":150000,"currency":"MXN"},"receiver":{"person":{"first_name":"Bench",)"
         R"("last_name":"Payee"},"bank":{"account":{"id":"646180000000000423"}}}}}})";
}

std::string StatusBody(const std::string& c_id) {
  return R"({"method":"payment.status","params":{"payment":{"identifiers":{)" + Quoted(c_id) + "}}}}";
}

std::string Numbered(const std::string& prefix, std::size_t n) { return prefix + std::to_string(n); }

}  // namespace

Caller SandboxCaller() { return {kApplication, support::SandboxSecret(kApplication)}; }

std::vector<Caller> SpreadCallers() {
  std::vector<Caller> callers;
  for (std::int64_t id = kFirstSpreadApplication; id < kFirstSpreadApplication + kSpreadApplications; ++id) {
    callers.push_back({id, "bench-secret-of-application-" + std::to_string(id)});
  }
  return callers;
}

std::string DepositBody(const std::string& c_id) {
  return R"({"method":"payment.in","service_id":14703,"params":{"payment":{"description":"Bench deposit",)"
         R"("identifiers":{)" +
         Quoted(c_id) +
         R"(},"amount":{"value":150000,"currency":"MXN"},"payer":{"email":"payer@example.test",)"
         R"("person":{"first_name":"Bench","last_name":"Payer"}}}}})";
}

RequestPool Deposits(std::size_t requests, const std::string& prefix) {
  RequestPool pool({SandboxCaller()}, false);
  pool.Reserve(requests, kRequestBytes);
  for (std::size_t n = 0; n < requests; ++n) {
    const std::string c_id = Numbered(prefix, n);
    pool.Add(DepositBody(c_id), Quoted(c_id));
  }
  return pool;
}

RequestPool ScatteredDeposits(std::size_t first, std::size_t requests) {
  RequestPool pool({SandboxCaller()}, false);
  pool.Reserve(requests, kRequestBytes);
  for (std::size_t n = first; n < first + requests; ++n) {
    const std::string c_id = ScatteredId(n);
    pool.Add(DepositBody(c_id), Quoted(c_id));
  }
  return pool;
}

RequestPool Payouts(std::size_t requests, std::vector<Caller> callers) {
  const std::size_t number = callers.size();
  RequestPool pool(std::move(callers), false);
  pool.Reserve(requests, kRequestBytes);
  for (std::size_t n = 0; n < requests; ++n) {
    const std::string c_id = Numbered("bench-", n);
    pool.Add(PayoutBody(c_id), Quoted(c_id), n % number);
  }
  return pool;
}

RequestPool Statuses(std::size_t payments) {
  if (std::gcd(payments, kStatusStride) != 1) throw std::logic_error("the stride would leave payments out");
  RequestPool pool({SandboxCaller()}, true);
  for (std::size_t n = 0; n < payments; ++n) {
    const std::string c_id = Numbered("bench-", n * kStatusStride % payments);
    pool.Add(StatusBody(c_id), Quoted(c_id));
  }
  return pool;
}

RequestPool Pings() {
  RequestPool pool({SandboxCaller()}, true);
  for (std::size_t n = 0; n < kReusedRequests; ++n) {
    pool.Add(R"({"method":"gateway.ping","params":{"n":)" + std::to_string(n) + "}}", "");
  }
  return pool;
}

RequestPool ReusedDeposits() {
  RequestPool pool({SandboxCaller()}, true);
  for (std::size_t n = 0; n < kReusedRequests; ++n) pool.Add(DepositBody(Numbered("bench-", n)), "");
  return pool;
}

std::string ScatteredId(std::size_t n) {
  // An odd factor: a permutation of the numbers of 32 bits.
  const auto scattered = static_cast<std::uint32_t>(static_cast<std::uint32_t>(n) * 2654435761U);
  char text[16];
  std::snprintf(text, sizeof text, "order-%08x", static_cast<unsigned>(scattered));
  return text;
}

}  // namespace multihub::bench
