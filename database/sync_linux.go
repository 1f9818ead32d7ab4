package database

import (
	"errors"
	"os"
	"syscall"
)

// syncData waits until a file's bytes are on the disk; of what else is known of the file,
// only its length.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
