// One call of the Go client, as the tests order it. What came of it is printed as one line of JSON.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/textproto"
	"os"
	"strconv"
	"time"

	"multihub.example/multihub"
)

type outcome struct {
	Outcome string    `json:"outcome"`
	Result  any       `json:"result,omitempty"`
	Code    int       `json:"code,omitempty"`
	HID     string    `json:"h_id,omitempty"`
	Status  string    `json:"status,omitempty"`
	Header  string    `json:"header,omitempty"`
	Slept   []float64 `json:"slept"`
}

var slept = []float64{}

func client() *multihub.Client {
	applicationID, err := strconv.ParseInt(os.Getenv("MULTIHUB_APPLICATION_ID"), 10, 64)
	check(err)
	timeout, err := time.ParseDuration(os.Getenv("TIMEOUT_S") + "s")
	check(err)
	return &multihub.Client{
		URL:           os.Getenv("MULTIHUB_URL"),
		ApplicationID: applicationID,
		Secret:        os.Getenv("MULTIHUB_SECRET"),
		HTTP:          &http.Client{Timeout: timeout},
		Sleep: func(_ context.Context, pause time.Duration) error {
			slept = append(slept, pause.Seconds())
			return nil
		},
	}
}

func run(ctx context.Context, word string, args []string) (any, error) {
	switch word {
	case "ping":
		return client().Ping(ctx)
	case "balance":
		return client().Balance(ctx)
	case "status":
		return client().Status(ctx, multihub.Identifiers{CID: cid(args[0])})
	case "deposit":
		return client().Deposit(ctx, multihub.Deposit{
			ServiceID:   14702,
			Amount:      multihub.Amount{Value: number(args[1]), Currency: "INR"},
			CID:         cid(args[0]),
			Description: "Zoë's 2 € </b>",
		})
	case "payout":
		return client().Payout(ctx, multihub.Payout{
			ServiceID: 14801,
			Amount:    multihub.Amount{Value: number(args[1]), Currency: "MXN"},
			CID:       cid(args[0]),
			Receiver:  multihub.Receiver{Bank: &multihub.Bank{Account: &multihub.BankAccount{ID: "646180000000000423"}}},
		})
	case "verify":
		event, err := verify(args[0], args[1])
		if err != nil {
			return nil, err
		}
		return event.ID, nil
	}
	return nil, errors.New("unknown word: " + word)
}

func verify(headersFile, bodyFile string) (*multihub.Event, error) {
	file, err := os.Open(headersFile)
	check(err)
	header, err := textproto.NewReader(bufio.NewReader(file)).ReadMIMEHeader()
	if err != io.EOF {
		check(err)
	}
	body, err := os.ReadFile(bodyFile)
	check(err)
	verifier := multihub.WebhookVerifier{
		APISecrets:      given("MULTIHUB_SECRET", "MULTIHUB_PREVIOUS_SECRET"),
		EndpointSecrets: given("MULTIHUB_WEBHOOK_SECRET", "MULTIHUB_PREVIOUS_WEBHOOK_SECRET"),
	}
	return verifier.Verify(http.Header(header), body)
}

func given(names ...string) (values []string) {
	for _, name := range names {
		if value, ok := os.LookupEnv(name); ok {
			values = append(values, value)
		}
	}
	return values
}

func cid(text string) (id multihub.CID) {
	check(json.Unmarshal([]byte(text), &id))
	return id
}

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	check(err)
	return value
}

func describe(result any, err error) outcome {
	var (
		exists  *multihub.PaymentExistsError
		unknown *multihub.OutcomeUnknownError
		refusal *multihub.APIError
		webhook *multihub.WebhookError
	)
	switch {
	case err == nil:
		return outcome{Outcome: "done", Result: result}
	case errors.As(err, &exists):
		return outcome{Outcome: "exists", HID: exists.HID, Status: exists.Status}
	case errors.As(err, &refusal):
		return outcome{Outcome: "refused", Code: refusal.Code}
	case errors.Is(err, multihub.ErrSignature):
		return outcome{Outcome: "bad signature"}
	case errors.Is(err, multihub.ErrNoAnswer):
		return outcome{Outcome: "no answer"}
	case errors.As(err, &unknown):
		return outcome{Outcome: "unknown"}
	case errors.As(err, &webhook):
		return outcome{Outcome: "webhook refused", Header: webhook.Header}
	}
	return outcome{Outcome: err.Error()}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	said := describe(run(context.Background(), os.Args[1], os.Args[2:]))
	said.Slept = slept
	check(json.NewEncoder(os.Stdout).Encode(said))
}
