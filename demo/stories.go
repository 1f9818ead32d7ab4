package demo

import (
	"maps"
	"slices"

	"regain/cases"
	"regain/demo/papers"
)

// The policies that the stories are told under, by their ids.
const (
	cloudPolicy   = "huawei-id"
	domainPolicy  = "domain-holder"
	savingsPolicy = "mutua-acesso"
)

// stories are all cases of the demo, in the order in which they are told.
func stories() []story {
	return slices.Concat(cloudIndividuals(), cloudEnterprises(), cloudResellers(), domains(), savings())
}

var (
	lostPhone = []cases.Channel{cases.Phone}
	lostEmail = []cases.Channel{cases.Email}
	lostBoth  = []cases.Channel{cases.Phone, cases.Email}
)

// reseller is who customers of resellers bought from.
var reseller = papers.Company{Name: "Nuvem Parceira Ltda.", Country: "Brazil", City: "São Paulo", Address: "Avenida Exemplo 100", Number: "12.345.678/0001-95", Head: "Caio Prado"}

// answersOf puts answers together: later ones over earlier ones.
func answersOf(base cases.AnswersRaw, more ...any) cases.AnswersRaw {
	out := maps.Clone(base)
	for n := 0; n+1 < len(more); n += 2 {
		out[more[n].(string)] = more[n+1] //nolint:forcetypeassert // the names of facts
	}
	return out
}

// authenticated is a person who bought directly and was authenticated; unpaid one who
// never paid, withCard one with a card and no authentication.
func authenticated(more ...any) cases.AnswersRaw {
	return answersOf(cases.AnswersRaw{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": true, "card_added": false}, more...)
}

func withCard(months int) cases.AnswersRaw {
	return cases.AnswersRaw{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": false, "card_added": true, "months_of_use": months}
}

func unpaid() cases.AnswersRaw {
	return cases.AnswersRaw{"customer_type": "direct", "account_type": "individual", "real_name_authenticated": false, "card_added": false, "paid": false, "phone_registered": true}
}

// file is the usual beginning: the contact is proved, everything supplied and handed in.
func file() []step { return []step{prove, supply(), submit} }
