package testservers

import (
	"strconv"
	"testing"
)

var minioProgram = s3Program{
	name: "minio",
	command: func(server S3, port int, dir string) (args, env []string) {
		args = []string{
			"server", "--quiet", "--address", "127.0.0.1:" + strconv.Itoa(port),
			"--console-address", "127.0.0.1:0", dir,
		}
		env = []string{
			"MINIO_ROOT_USER=" + server.AccessKey, "MINIO_ROOT_PASSWORD=" + server.SecretKey,
			"MINIO_UPDATE=off", "MINIO_BROWSER=off",
		}
		return args, env
	},
}

// MinIO returns a running MinIO server.
func MinIO(t testing.TB) S3 {
	t.Helper()
	return minioProgram.get(t)
}
