package cases_test

import (
	"testing"

	"regain/internal/testservers"
)

func TestMain(m *testing.M) { testservers.Main(m) }
