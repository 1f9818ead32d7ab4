package web

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"regain/cases"
)

// previewed is what a customer would get, for the form that is open.
type previewed struct {
	// Subject and Letter are the message; empty when no contact is proved.
	Subject, Letter string
	// Words stand in the customer's request.
	Words string
}

func previewOf(p *cases.Preview, err error) (*previewed, error) {
	if err != nil {
		return nil, err
	}
	out := &previewed{Words: p.Words}
	if p.Letter != nil {
		out.Subject, out.Letter = p.Letter.Subject, p.Letter.Text
	}
	return out, nil
}

func previewRequest(ctx context.Context, p *Pages, r actRequest) (*previewed, error) {
	return previewOf(p.services.Cases.PreviewRequest(ctx, r.actor, r.caseID, r.request()))
}

func previewDenial(ctx context.Context, p *Pages, r actRequest) (*previewed, error) {
	denial, err := r.denial(p)
	if err != nil {
		return nil, err
	}
	return previewOf(p.services.Cases.PreviewDenial(ctx, r.actor, r.caseID, denial))
}

// showPreview is the page with the form as it was typed and what would come of it.
func (p *Pages) showPreview(c *gin.Context, a reviewAct, f *Form, shown *previewed) error {
	data, v, err := p.actPage(c, a, f)
	if err != nil {
		return err
	}
	data.Preview = shown
	return p.render(c, http.StatusOK, "review/case", v)
}
