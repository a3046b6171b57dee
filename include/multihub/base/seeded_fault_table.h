// Every seeded fault (seeded_fault.h): what `./dev mutants` puts into a gateway, one at a time, and the conformance
// suite has to find.
#pragma once

#include <string_view>

namespace multihub::base {

struct SeededFaultRow {
  std::string_view name;
  std::string_view area;
  std::string_view what;   // is wrong then
  std::string_view first;  // the cases to try first, because they are likely to tell; the verdict does not depend on it
  std::string_view unseen = {};  // why nobody can see it from outside; empty: the suite must tell
};

inline constexpr SeededFaultRow kSeededFaults[] = {
    // ---- order of checks
    {"verb-before-path", "order", "the verb is judged before the path", "order.gates.*"},
    {"application-id-before-hash", "order", "the application id is read before the hash", "order.gates.*"},
    {"signature-before-application-state", "order", "the hash is compared before the application may be disabled",
     "order.gates.*"},
    {"content-type-before-signature", "order", "Content-Type is judged before the signature", "order.gates.*"},
    {"json-before-content-type", "order", "the body is parsed before Content-Type is judged", "order.gates.*"},
    {"params-before-method", "order", "params are judged before the method is known", "order.gates.*"},
    {"params-before-rate-limit", "order", "params are judged before the rate limit is counted", "limits.*"},
    {"amount-before-payer", "order", "amount is read before payer", "order.fields-in*"},
    {"limits-before-currency", "order", "the route's limits are judged before the currency", "order.business-*"},
    {"receiver-after-amount", "order", "the receiver's rules are judged after the amount", "order.business-*"},
    {"provider-before-duplicate", "order", "an absent provider answers before a used c_id", "order.business-*"},
    {"funds-before-duplicate", "order", "missing funds answer before a used c_id", "order.business-*"},

    // ---- codes and HTTP
    {"refusals-http-200", "codes", "every answer is HTTP 200", "envelope.*"},
    {"unknown-method-http-400", "codes", "an unknown method is HTTP 400", "envelope.*"},
    {"content-type-is-1005", "codes", "a wrong Content-Type is 1005", "signature.content-type*"},
    {"switched-off-is-1004", "codes", "a route that is switched off is 1004", "payments.route*"},
    {"no-balance-is-no-funds", "codes", "a missing balance is 1012", "money.no-*"},
    {"zero-amount-is-5000", "codes", "an amount of zero is outside the limits", "amounts.refused*"},
    {"allow-list-ignored", "codes", "any address may call", "signature.*"},
    {"retry-after-missing", "codes", "429 comes without Retry-After", "limits.*"},
    {"limit-headers-on-refusals-only", "codes", "admitted answers do not say what is left of the limit", "limits.*"},
    {"limit-shared-by-applications", "codes", "one application's calls use up another's limit", "limits.*"},
    {"resend-not-limited", "codes", "the REST twin of payment.notification has no limit", "limits.*"},
    {"body-limit-off-by-one", "codes", "a body of exactly the limit is too large", "order.body*"},
    {"repeated-signature-header", "codes", "a repeated X-Data-Hash is joined to a list", "order.framing*"},

    // ---- envelope
    {"context-missing", "envelope", "error.context is left out when there is none", "envelope.*"},
    {"details-never-null", "envelope", "every error has details", "envelope.*"},
    {"processing-time-as-text", "envelope", "processing_time is a string", "envelope.*"},
    {"request-id-constant", "envelope", "every answer has the same request_id", "envelope.*"},
    {"request-id-header-differs", "envelope", "X-Request-Id is another id than request_id", "envelope.*"},
    {"slashes-escaped", "envelope", "slashes are escaped, as some JSON libraries do", "envelope.*"},

    // ---- signature
    {"hash-last-byte-skipped", "signature", "the last byte of the hash is not compared", "signature.*"},
    {"hash-first-half-compared", "signature", "only the first half of the hash is compared", "signature.*"},
    {"hash-in-small-letters-only", "signature", "capital hex digits do not verify", "signature.*"},
    {"hash-over-trimmed-body", "signature", "white space at the body's end is not hashed", "signature.*"},
    {"hash-over-compact-body-too", "signature", "the hash of the body without its blanks verifies too", "signature.*"},
    {"secret-first-too", "signature", "a hash over secret and body verifies too", "signature.*"},
    {"empty-body-unsigned", "signature", "an empty body needs no signature", "lifecycle.resend-*"},
    {"refusals-unsigned", "signature", "refusals to an authenticated application are not signed", "envelope.*"},
    {"wrong-signature-answered-signed", "signature", "3000 is signed with the application's secret", "signature.*"},
    {"old-secret-for-ever", "signature", "the secret before a rotation verifies after its overlap", "signature.*",
     "an application's secret is rotated by the operator, and the overlap takes hours: no call brings that about"},

    // ---- bodies and fields
    {"duplicate-keys-last-wins", "fields", "of a key that stands twice the last value counts", "json.hostile*"},
    {"depth-off-by-one", "fields", "33 levels are read", "json.*"},
    {"fractions-cut-off", "fields", "100.5 is read as 100", "amounts.not-whole*"},
    {"amount-as-text", "fields", "a string of digits is an amount", "amounts.not-whole*"},
    {"safe-integer-off-by-one", "fields", "2^53 is a safe integer", "payments.field-refused*"},
    {"lengths-in-bytes", "fields", "lengths count bytes, not characters", "payments.field-*"},
    {"decimal-address-is-a-name", "fields", "a webhook_url with an address as one number is taken for a name",
     "payments.field-*"},
    {"currency-in-small-letters", "fields", "inr is INR", "amounts.currency*"},
    {"second-check-digit-ignored", "fields", "the account's check digit of a CBU is not verified",
     "payments.receiver*"},

    // ---- identifiers and lookups
    {"c-id-trimmed", "ids", "blanks around c_id are dropped", "payments.c-id-*"},
    {"c-id-becomes-text", "ids", "a c_id that was a number is answered as a string", "payments.c-id-*"},
    {"c-id-looked-up-as-written", "ids", "payment.status with 7e0 does not find 7", "payments.c-id-*"},
    {"strict-identifiers-at-creation-only", "ids", "payment.status takes numbers from a strict application",
     "payments.strict*"},
    {"failed-c-id-usable-again", "ids", "a c_id whose payment failed is answered with success", "payments.duplicate*"},
    {"duplicate-shows-first-status", "ids", "6009 shows every payment as created", "payments.duplicate*"},
    {"others-payments-shown", "ids", "an h_id of another application is found", "payments.lookup*"},
    {"disagreeing-h-id-ignored", "ids", "h_id is not looked at beside c_id", "payments.lookup*"},
    {"empty-p-id-shown", "ids", "p_id is there, empty, before it is known", "lifecycle.p-id*"},
    {"upi-link-without-reference", "ids", "the upi:// link does not name the payment", "payments.upi-link*"},
    {"card-shown-on-other-routes", "ids", "a card number on a route without cards is answered in clear",
     "lifecycle.payout-*"},
    {"others-endpoints-shown", "ids", "an endpoint of another application is found", "webhooks.endpoint*"},

    // ---- money
    {"fee-rounded-down", "money", "fees are rounded down", "money.fee*"},
    {"fee-half-rounded-down", "money", "half a minor unit of a fee is dropped", "money.fee.half-up"},
    {"payout-without-fee", "money", "payouts cost no fee", "money.payout-success*"},
    {"fee-kept-frozen", "money", "a payout that failed gives only its amount back", "money.payout-ends-badly*"},
    {"hold-kept-after-cancel", "money", "a canceled payout keeps its money frozen", "money.payout-ends-badly*"},
    {"second-success-credited", "money", "a success that is reported again is credited again", "money.credited-once*"},
    {"mismatch-credited", "money", "a success with another amount is credited", "money.mismatch*"},
    {"canceled-deposit-credited", "money", "a canceled deposit is credited", "money.failed-deposits*"},
    {"minimum-exclusive", "money", "a route's minimum itself is refused", "amounts.*"},
    {"maximum-off-by-one", "money", "one over a route's maximum is taken", "amounts.*"},
    {"exact-funds-refused", "money", "a payout of all there is is 1012", "money.*"},
    {"unavailable-payment-stored", "money", "a payment that was answered 2002 exists", "lifecycle.provider-*"},
    {"frozen-counted-as-available", "money", "balance.get counts frozen money as available", "money.payout-success*"},
    {"currency-switch-ignored", "money", "a currency that is switched off is taken", "payments.route*"},

    // ---- status
    {"status-version-stuck", "status", "status_version is always 1", "lifecycle.versions*"},
    {"updated-stands-still", "status", "timestamps.updated is the time of creation", "lifecycle.versions*"},
    {"silence-is-failure", "status", "a payment whose provider does not answer fails", "lifecycle.outcome.07"},
    {"processing-left-out", "status", "payments go from created to their end", "lifecycle.*"},
    {"timestamps-in-seconds", "status", "timestamps have no milliseconds", "payments.deposit-object*"},
    {"canceled-is-a-provider-error", "status", "a canceled payment has 7000 in status.error", "lifecycle.outcome*"},
    {"notification-before-the-end", "status", "payment.notification takes a payment that is not final",
     "lifecycle.notification*"},

    // ---- webhooks
    {"webhook-hash-with-endpoint-secret", "webhooks", "X-Data-Hash is made with the endpoint's secret", "webhooks.*"},
    {"webhook-v2-without-timestamp", "webhooks", "the V2 signature does not cover the timestamp", "webhooks.*"},
    {"webhook-standard-without-id", "webhooks", "the Standard Webhooks signature does not cover the id", "webhooks.*"},
    {"webhook-timestamp-in-seconds", "webhooks", "X-Webhook-Timestamp is no ISO 8601 time", "webhooks.completed*"},
    {"webhook-standard-in-milliseconds", "webhooks", "webhook-timestamp counts milliseconds",
     "webhooks.standard-headers*"},
    {"webhook-nonce-repeated", "webhooks", "an event's nonce is the same on every attempt", "webhooks.sent-again*"},
    {"webhook-not-retried", "webhooks", "a webhook that was not taken is given up", "webhooks.sent-again*"},
    {"webhook-filter-ignored", "webhooks", "every event is sent, whatever was subscribed to", "webhooks.event-names*"},
    {"webhook-events-overtake", "webhooks", "a later event of a payment is sent before an earlier one", "webhooks.*"},
    {"webhook-body-names-application", "webhooks", "a webhook's body has a key of ours", "webhooks.*"},
    {"webhook-canceled-as-failed", "webhooks", "a canceled deposit is told as payment.failed", "webhooks.event-names*"},
    {"webhook-call-repeatable", "webhooks", "a call with a used nonce is done again", "webhooks.*"},
    {"webhook-update-forgotten", "webhooks", "webhook.update answers and changes nothing", "webhooks.update*"},
    {"rotated-secret-not-used", "webhooks", "webhook.rotate_secret answers a secret that signs nothing",
     "webhooks.rotated*"},
    {"rotation-without-overlap", "webhooks", "the secret before a rotation signs no more", "webhooks.rotated*"},
    {"event-cursor-ignored", "webhooks", "the second page of events is the first", "webhooks.event-pages*"},
    {"replay-not-queued", "webhooks", "event.replay answers and sends nothing", "webhooks.replay"},
    {"notification-not-queued", "webhooks", "payment.notification answers and sends nothing", "webhooks.notification*"},
};

}  // namespace multihub::base
