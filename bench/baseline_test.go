package bench

import (
	"database/sql"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"

	"regain/cases"
	"regain/internal/regaintest"
)

// The baseline is this test's own binary as another process, when the variable holds
// an address.
const (
	baselineVariable = "BENCH_BASELINE"
	baselineDatabase = "BENCH_BASELINE_DATABASE"
)

// startBaseline runs Gin with next to nothing behind it.
func startBaseline(t *testing.T, database string) *regaintest.Process {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := regaintest.NewProcess(t, own, t.TempDir())
	p.Env = []string{baselineVariable + "=" + p.Address, baselineDatabase + "=" + database}
	p.MustStart(t)
	return p
}

// serveBaseline answers what the product's calls are measured against: a JSON body
// read into an object, and one row by its primary key, through bun and pgdriver as
// they come.
func serveBaseline(address, database string) error {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.GET("/readyz", func(c *gin.Context) { c.Status(http.StatusOK) })
	e.POST("/json", func(c *gin.Context) {
		var body map[string]any
		if err := c.ShouldBindJSON(&body); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		c.JSON(http.StatusOK, gin.H{"members": len(body)})
	})
	if database != "" {
		pool := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(database)))
		pool.SetMaxOpenConns(16)
		pool.SetMaxIdleConns(16)
		db := bun.NewDB(pool, pgdialect.New())
		e.GET("/cases/:id", func(c *gin.Context) {
			row := new(cases.Case)
			if err := db.NewSelect().Model(row).Where("c.id = ?", c.Param("id")).Scan(c.Request.Context()); err != nil {
				c.Status(http.StatusNotFound)
				return
			}
			c.JSON(http.StatusOK, row)
		})
	}
	server := &http.Server{Addr: address, Handler: e, ReadHeaderTimeout: 5 * time.Second}
	return server.ListenAndServe()
}
