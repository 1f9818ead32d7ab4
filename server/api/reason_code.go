package api

import (
	"context"

	"regain/cases"
	"regain/rules"
	"regain/server"
)

// ReasonCodeView is a reason that a reviewer can give.
type ReasonCodeView struct {
	Code  string `json:"code" example:"unreadable"`
	Label string `json:"label" example:"It can't be read"`
}

type reasonCodesIn struct {
	server.Localized
}

type reasonCodesOut struct {
	Body struct {
		ReasonCodes []ReasonCodeView `json:"reason_codes" doc:"In the order in which a form should show them."`
	}
}

func (a caseAPI) registerReasonCodes() {
	server.JSON(a.server, server.Route{
		ID: "list-reason-codes", Method: get, Path: "/api/v1/reason-codes", Roles: server.Everyone(), Effect: server.Reads, Tag: tagReview,
		Summary: "The reasons for which an item is rejected or a case denied",
	}, func(ctx context.Context, _ *reasonCodesIn) (*reasonCodesOut, error) {
		out := &reasonCodesOut{}
		out.Body.ReasonCodes = []ReasonCodeView{}
		labels := reasonLabels()
		for _, code := range cases.ReasonCodes() {
			out.Body.ReasonCodes = append(out.Body.ReasonCodes, ReasonCodeView{Code: string(code), Label: labels[code].In(server.Locale(ctx))})
		}
		return out, nil
	})
}

// reasonLabels are the reasons in words, for customers too.
func reasonLabels() map[cases.ReasonCode]rules.Text {
	label := func(en, zh, pt string) rules.Text {
		return rules.Text{"": en, "en": en, "zh-Hans": zh, "pt-BR": pt}
	}
	return map[cases.ReasonCode]rules.Text{
		"unreadable":           label("It can't be read", "无法辨认", "Não é legível"),
		"incomplete":           label("A part of it is missing", "内容不完整", "Falta uma parte"),
		"wrong_document":       label("It is another document than the one asked for", "不是所要求的文件", "É um documento diferente do solicitado"),
		"does_not_match":       label("It does not agree with what is on record", "与登记的信息不符", "Não coincide com o que consta no cadastro"),
		"out_of_date":          label("It is too old, or no longer valid", "已过期或失效", "É antigo demais ou não é mais válido"),
		"not_sealed_or_signed": label("The seal or the signature is missing", "缺少公章或签字", "Falta o carimbo ou a assinatura"),
		"not_masked":           label("Digits that must be hidden can be read", "应遮挡的数字清晰可见", "Há dígitos visíveis que deveriam estar cobertos"),
		"altered":              label("It was altered", "有改动痕迹", "Foi alterado"),
		"not_proven":           label("It does not show enough that the account may be managed", "不足以证明对该账号的管理权", "Não basta para comprovar que quem pede pode administrar a conta"),
		"other":                label("Another reason", "其他原因", "Outro motivo"),
	}
}
