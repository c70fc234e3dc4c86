package httpd_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/httpd"
)

// counted counts the writes to the connections of a listener.
type counted struct {
	net.Listener
	writes atomic.Int64
}

type countedConn struct {
	*net.TCPConn
	writes *atomic.Int64
}

func (l *counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countedConn{c.(*net.TCPConn), &l.writes}, nil
}

func (c *countedConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.TCPConn.Write(p)
}

func wholeServer(t *testing.T, answer http.HandlerFunc) (*httptest.Server, *counted) {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	l := &counted{Listener: s.Listener}
	s.Listener = httpd.Whole(l)
	s.Config.ConnContext = httpd.ConnContext
	t.Cleanup(s.Close)
	return s, l
}

// sized answers with as many bytes as the request asks for.
func sized(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.FormValue("n"))
	w.Header().Set("Content-Length", strconv.Itoa(n))
	httpd.WriteWhole(w, r, bytes.Repeat([]byte("x"), n))
}

func TestAnAnswerGoesOutInOneWrite(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		s, l := wholeServer(t, sized)
		if scheme == "https" {
			s.StartTLS()
		} else {
			s.Start()
		}
		get(t, s.Client(), s.URL, 1) // what the handshake takes
		for _, n := range []int{0, 1, 3 << 10, 3<<10 + 1, 4096, 5000, 100 << 10} {
			before := l.writes.Load()
			get(t, s.Client(), s.URL, n)
			if got := l.writes.Load() - before; got != 1 {
				t.Errorf("%s, %d bytes: %d writes", scheme, n, got)
			}
		}
	}
}

func get(t *testing.T, c *http.Client, url string, n int) {
	t.Helper()
	res, err := c.Get(fmt.Sprint(url, "/?n=", n))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || len(body) != n || res.ContentLength != int64(n) || strings.Trim(string(body), "x") != "" {
		t.Errorf("asked for %d bytes: %d of %d announced, %v", n, len(body), res.ContentLength, err)
	}
}

// Answers to requests that were sent together, one of them HEAD, come in order and whole.
func TestWholeAnswersAfterEachOther(t *testing.T) {
	s, _ := wholeServer(t, sized)
	s.Start()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	asked := []struct {
		method string
		n      int
	}{{"GET", 5000}, {"HEAD", 9000}, {"GET", 10}, {"GET", 200 << 10}, {"GET", 5001}}
	for _, a := range asked {
		fmt.Fprintf(c, "%s /?n=%d HTTP/1.1\r\nHost: id.example\r\n\r\n", a.method, a.n)
	}
	in := bufio.NewReader(c)
	for _, a := range asked {
		res, err := http.ReadResponse(in, &http.Request{Method: a.method})
		if err != nil {
			t.Fatal(err)
		}
		want := a.n
		if a.method == "HEAD" {
			want = 0
		}
		if body, err := io.ReadAll(res.Body); err != nil || len(body) != want || res.ContentLength != int64(a.n) {
			t.Fatalf("%s %d: %d bytes, %v", a.method, a.n, len(body), err)
		}
	}
}

// A client that is refused while it is still sending reads the refusal: the connection is
// half closed first, as net/http does with connections of its own.
func TestWholeConnectionsCloseInHalves(t *testing.T) {
	s, _ := wholeServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		http.Error(w, "no", http.StatusRequestEntityTooLarge)
	})
	s.Start()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: id.example\r\nContent-Length: %d\r\n\r\n%s", 1<<20, strings.Repeat("y", 64<<10)) // more than is read with the header
	all, err := io.ReadAll(c)
	if err != nil || !bytes.Contains(all, []byte("413")) {
		t.Errorf("read %q, %v", all, err)
	}
}

// HTTP/2 has many writers on one connection: nothing is held there.
func TestWholeOverHTTP2(t *testing.T) {
	s, _ := wholeServer(t, sized)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{NextProtos: []string{"h2"}}
	s.StartTLS()
	get(t, s.Client(), s.URL, 100<<10)
}
