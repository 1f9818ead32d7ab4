package api

import (
	"context"

	"regain/accounts"
	"regain/cases"
	"regain/notify"
	"regain/server"
)

// ContactCodes lets the one-time codes of accounts serve cases: the two rooms do not
// know each other. It implements cases.Codes.
type ContactCodes struct {
	Codes *accounts.Codes
}

// Issue implements cases.Codes. Within a call that changes something, the code and
// its message belong to the call's one transaction.
func (c ContactCodes) Issue(ctx context.Context, r cases.CodeRequest) error {
	channel := notify.Email
	if r.Channel == cases.Phone {
		channel = notify.SMS
	}
	return c.Codes.Issue(ctx, nil, accounts.CodeRequest{
		Purpose: codePurpose(r.Purpose), Flow: r.Flow, Channel: channel, Destination: r.Destination,
		Locale: r.Locale, IP: r.Address, Decoy: r.Decoy,
	})
}

// Verify implements cases.Codes. Checks are limited by the caller's address.
func (c ContactCodes) Verify(ctx context.Context, check cases.CodeCheck) error {
	return c.Codes.Verify(ctx, accounts.CodeCheck{
		Purpose: codePurpose(check.Purpose), Flow: check.Flow, Destination: check.Destination, Code: check.Code, Decoy: check.Decoy,
		IP: server.Address(ctx),
	})
}

// codePurpose is what the message with the code says it is for.
func codePurpose(purpose string) string {
	if purpose == cases.PurposeResume {
		return accounts.PurposeReturn
	}
	return accounts.PurposeContact
}
