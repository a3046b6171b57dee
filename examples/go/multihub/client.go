// Package multihub is a client for the multihub v1 API and a verifier for its webhooks. It uses the standard library
// alone; copy the folder into your module.
//
//	client := multihub.Client{URL: url, ApplicationID: 1, Secret: secret}
//	payment, err := client.Deposit(ctx, multihub.Deposit{
//		ServiceID: 14701,
//		Amount:    multihub.Amount{Value: 25000, Currency: "INR"},
//		CID:       multihub.StringID("order-1001"),
//	})
//
// Amounts are whole minor units.
package multihub

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The codes that a client acts on. The others are for people; docs/errors.md lists them all.
const (
	codeBusy                = 1000
	codeHubError            = 2000
	codeUnexpectedError     = 2001
	codePaymentExists       = 6009
	codePaymentDoesNotExist = 6010
)

const (
	defaultTimeout  = 15 * time.Second // the gateway answers within 10
	defaultAttempts = 3
	defaultMaxPause = 30 * time.Second
)

// Client is one application at one gateway. Its fields are not to be changed while it is in use; any number of
// goroutines may use it.
type Client struct {
	URL           string
	ApplicationID int64
	Secret        string

	// HTTP sends the requests, and never follows a redirect. Nil means http.DefaultTransport with a timeout of 15 seconds
	// for one answer in all.
	HTTP *http.Client
	// Attempts is how often a call is sent before its error is returned: 3 when zero.
	Attempts int
	// MaxPause is the longest pause between attempts; a Retry-After beyond it is left to the caller. 30 s when zero.
	MaxPause time.Duration
	// Sleep waits, or returns the context's error. Nil means real time.
	Sleep func(ctx context.Context, pause time.Duration) error
}

// Ping returns the gateway's "pong".
func (c *Client) Ping(ctx context.Context) (string, error) {
	var result struct {
		Message *string `json:"message"`
	}
	err := c.Call(ctx, "gateway.ping", nil, &result)
	if err == nil && result.Message == nil {
		err = errOtherAnswer
	}
	if err != nil {
		return "", err
	}
	return *result.Message, nil
}

// Balance returns the application's balances.
func (c *Client) Balance(ctx context.Context) (*Balance, error) {
	var result struct {
		Balance *Balance `json:"balance"`
	}
	err := c.Call(ctx, "balance.get", nil, &result)
	if err == nil && result.Balance == nil {
		err = errOtherAnswer
	}
	return result.Balance, err
}

// Status returns the payment as it is now, found by its CID, its HID, or both. An *APIError with code 6010 means that
// there is none.
func (c *Client) Status(ctx context.Context, id Identifiers) (*Payment, error) {
	var result paymentResult
	params := map[string]any{"payment": map[string]any{"identifiers": id}}
	if err := c.Call(ctx, "payment.status", params, &result); err != nil {
		return nil, err
	}
	return result.about(id)
}

// Deposit takes money from a payer (payment.in).
//
// The answer may be lost and the call repeated: there is one payment for a CID all the same. The error is a
// *PaymentExistsError when the CID was used before, and an *OutcomeUnknownError when the end cannot be told.
func (c *Client) Deposit(ctx context.Context, deposit Deposit) (*Payment, error) {
	if deposit.Payer == nil {
		deposit.Payer = &Payer{}
	}
	return c.create(ctx, order{
		method:      "payment.in",
		serviceID:   deposit.ServiceID,
		destination: "in",
		amount:      deposit.Amount,
		cid:         deposit.CID,
		payment:     deposit.onWire(),
	})
}

// Payout sends money to a receiver (payment.out). Its errors are those of Deposit.
func (c *Client) Payout(ctx context.Context, payout Payout) (*Payment, error) {
	return c.create(ctx, order{
		method:      "payment.out",
		serviceID:   payout.ServiceID,
		destination: "out",
		amount:      payout.Amount,
		cid:         payout.CID,
		payment:     payout.onWire(),
	})
}

