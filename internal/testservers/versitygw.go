package testservers

import (
	"strconv"
	"testing"
)

var versityGWProgram = s3Program{
	name: "versitygw",
	command: func(server S3, port int, dir string) (args, env []string) {
		args = []string{"--port", "127.0.0.1:" + strconv.Itoa(port), "--quiet", "--keep-alive", "posix", dir}
		env = []string{"ROOT_ACCESS_KEY_ID=" + server.AccessKey, "ROOT_SECRET_ACCESS_KEY=" + server.SecretKey}
		return args, env
	},
}

// VersityGW returns a running versitygw server over a folder. It is the second
// implementation of S3 that the storage tests run against.
func VersityGW(t testing.TB) S3 {
	t.Helper()
	return versityGWProgram.get(t)
}
