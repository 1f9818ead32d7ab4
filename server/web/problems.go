package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"regain/problem"
	"regain/server"
)

func (p *Pages) showProblems(c *gin.Context) error {
	return p.render(c, http.StatusOK, "problems", "Problems", server.Codes())
}

func (p *Pages) showOneProblem(c *gin.Context) error {
	for _, code := range server.Codes() {
		if code.Code == c.Param("code") {
			return p.render(c, http.StatusOK, "problems", code.Title, []server.Code{code})
		}
	}
	return problem.New(problem.NotFound, "not_found", "There is nothing at this address.")
}