// WaitUntilFinal asks once a second until the payment is final or the context ends. A server takes webhooks instead.
func (c *Client) WaitUntilFinal(ctx context.Context, id Identifiers) (*Payment, error) {
	for {
		payment, err := c.Status(ctx, id)
		if err != nil || payment.Status.Final {
			return payment, err
		}
		if err := c.sleep(ctx, time.Second); err != nil {
			return payment, err
		}
	}
}

// Call calls any method that may be repeated without harm, so not payment.in and payment.out. The result is decoded
// into the value that result points to.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	body, err := encode(method, 0, params)
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := c.exchange(ctx, body, result)
		if err == nil {
			return nil
		}
		if again, pauseErr := c.pauseBeforeNext(ctx, err, attempt); !again {
			return firstOf(pauseErr, err)
		}
	}
}

// An order is a payment to be created.
type order struct {
	method      string
	serviceID   int64
	destination string
	amount      Amount
	cid         CID
	payment     any
}

func (c *Client) create(ctx context.Context, o order) (*Payment, error) {
	body, err := encode(o.method, o.serviceID, map[string]any{"payment": o.payment})
	if err != nil {
		return nil, err
	}
	inDoubt := false // an attempt was made of which nobody knows whether it created the payment
	for attempt := 1; ; attempt++ {
		payment, failure := c.createOnce(ctx, body, o.cid)
		if failure == nil {
			return payment, nil
		}
		code := codeOf(failure)
		refused := !errors.Is(failure, ErrNoAnswer) && !isPassing(code)
		if refused && !inDoubt {
			return nil, failure
		}
		inDoubt = inDoubt || code != codeBusy
		again := false
		if !refused {
			again, err = c.pauseBeforeNext(ctx, failure, attempt)
		}
		if again && code != 0 {
			continue // the same CID: should the last attempt have created the payment, this one is told 6009
		}
		if !inDoubt {
			return nil, firstOf(err, failure)
		}
		if err != nil {
			return nil, &OutcomeUnknownError{CID: o.cid, Err: err}
		}
		// No answer, or 6009 after doubt: the payment may be there, so look before sending anything.
		found, err := c.find(ctx, o.cid)
		if err != nil {
			return nil, err
		}
		if found != nil {
			return o.same(found)
		}
		if !again {
			return nil, &OutcomeUnknownError{CID: o.cid, Err: failure}
		}
	}
}

func (c *Client) createOnce(ctx context.Context, body []byte, cid CID) (*Payment, error) {
	var result paymentResult
	if err := c.exchange(ctx, body, &result); err != nil {
		return nil, err
	}
	return result.about(Identifiers{CID: cid})
}

// Nil without an error: there is no such payment now.
func (c *Client) find(ctx context.Context, cid CID) (*Payment, error) {
	payment, err := c.Status(ctx, Identifiers{CID: cid})
	if codeOf(err) == codePaymentDoesNotExist {
		return nil, nil
	}
	if err != nil {
		return nil, &OutcomeUnknownError{CID: cid, Err: err}
	}
	return payment, nil
}

// A payment found by its CID is the one that was ordered, or an earlier one that happens to have the CID.
func (o order) same(payment *Payment) (*Payment, error) {
	if payment.Amount == o.amount && payment.ServiceID == o.serviceID && payment.Destination == o.destination {
		return payment, nil
	}
	return nil, &PaymentExistsError{
		APIError: APIError{Code: codePaymentExists, Message: "Payment already exists, and is another one"},
		HID:      payment.Identifiers.HID,
		Status:   payment.Status.Status,
	}
}

