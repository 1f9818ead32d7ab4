package demo

import (
	"context"
	"strings"

	"regain/demo/papers"
)

// Directory is what the demo's providers have on record of their accounts, for reviewers
// to hold against what they are told. It implements cases.Directory.
type Directory struct {
	// records are by policy and account.
	records map[string]map[string]any
}

// NewDirectory makes the directory of all accounts of the demo.
func NewDirectory() *Directory {
	d := &Directory{records: map[string]map[string]any{}}
	for _, s := range stories() {
		if !s.noRecord {
			d.records[recordKey(s.policy, s.account)] = s.onRecord()
		}
	}
	return d
}

func recordKey(policy, account string) string { return policy + "/" + strings.ToLower(account) }

// Account implements cases.Directory.
func (d *Directory) Account(_ context.Context, policy, account string) (map[string]any, error) {
	return d.records[recordKey(policy, account)], nil
}

// onRecord is what the provider knows of a story's account. What the story says differs
// from what its customer states goes before the rest.
func (s story) onRecord() map[string]any {
	record := map[string]any{
		"born_on": s.who.Born, "name": s.who.Name, "email": s.oldEmail(), "phone": s.oldPhone(), "address": oldAddress(), "tier": "small", "disputed": false,
	}
	if s.firm != (papers.Company{}) {
		record["enterprise_name"], record["account_name"] = s.firm.Name, s.firm.Name
		record["register_number"] = s.firm.Number
		record["account_number"] = "DE89370400440532013000"
	}
	for name, value := range s.differs {
		record[name] = value
	}
	return record
}
