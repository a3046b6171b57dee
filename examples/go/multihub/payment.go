package multihub

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// CID is the merchant's own identifier of a payment: a text, or a whole number from 0 to 2^53-1. The number 7 and the
// text "7" name the same payment.
type CID struct {
	text     string
	isNumber bool
}

// StringID makes a CID of 1 to 128 characters.
func StringID(text string) CID { return CID{text: text} }

// NumberID makes a CID that is written as a number.
func NumberID(number uint64) CID { return CID{text: strconv.FormatUint(number, 10), isNumber: true} }

func (c CID) String() string { return c.text }

// MarshalJSON refuses a text that encoding/json would have to change.
func (c CID) MarshalJSON() ([]byte, error) {
	if !utf8.ValidString(c.text) {
		return nil, fmt.Errorf("multihub: the CID %q is not UTF-8", c.text)
	}
	if c.isNumber {
		return []byte(c.text), nil
	}
	return json.Marshal(c.text)
}

// UnmarshalJSON takes both forms.
func (c *CID) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		c.isNumber = false
		return json.Unmarshal(data, &c.text)
	}
	var number json.Number
	if err := json.Unmarshal(data, &number); err != nil {
		return err
	}
	*c = CID{text: number.String(), isNumber: true}
	return nil
}

// Amount is a number of minor units, such as cents.
type Amount struct {
	Value    int64  `json:"value"`
	Currency string `json:"currency"`
}

// Identifiers of a payment. Those that are not known are empty.
type Identifiers struct {
	CID CID
	HID string // the gateway's
	PID string // the provider's
	UTR string // the bank's
}

type wireIdentifiers struct {
	CID *CID   `json:"c_id,omitempty"`
	HID string `json:"h_id,omitempty"`
	PID string `json:"p_id,omitempty"`
	UTR string `json:"utr,omitempty"`
}

// MarshalJSON leaves out what is empty.
func (i Identifiers) MarshalJSON() ([]byte, error) {
	wire := wireIdentifiers{HID: i.HID, PID: i.PID, UTR: i.UTR}
	if i.CID != (CID{}) {
		wire.CID = &i.CID
	}
	return json.Marshal(wire)
}

// UnmarshalJSON is the counterpart of MarshalJSON.
func (i *Identifiers) UnmarshalJSON(data []byte) error {
	var wire wireIdentifiers
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	*i = Identifiers{HID: wire.HID, PID: wire.PID, UTR: wire.UTR}
	if wire.CID != nil {
		i.CID = *wire.CID
	}
	return nil
}

// Payment is a payment as it was when the gateway answered.
type Payment struct {
	Amount      Amount      `json:"amount"`
	Identifiers Identifiers `json:"identifiers"`
	Status      struct {
		Status  string `json:"status"`
		Final   bool   `json:"final"`
		Success *bool  `json:"success"` // nil until the payment is final
		Error   *struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	} `json:"status"`
	StatusVersion int `json:"status_version"`
	Timestamps    struct {
		Created  time.Time  `json:"created"`
		Updated  time.Time  `json:"updated"`
		Finished *time.Time `json:"finished"` // nil until the payment is final
	} `json:"timestamps"`
	Destination string `json:"destination"` // "in" or "out"
	ServiceID   int64  `json:"service_id"`
	Redirect    *struct {
		To string `json:"to"` // a upi:// link for the payer
	} `json:"redirect"`
	Receiver Receiver `json:"receiver"`
}

type paymentResult struct {
	Payment *Payment `json:"payment"`
}

// The payment, if it is the one that was asked for.
func (r paymentResult) about(asked Identifiers) (*Payment, error) {
	if r.Payment == nil {
		return nil, errOtherAnswer
	}
	given := r.Payment.Identifiers
	if asked.CID.text != "" && asked.CID.text != given.CID.text || asked.HID != "" && asked.HID != given.HID {
		return nil, errOtherAnswer
	}
	return r.Payment, nil
}

// Person is a part of Payer and Receiver.
type Person struct {
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
}

// Payer is who pays a deposit.
type Payer struct {
	Email  string  `json:"email,omitempty"`
	Phone  string  `json:"phone,omitempty"`
	Person *Person `json:"person,omitempty"`
}

// Receiver is who gets a payout; docs/api/payment_out.md says which fields a route needs.
type Receiver struct {
	Person    *Person `json:"person,omitempty"`
	Email     string  `json:"email,omitempty"`
	Phone     string  `json:"phone,omitempty"`
	Bank      *Bank   `json:"bank,omitempty"`
	Card      *Card   `json:"card,omitempty"`
	UPI       *UPI    `json:"upi,omitempty"`
	PayID     string  `json:"payid,omitempty"`
	PayIDType string  `json:"payid_type,omitempty"`
}

// Bank is a part of Receiver.
type Bank struct {
	Code    string       `json:"code,omitempty"`
	Name    string       `json:"name,omitempty"`
	IFSC    string       `json:"ifsc,omitempty"`
	Account *BankAccount `json:"account,omitempty"`
}

// BankAccount is a part of Bank.
type BankAccount struct {
	ID string `json:"id"`
}

// Card is a part of Receiver.
type Card struct {
	Number string `json:"number"`
}

// UPI is a part of Receiver.
type UPI struct {
	VPA string `json:"vpa"`
}

// Deposit is what payment.in needs to know.
type Deposit struct {
	ServiceID   int64
	Amount      Amount
	CID         CID
	Payer       *Payer // optional
	Description string // optional
	WebhookURL  string // optional
}

// Payout is what payment.out needs to know.
type Payout struct {
	ServiceID   int64
	Amount      Amount
	CID         CID
	Receiver    Receiver
	Description string // optional
	WebhookURL  string // optional
}

type wirePayment struct {
	Payer       *Payer      `json:"payer,omitempty"`
	Receiver    *Receiver   `json:"receiver,omitempty"`
	Amount      Amount      `json:"amount"`
	Identifiers Identifiers `json:"identifiers"`
	Description string      `json:"description,omitempty"`
	WebhookURL  string      `json:"webhook_url,omitempty"`
}

func (d Deposit) onWire() wirePayment {
	return wirePayment{
		Payer: d.Payer, Amount: d.Amount, Identifiers: Identifiers{CID: d.CID},
		Description: d.Description, WebhookURL: d.WebhookURL,
	}
}

func (p Payout) onWire() wirePayment {
	return wirePayment{
		Receiver: &p.Receiver, Amount: p.Amount, Identifiers: Identifiers{CID: p.CID},
		Description: p.Description, WebhookURL: p.WebhookURL,
	}
}

// Balance is what an application has.
type Balance struct {
	ID      int64           `json:"id"`
	Amounts []BalanceAmount `json:"amounts"`
	Enabled bool            `json:"enabled"`
}

// BalanceAmount is what an application has in one currency. The three amounts are apart from each other.
type BalanceAmount struct {
	Value         int64  `json:"value"`          // available
	ValueFreezing int64  `json:"value_freezing"` // held by payouts that are not final
	ValueBlocking int64  `json:"value_blocking"` // held by the operator
	Currency      string `json:"currency"`
	Enabled       bool   `json:"enabled"`
}
