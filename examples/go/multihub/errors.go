package multihub

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrNoAnswer means a timeout, a lost connection, or an answer that is not the gateway's. Whether the call was carried
// out is open.
var ErrNoAnswer = errors.New("multihub: no answer")

// ErrSignature means that the answer's signature is wrong or missing, so nothing it says counts. It is an ErrNoAnswer
// too.
var ErrSignature = noAnswer(errors.New("its signature is wrong or missing"))

// A signature does not say to which call an answer belongs; what is in it does.
var errOtherAnswer = noAnswer(errors.New("what came is about something else"))

// APIError is a refusal of the gateway. Of a payment: this call created none, unless the code is 2000 or 2001.
type APIError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Details *struct {
		Description string `json:"description"`
		Field       string `json:"field"`
	} `json:"details"`
	Context json.RawMessage `json:"context"`

	RequestID  string        `json:"-"`
	RetryAfter time.Duration `json:"-"` // zero when the gateway named none
}

func (e *APIError) Error() string {
	text := fmt.Sprintf("%d %s", e.Code, e.Message)
	if e.Details != nil {
		text += ": " + e.Details.Description
	}
	return text
}

// PaymentExistsError says that the CID belongs to an earlier payment; no second one was created. It is an *APIError
// with code 6009.
type PaymentExistsError struct {
	APIError
	HID    string // of the earlier payment
	Status string
}

func newPaymentExistsError(refusal *APIError) error {
	var context struct {
		Identifiers struct {
			HID string `json:"h_id"`
		} `json:"identifiers"`
		Status string `json:"status"`
	}
	if err := json.Unmarshal(refusal.Context, &context); err != nil {
		return refusal
	}
	return &PaymentExistsError{APIError: *refusal, HID: context.Identifiers.HID, Status: context.Status}
}

func (e *PaymentExistsError) Unwrap() error { return &e.APIError }

// OutcomeUnknownError says that nobody could tell whether the payment exists.
//
// Ask Status later. Found: go on with it. Code 6010 more than 60 seconds after this error: there is none. Until then
// use no other CID for the same order.
//
// Err is what went wrong last. It is not unwrapped, for it says nothing about the payment: were it an *APIError, one
// would take it for a refusal.
type OutcomeUnknownError struct {
	CID CID
	Err error
}

func (e *OutcomeUnknownError) Error() string {
	return fmt.Sprintf("it is open whether payment %q exists: %v", e.CID, e.Err)
}

type noAnswerError struct{ cause error }

func noAnswer(cause error) error { return noAnswerError{cause} }

func (e noAnswerError) Error() string        { return ErrNoAnswer.Error() + ": " + e.cause.Error() }
func (e noAnswerError) Is(target error) bool { return target == ErrNoAnswer }
func (e noAnswerError) Unwrap() error        { return e.cause }
