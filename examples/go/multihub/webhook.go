package multihub

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Event is what a webhook brings.
type Event struct {
	ID        string    `json:"id"` // the same at every repetition
	CreatedAt time.Time `json:"created_at"`
	Data      struct {
		Result struct {
			Payment Payment `json:"payment"`
		} `json:"result"`
	} `json:"data"`
	MerchantID string `json:"merchant_id"`
}

// WebhookError says that a webhook is not the gateway's, or not of now.
type WebhookError struct {
	Header string // which does not fit
}

func (e *WebhookError) Error() string { return "webhook refused: " + e.Header }

// WebhookVerifier tells whether a webhook comes from the gateway. During a rotation give both secrets, the new one
// first.
type WebhookVerifier struct {
	APISecrets      []string         // sign X-Data-Hash and X-Webhook-Signature-V2
	EndpointSecrets []string         // "whsec_...": sign webhook-signature
	Tolerance       time.Duration    // how far the moment of sending may be from now; 5 minutes when zero
	Now             func() time.Time // time.Now when nil
}

// Verify returns the event. The body is the request's as it came, before anything parsed it. An error is a
// *WebhookError, unless a secret is not one.
func (v *WebhookVerifier) Verify(header http.Header, body []byte) (*Event, error) {
	if !v.isSigned(nil, body, header.Get("X-Data-Hash")) {
		return nil, &WebhookError{"X-Data-Hash"}
	}

	timestamp := header.Get("X-Webhook-Timestamp")
	if !v.isSigned([]byte(timestamp), body, header.Get("X-Webhook-Signature-V2")) {
		return nil, &WebhookError{"X-Webhook-Signature-V2"}
	}
	sent, err := time.Parse(time.RFC3339, timestamp)
	if err != nil || !v.isFresh(sent) {
		return nil, &WebhookError{"X-Webhook-Timestamp"}
	}

	signed, err := v.isSignedByEndpoint(header, body)
	if err != nil {
		return nil, err
	}
	if !signed {
		return nil, &WebhookError{"webhook-signature"}
	}
	seconds, err := strconv.ParseInt(header.Get("webhook-timestamp"), 10, 64)
	if err != nil || !v.isFresh(time.Unix(seconds, 0)) {
		return nil, &WebhookError{"webhook-timestamp"}
	}

	var event Event
	if err := json.Unmarshal(body, &event); err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	return &event, nil
}

// SHA-512 of timestamp, body and one of the API secrets. All are compared, whichever fits.
func (v *WebhookVerifier) isSigned(timestamp, body []byte, given string) bool {
	found := false
	for _, secret := range v.APISecrets {
		found = equal(sha512Hex(timestamp, body, []byte(secret)), given) || found
	}
	return found
}

// The Standard Webhooks signature. The gateway sends two during a rotation.
func (v *WebhookVerifier) isSignedByEndpoint(header http.Header, body []byte) (bool, error) {
	found := false
	for _, secret := range v.EndpointSecrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || !strings.HasPrefix(secret, "whsec_") {
			return false, errors.New("webhook: an endpoint's secret is whsec_ and base64")
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.", header.Get("webhook-id"), header.Get("webhook-timestamp"))
		mac.Write(body)
		signature := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		for _, given := range strings.Split(header.Get("webhook-signature"), " ") {
			found = equal(signature, given) || found
		}
	}
	return found, nil
}

func (v *WebhookVerifier) isFresh(sent time.Time) bool {
	now, tolerance := time.Now, v.Tolerance
	if v.Now != nil {
		now = v.Now
	}
	if tolerance == 0 {
		tolerance = 5 * time.Minute
	}
	return now().Sub(sent).Abs() <= tolerance
}
