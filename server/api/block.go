package api

import (
	"context"
	"net/http"
	"time"

	"regain/cases"
	"regain/server"
)

// BlockView is something that a lead blocked.
type BlockView struct {
	BlockBrief
	CreatedBy string     `json:"created_by" doc:"The id of the lead."`
	CreatedAt time.Time  `json:"created_at"`
	LiftedBy  string     `json:"lifted_by,omitempty" doc:"The id of the lead who lifted it."`
	LiftedAt  *time.Time `json:"lifted_at,omitempty"`
}

type blockIn struct {
	Body struct {
		Kind      string    `json:"kind" enum:"account,contact,file"`
		Value     string    `json:"value" maxLength:"1000" example:"ana@mail.example" doc:"The account as customers type it, the e-mail address or number, or the file's SHA-256 in hexadecimal. It is kept as a keyed digest, with a hint to know it by."`
		Reason    string    `json:"reason" maxLength:"10000" doc:"3 to 2000 characters. Staff see it."`
		Refuse    bool      `json:"refuse,omitempty" doc:"Do not take new cases with it. Whoever files one is told that it can't be taken here, and not why."`
		ExpiresAt time.Time `json:"expires_at" doc:"When the block ends by itself; within five years."`
	}
}

type blockOut struct {
	Body BlockView
}

type blocksIn struct {
	PageQuery
}

type blocksOut struct {
	Body struct {
		Blocks []BlockView `json:"blocks" doc:"The newest first, with those that are over."`
		People People      `json:"people" doc:"The names of the leads by id."`
		Next   string      `json:"next,omitempty" format:"uri-reference" doc:"The next page; absent at the end."`
	}
}

type liftIn struct {
	Block string `path:"block" maxLength:"64" doc:"The block's id."`
}

func blockView(b *cases.Block) BlockView {
	return BlockView{BlockBrief: blockBrief(b), CreatedBy: b.CreatedBy, CreatedAt: b.CreatedAt.UTC(), LiftedBy: b.LiftedBy, LiftedAt: utc(b.LiftedAt)}
}

func (a caseAPI) registerBlocks() {
	const path, tag = "/api/v1/blocks", "Blocklist"
	leads := []server.Role{server.Lead}

	server.JSON(a.server, server.Route{
		ID: "block", Method: post, Path: path, Roles: leads, Effect: server.Changes, Status: http.StatusCreated, Tag: tag,
		Summary:     "Block an account, a contact or a file",
		Description: "Cases that have it carry a signal for reviewers. Where refuse is set, new cases with it are not taken.",
	}, func(ctx context.Context, in *blockIn) (*blockOut, error) {
		b, err := a.cases.Block(ctx, actorOf(ctx), cases.BlockInput{
			Kind: cases.BlockKind(in.Body.Kind), Value: in.Body.Value, Reason: in.Body.Reason, Refuse: in.Body.Refuse, Expires: in.Body.ExpiresAt,
		})
		if err != nil {
			return nil, err
		}
		return &blockOut{Body: blockView(b)}, nil
	})

	server.JSON(a.server, server.Route{
		ID: "list-blocks", Method: get, Path: path, Roles: []server.Role{server.Lead, server.Auditor}, Effect: server.Reads, Tag: tag,
		Summary: "What is and was blocked, a page at a time",
	}, func(ctx context.Context, in *blocksIn) (*blocksOut, error) {
		list, next, err := a.blocks(ctx, in.PageQuery)
		if err != nil {
			return nil, err
		}
		out := &blocksOut{}
		out.Body.Blocks, out.Body.Next = list, in.next(path, next, nil)
		var leads []string
		for _, b := range list {
			leads = append(leads, b.CreatedBy, b.LiftedBy)
		}
		out.Body.People, err = a.people(ctx, leads)
		return out, err
	})

	server.JSON(a.server, server.Route{
		ID: "lift-block", Method: remove, Path: path + "/{block}", Roles: leads, Effect: server.Changes, Tag: tag,
		Summary: "Lift a block", Description: "It stays in the list, with who lifted it.",
	}, func(ctx context.Context, in *liftIn) (*struct{}, error) {
		return &struct{}{}, a.cases.Lift(ctx, actorOf(ctx), in.Block)
	})
}

// blocks are a page of the blocklist, and the cursor of the next.
func (a caseAPI) blocks(ctx context.Context, in PageQuery) ([]BlockView, string, error) {
	page, err := in.page()
	if err != nil {
		return nil, "", err
	}
	list, next, err := a.cases.Blocks(ctx, actorOf(ctx), page)
	if err != nil {
		return nil, "", err
	}
	views := make([]BlockView, 0, len(list))
	for _, b := range list {
		views = append(views, blockView(b))
	}
	return views, next, nil
}