// Waits as the failure asks for. False: another attempt would be of no use, or, with an error, the context ended.
func (c *Client) pauseBeforeNext(ctx context.Context, failure error, attempt int) (bool, error) {
	attempts, maxPause := c.Attempts, c.MaxPause
	if attempts == 0 {
		attempts = defaultAttempts
	}
	if maxPause == 0 {
		maxPause = defaultMaxPause
	}
	if attempt >= attempts || errors.Is(failure, ErrSignature) || ctx.Err() != nil {
		return false, nil
	}
	pause := time.Duration(float64(time.Second<<(attempt-1)) * (0.5 + rand.Float64()/2))
	var refusal *APIError
	switch {
	case errors.As(failure, &refusal):
		if !isPassing(refusal.Code) {
			return false, nil
		}
		if refusal.RetryAfter > pause {
			pause = refusal.RetryAfter
		}
	case !errors.Is(failure, ErrNoAnswer):
		return false, nil
	}
	if pause > maxPause {
		return false, nil
	}
	if err := c.sleep(ctx, pause); err != nil {
		return false, err
	}
	return true, nil
}

func (c *Client) sleep(ctx context.Context, pause time.Duration) error {
	if c.Sleep != nil {
		return c.Sleep(ctx, pause)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) http() *http.Client {
	client := http.Client{Timeout: defaultTimeout}
	if c.HTTP != nil {
		client = *c.HTTP
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// One request, one answer. net/http sends a POST a second time only when not a byte of it has been written.
func (c *Client) exchange(ctx context.Context, body []byte, result any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Data-Application-Id", strconv.FormatInt(c.ApplicationID, 10))
	request.Header.Set("X-Data-Hash", sha512Hex(body, []byte(c.Secret)))

	response, err := c.http().Do(request)
	if err != nil {
		return noAnswer(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return noAnswer(err)
	}
	return c.open(answer, response, result)
}

// Takes the result or the error out of the envelope, once its signature is verified.
func (c *Client) open(answer []byte, response *http.Response, result any) error {
	signature := response.Header.Get("X-Data-Hash")
	if signature != "" && !equal(strings.ToLower(signature), sha512Hex(answer, []byte(c.Secret))) {
		return ErrSignature
	}
	var envelope struct {
		Success   bool            `json:"success"`
		Result    json.RawMessage `json:"result"`
		Error     *APIError       `json:"error"`
		RequestID string          `json:"request_id"`
	}
	if err := json.Unmarshal(answer, &envelope); err != nil || (!envelope.Success && envelope.Error == nil) {
		return noAnswer(fmt.Errorf("HTTP %s is not from the gateway", response.Status))
	}
	if signature == "" && (envelope.Success || !isUnsigned(envelope.Error.Code)) {
		return ErrSignature
	}
	if envelope.Success {
		if err := json.Unmarshal(envelope.Result, result); err != nil {
			return noAnswer(err)
		}
		return nil
	}
	refusal := envelope.Error
	refusal.RequestID = envelope.RequestID
	if seconds, err := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 31); err == nil {
		refusal.RetryAfter = time.Duration(seconds) * time.Second
	}
	if refusal.Code == codePaymentExists {
		return newPaymentExistsError(refusal)
	}
	return refusal
}

// Worth repeating as it was. 2002 is not among them: the provider needs longer than a caller wants to wait.
func isPassing(code int) bool {
	return code == codeBusy || code == codeHubError || code == codeUnexpectedError
}

// What is refused before the gateway knows whose secret to sign with. Any other answer must be signed.
func isUnsigned(code int) bool {
	switch code {
	case codeBusy, 1001, 1003, 1005, 1007, 3000, 3001, 3002, 3003, 3004, 3005:
		return true
	}
	return false
}

// Zero: the error is no refusal of the gateway.
func codeOf(err error) int {
	var refusal *APIError
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return 0
}

func encode(method string, serviceID int64, params any) ([]byte, error) {
	if params == nil {
		params = struct{}{}
	}
	return json.Marshal(struct {
		Method    string `json:"method"`
		ServiceID int64  `json:"service_id,omitempty"`
		Params    any    `json:"params"`
	}{method, serviceID, params})
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func sha512Hex(parts ...[]byte) string {
	hash := sha512.New()
	for _, part := range parts {
		hash.Write(part)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func equal(a, b string) bool {
	return hmac.Equal([]byte(a), []byte(b))
}
