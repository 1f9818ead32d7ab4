package cases

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"slices"

	"regain/problem"
)

//go:embed letters/*.html
var letterFiles embed.FS

// Letter is a template filled with a case's particulars, to print, sign and seal.
type Letter struct {
	// FileName is a name for the download.
	FileName string
	// HTML is a whole page without scripts or anything from elsewhere.
	HTML []byte
}

// Letter fills the template of the item's material. Whoever may see the item may
// have it. Errors: item_not_found, no_template.
func (s *Service) Letter(ctx context.Context, actor Actor, caseID, itemID, locale string) (*Letter, error) {
	d, err := s.details(ctx, actor, caseID)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(d.Items, func(i *Item) bool { return i.ID == itemID })
	if at < 0 {
		return nil, errNoItem()
	}
	if actor.Kind == Partner {
		inv, err := s.activeInvitation(ctx, s.db.From(ctx), actor.ID, caseID)
		if err != nil {
			return nil, err
		}
		if !d.Items[at].SuppliedBy(inv.Supplier) {
			return nil, errNoItem()
		}
	}
	m := d.Policy.Material(d.Items[at].Material)
	if m == nil || m.Template == "" {
		return nil, problem.New(problem.NotFound, "no_template", "There is no template for this item.")
	}
	return fillLetter(m.Template, d.Case, locale)
}

func fillLetter(name string, c *Case, locale string) (*Letter, error) {
	t, err := template.ParseFS(letterFiles, "letters/"+name+".html")
	if err != nil {
		return nil, problem.New(problem.NotFound, "no_template", "There is no template for this item.").WithCause(err)
	}
	if locale == "" {
		locale = c.Locale
	}
	words, ok := letterWords()[locale]
	if !ok {
		locale, words = "en", letterWords()["en"]
	}
	var contacts []string
	for _, contact := range []string{c.NewEmail, c.NewPhone} {
		if contact != "" {
			contacts = append(contacts, contact)
		}
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{
		"Locale": locale, "W": words, "Reference": c.Reference, "Account": c.Account, "Enterprise": c.Enterprise, "Contacts": contacts,
	})
	if err != nil {
		return nil, fmt.Errorf("fill letter: %w", err)
	}
	return &Letter{FileName: fmt.Sprintf("%s-%s.html", name, c.Reference), HTML: out.Bytes()}, nil
}

// letterWords are the texts of the authorization letter by locale.
func letterWords() map[string]map[string]string {
	return map[string]map[string]string{
		"en": {
			"title": "Authorization letter", "reference": "Case reference", "account": "Account", "enterprise": "Enterprise",
			"contact": "New contact",
			"body1":   "The account named above belongs to the enterprise named above or, where none is named, to the person who signs this letter. The phone number or e-mail address registered with it can no longer be used.",
			"body2":   "The account's holder authorizes the person named below to apply for the recovery of this account, and asks that the registered contact be replaced by the new contact given above. This letter is for this case alone.",
			"person":  "Authorized person", "position": "Position", "date": "Date",
			"signature": "Signature of the legal representative, the authorized signatory or the account's holder", "seal": "Official seal of the enterprise",
			"hint": "Sign the letter and, for an enterprise, stamp it with the official seal; your case says what is accepted if you can't do both. Then scan or photograph the whole page and upload it to the case.",
		},
		"zh-Hans": {
			"title": "授权书", "reference": "案件编号", "account": "账号", "enterprise": "企业名称",
			"contact": "新的联系方式",
			"body1":   "上述账号归上述企业所有；未填写企业名称的，归签字人本人所有。该账号注册时使用的手机号码或邮箱已无法使用。",
			"body2":   "账号持有人授权下列人员办理该账号的找回手续，并申请将原注册联系方式更换为上述新的联系方式。本授权书仅用于本案件。",
			"person":  "被授权人", "position": "职务", "date": "日期",
			"signature": "法定代表人、授权签字人或账号持有人签字", "seal": "企业公章",
			"hint": "请签字；企业账号还须加盖公章。如无法同时提供，请以案件页面的说明为准。然后将整页扫描或拍照，上传到本案件。",
		},
		"pt-BR": {
			"title": "Carta de autorização", "reference": "Referência do caso", "account": "Conta", "enterprise": "Empresa",
			"contact": "Novo contato",
			"body1":   "A conta acima pertence à empresa indicada acima ou, se nenhuma estiver indicada, a quem assina esta carta. O número de telefone ou o e-mail cadastrado nela não pode mais ser usado.",
			"body2":   "O titular da conta autoriza a pessoa indicada abaixo a solicitar a recuperação desta conta e pede que o contato cadastrado seja substituído pelo novo contato informado acima. Esta carta vale somente para este caso.",
			"person":  "Pessoa autorizada", "position": "Cargo", "date": "Data",
			"signature": "Assinatura do representante legal, do signatário autorizado ou do titular da conta", "seal": "Carimbo oficial da empresa",
			"hint": "Assine a carta e, se houver empresa, aplique o carimbo oficial; o seu caso informa o que é aceito se não for possível ter ambos. Depois, digitalize ou fotografe a página inteira e envie-a no caso.",
		},
	}
}
