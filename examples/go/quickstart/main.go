// A walk through the API, by default at the sandbox that `./dev run` serves: go run ./quickstart
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"multihub.example/multihub"
)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	applicationID, err := strconv.ParseInt(fromEnv("MULTIHUB_APPLICATION_ID", "1"), 10, 64)
	if err != nil {
		return err
	}
	client := multihub.Client{
		URL:           fromEnv("MULTIHUB_URL", "http://127.0.0.1:8080/public/api/multihub/v1"),
		ApplicationID: applicationID,
		Secret:        fromEnv("MULTIHUB_SECRET", "sandbox-secret-1-do-not-use-in-production"),
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	suffix, err := randomHex(6)
	if err != nil {
		return err
	}

	pong, err := client.Ping(ctx)
	if err != nil {
		return err
	}
	fmt.Println("ping:", pong)
	balance, err := client.Balance(ctx)
	if err != nil {
		return err
	}
	for _, amount := range balance.Amounts {
		fmt.Printf("balance: %d %s, frozen %d\n", amount.Value, amount.Currency, amount.ValueFreezing)
	}

	order := multihub.StringID("order-" + suffix)
	deposit, err := client.Deposit(ctx, multihub.Deposit{
		ServiceID:   14701,
		Amount:      multihub.Amount{Value: 25000, Currency: "INR"},
		CID:         order,
		Payer:       &multihub.Payer{Email: "buyer@example.com", Person: &multihub.Person{FirstName: "Zoë"}},
		Description: "Café, 2 €",
	})
	if err != nil {
		return err
	}
	fmt.Printf("deposit %s: %s, %s\n", order, deposit.Status.Status, deposit.Identifiers.HID)
	fmt.Println("the payer's link:", deposit.Redirect.To)
	deposit, err = client.WaitUntilFinal(ctx, multihub.Identifiers{CID: order})
	if err != nil {
		return err
	}
	fmt.Printf("deposit %s: %s\n", order, deposit.Status.Status)

	withdrawal := multihub.StringID("payout-" + suffix)
	payout, err := client.Payout(ctx, multihub.Payout{
		ServiceID: 14801,
		Amount:    multihub.Amount{Value: 150000, Currency: "MXN"},
		CID:       withdrawal,
		Receiver: multihub.Receiver{
			Person: &multihub.Person{FirstName: "Inés", LastName: "Vega"},
			Bank:   &multihub.Bank{Account: &multihub.BankAccount{ID: "646180000000000423"}},
		},
	})
	if err != nil {
		return err
	}
	fmt.Printf("payout %s: %s, %s\n", withdrawal, payout.Status.Status, payout.Identifiers.HID)
	payout, err = client.WaitUntilFinal(ctx, multihub.Identifiers{HID: payout.Identifiers.HID})
	if err != nil {
		return err
	}
	fmt.Printf("payout %s: %s\n", withdrawal, payout.Status.Status)

	payment, err := client.Status(ctx, multihub.Identifiers{CID: order})
	if err != nil {
		return err
	}
	fmt.Printf("status of %s: %s, version %d\n", order, payment.Status.Status, payment.StatusVersion)

	return showRefusals(ctx, &client, order, suffix)
}

func showRefusals(ctx context.Context, client *multihub.Client, order multihub.CID, suffix string) error {
	again := multihub.Deposit{ServiceID: 14701, Amount: multihub.Amount{Value: 25000, Currency: "INR"}, CID: order}
	_, err := client.Deposit(ctx, again)
	var exists *multihub.PaymentExistsError
	if !errors.As(err, &exists) {
		return fmt.Errorf("the same c_id again: %w", err)
	}
	fmt.Printf("the same c_id again: refused, it is %s (%s)\n", exists.HID, exists.Status)

	small := multihub.Deposit{
		ServiceID: 14701,
		Amount:    multihub.Amount{Value: 1, Currency: "INR"},
		CID:       multihub.StringID("small-" + suffix),
	}
	_, err = client.Deposit(ctx, small)
	var refusal *multihub.APIError
	if !errors.As(err, &refusal) {
		return fmt.Errorf("an amount below the minimum: %w", err)
	}
	var limits struct{ Min, Max int64 }
	if err := json.Unmarshal(refusal.Context, &limits); err != nil {
		return err
	}
	fmt.Printf("an amount below the minimum: refused, %v (from %d to %d)\n", refusal, limits.Min, limits.Max)
	return nil
}

func fromEnv(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func randomHex(bytes int) (string, error) {
	random := make([]byte, bytes)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	return hex.EncodeToString(random), nil
}
