package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"regain/bench/measure"
	"regain/internal/regaintest"
	"regain/internal/testdocs"
	"regain/internal/testservers"
)

// speedOfUploads measures documents through HTTP against the S3 client alone.
func speedOfUploads(t *testing.T) {
	ours, _ := production(t)
	store := testservers.MinIO(t)
	raw, err := minio.New(store.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(store.AccessKey, store.SecretKey, ""), Region: store.Region})
	if err != nil {
		t.Fatal(err)
	}
	bucket := store.Bucket()
	if err := raw.MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	idle := idleMemory(t, ours)
	holdUploads(t, ours, idle)
	for _, size := range []int{200_000, 5_000_000} {
		content := documentOf(size)
		for _, n := range []int{1, 8, 32} {
			turn := max(measure.Turn(t), time.Duration(size/2)*time.Microsecond/1000) // several of the large ones
			most, stop := watchMemory(ours)
			r := measure.Interleave(t, rounds, turn, uploads(ours, n, content), puts(raw, bucket, n, content))
			stop()
			measure.Print(fmt.Sprintf("upload %d KB, %d clients", size/1000, n), r[0], r[1], "0.8")
			measure.Note("memory above idle, at most, with %d clients and %d KB each, garbage of all calls included: %.2f MiB for each client",
				n, size/1000, float64(most.Load()-idle)/float64(n)/(1<<20))
		}
	}
}

// holdUploads begins as many uploads as there are places for, waits in the middle of each,
// and tells how much memory they take: all of it, as the system counts it.
func holdUploads(t *testing.T, p *regaintest.Process, idle int64) {
	t.Helper()
	const n = 60
	content := documentOf(5_000_000)
	boundary := "d8f3a1b2c4"
	body := slices.Concat(formHead(boundary), content, formTail(boundary))
	held := make([]net.Conn, n)
	for i := range held {
		f, err := newClient(p.Address).file()
		if err != nil {
			t.Fatal(err)
		}
		if held[i], err = new(net.Dialer).DialContext(t.Context(), "tcp", p.Address); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = held[i].Close() }()
		_ = held[i].SetDeadline(time.Now().Add(time.Minute))
		if _, err := fmt.Fprintf(held[i], "POST %s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: %s\r\nAuthorization: Bearer %s\r\nContent-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
			f.documents(), p.Address, nextAddress(), f.token, boundary, len(body)); err != nil {
			t.Fatal(err)
		}
		if _, err := held[i].Write(body[:len(body)/2]); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(500 * time.Millisecond)
	taken, err := memory(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, conn := range held {
		if _, err := conn.Write(body[len(body)/2:]); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusCreated {
			t.Fatalf("an upload that was held is answered %s", answer.Status)
		}
	}
	measure.Note("memory above idle with %d uploads of 5000 KB held half way: %.2f MiB for each (aim: 1)", n, float64(taken-idle)/n/(1<<20))
}

// formHead and formTail are what stands around a file in a form.
func formHead(boundary string) []byte {
	return []byte("--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"proof.pdf\"\r\nContent-Type: application/pdf\r\n\r\n")
}

func formTail(boundary string) []byte { return []byte("\r\n--" + boundary + "--\r\n") }

// documents is where the case takes a document.
func (f filed) documents() (path string) {
	for _, it := range f.items {
		if it.kind == "document" {
			path = f.path + "/items/" + it.id + "/documents"
		}
	}
	return path
}

// watchMemory keeps the most that the process has in memory until stop is called.
func watchMemory(p *regaintest.Process) (most *atomic.Int64, stop func()) {
	most = new(atomic.Int64)
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			if m, err := memory(p); err == nil {
				most.Store(max(most.Load(), m))
			}
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return most, func() { close(done); watching.Wait() }
}

// documentOf makes a PDF of about the size.
func documentOf(size int) []byte {
	const line = "Generated for a measurement, and nothing that anybody needs to read at all, ever."
	return testdocs.PDF(1, 1, strings.Split(strings.TrimSuffix(strings.Repeat(line+"\n", size/(len(line)+10)), "\n"), "\n")...)
}

var objects atomic.Int64

func puts(raw *minio.Client, bucket string, n int, content []byte) measure.Side {
	return measure.Side{Name: "raw PutObject", Run: func(turn time.Duration) (measure.Sample, error) {
		return measure.Load(n, turn, func(ctx context.Context, _ int) error {
			_, err := raw.PutObject(context.WithoutCancel(ctx), bucket, fmt.Sprintf("bench/%d", objects.Add(1)), bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
			return err
		})
	}}
}

// uploads has each client supply documents for a case of its own, another one before a
// case holds as many as it may.
func uploads(p *regaintest.Process, n int, content []byte) measure.Side {
	all := clients(p.Address, n)
	cases := make([]filed, n)
	counts := make([]int, n)
	const boundary = "d8f3a1b2c4"
	head, tail := formHead(boundary), formTail(boundary)
	return measure.Side{Name: "Regain", Run: func(turn time.Duration) (measure.Sample, error) {
		return measure.Load(n, turn, func(_ context.Context, i int) error {
			if counts[i]%90 == 0 {
				var err error
				if cases[i], err = all[i].file(); err != nil {
					return err
				}
				all[i].Token = cases[i].token
			}
			counts[i]++
			_, err := all[i].expect(http.StatusCreated, http.MethodPost, cases[i].documents(), "multipart/form-data; boundary="+boundary, head, content, tail)
			return err
		})
	}}
}
