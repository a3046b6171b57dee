// Managing webhook endpoints: units of work over a session, for the gateway's methods and the command line alike.
//
// A unit takes the application's lock, decides, and only then writes: one that refuses has written nothing. Times are
// database time. Everything throws StorageFailure when the database fails; kDuplicate means that another process was
// faster, and the unit run again will see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/base/sealing.h"
#include "multihub/base/secret_string.h"
#include "multihub/domain/ids.h"
#include "multihub/errors/refusal.h"
#include "multihub/storage/session.h"
#include "multihub/storage/webhook_store.h"
#include "multihub/webhooks/sender.h"

namespace multihub::webhooks {

// ---- settings ----

inline constexpr std::int64_t kMaxEndpoints = 100;  // configured ones of one application
inline constexpr std::size_t kMaxEndpointDescription = 255;

struct Bounds {
  std::int64_t min, max;
};
inline constexpr Bounds kMaxRetriesBounds{0, 20};
inline constexpr Bounds kRetryDelayBoundsS{1, 3600};
inline constexpr Bounds kTimeoutBoundsS{1, 30};

// The rules of single settings, each the rest of a sentence that the field's name begins. The URL's are
// CheckWebhookUrl.
std::string RuleOf(const Bounds& bounds);
inline constexpr std::string_view kEventsRule = "must be a non-empty array of event names, or [\"*\"] alone";
inline constexpr std::string_view kDescriptionRule = "must be at most 255 characters without control characters";

bool IsWithin(const Bounds& bounds, std::int64_t value);
// Also false for a text that is not UTF-8.
bool IsEndpointDescription(std::string_view text);
// The stored filter; nullopt when the names break kEventsRule. `webhook.test` may be among them and changes nothing:
// tests are sent to their endpoint whatever it subscribes to, and to no other.
std::optional<std::string> SubscriptionOf(std::span<const std::string> names);

// nullopt: the default for a new endpoint, no change of an existing one. Everything keeps the rules above.
struct EndpointSettings {
  std::optional<std::string> url;
  std::optional<std::string> events;  // by SubscriptionOf
  std::optional<std::string> description;
  std::optional<std::int64_t> max_retries, retry_delay_s, timeout_s;
};

// ---- endpoints ----

// Runs when a change is decided and nothing is written yet. What it refuses is not written.
using BeforeWriting = std::function<std::optional<errors::Refusal>(storage::Session&)>;

// Who asks for a change, and when.
struct Unit {
  storage::Session& session;
  // A merchant's application: everything of others is unknown to it (6010), and endpoints that its payments name can
  // only be looked at. nullopt: the operator, who may name any application's.
  std::optional<domain::ApplicationId> merchant;
  base::UnixMs now_ms = 0;
  BeforeWriting before_writing = {};
  base::Trace trace = {};  // of the call, for the deliveries it makes; none: their payment's counts
};

struct EndpointWithSecret {
  storage::EndpointRow row;
  base::SecretString secret;  // "whsec_…", to be shown this once
};

// A new configured endpoint and its secret, which is sealed in the row. `settings.url` is given. Stores nothing, so
// that a unit that is run again stores the same row.
EndpointWithSecret MakeEndpoint(domain::ApplicationId application, const EndpointSettings& settings,
                                const base::MasterKey& key, base::UnixMs now_ms, base::Random& random);
// 5000 at the 101st, 1005 (params.url) when the application has an endpoint of this URL, 6010 without such an
// application. A row that is stored already is a success.
errors::Outcome<storage::EndpointRow> CreateEndpoint(const Unit& unit, const storage::EndpointRow& made);

// 6010 for an unknown id, in all that follow.
errors::Outcome<storage::EndpointRow> ChangeEndpoint(const Unit& unit, const std::string& id,
                                                     const EndpointSettings& settings);
// Pending deliveries fail as `endpoint_disabled`. Returns the row as it was.
errors::Outcome<storage::EndpointRow> RemoveEndpoint(const Unit& unit, const std::string& id);
// Disabling fails the pending deliveries as `endpoint_disabled`. What is so already stays as it is, its reason too.
errors::Outcome<storage::EndpointRow> SwitchEndpoint(const Unit& unit, const std::string& id, bool enabled);

struct SealedSecret {
  base::SecretString secret;
  std::string sealed;  // for the row of `endpoint_id`
};
SealedSecret MakeSecret(const std::string& endpoint_id, const base::MasterKey& key, base::Random& random);
inline constexpr std::int64_t kPreviousSecretMs = 24 * 3'600'000;
// The present secret goes on signing, beside the new one, for kPreviousSecretMs; one before it no longer. A row that
// has this secret already is a success. In-request endpoints have no secret of their own: 6010.
errors::Outcome<storage::EndpointRow> RotateEndpointSecret(const Unit& unit, const std::string& id,
                                                           const std::string& sealed);

// Oldest first. Of in-request endpoints, of which there may be very many, the kMaxListed newest.
inline constexpr std::size_t kMaxListed = 1000;
std::vector<storage::EndpointRow> ListEndpoints(storage::Session& session, domain::ApplicationId application,
                                                std::string_view source);
errors::Outcome<storage::EndpointRow> GetEndpoint(storage::Session& session,
                                                  std::optional<domain::ApplicationId> merchant, const std::string& id);

// ---- tests ----

// A test's answer must come within its call's own deadline.
inline constexpr std::int64_t kTestTimeoutS = 8;

// The endpoint to test, enabled or not; its timeout at most kTestTimeoutS.
errors::Outcome<storage::EndpointRow> EndpointToTest(const Unit& unit, const std::string& id);
// The body of `webhook.test`: shaped as an event's, with a sample payment that is nobody's. A trace begins with it.
OutgoingWebhook MakeTest(const storage::EndpointRow& endpoint, domain::MerchantId merchant, base::UnixMs now_ms,
                         base::Random& random);
// Attempt 1 of no delivery. Nothing of what a refused target said.
storage::AttemptRow AttemptOf(const SentAttempt& sent);

}  // namespace multihub::webhooks
