package web

import (
	"github.com/gin-gonic/gin"

	"regain/problem"
	"regain/server"
)

func (p *Pages) showProblems(c *gin.Context) error {
	return p.show(c, "plain/problems", server.Codes())
}

func (p *Pages) showOneProblem(c *gin.Context) error {
	for _, code := range server.Codes() {
		if code.Code == c.Param("code") {
			return p.show(c, "plain/problems", []server.Code{code})
		}
	}
	return problem.New(problem.NotFound, "not_found", "There is nothing at this address.")
}
