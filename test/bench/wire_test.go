package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func serverOf(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestConnReadsWhatServersSend(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	addr := serverOf(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/length":
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"a":1}`)
		case "/chunks":
			io.WriteString(w, "one ")
			w.(http.Flusher).Flush()
			io.WriteString(w, long)
		case "/away":
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "1", HttpOnly: true})
			http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
			w.Header().Set("Location", "/there?x=1")
			w.WriteHeader(http.StatusSeeOther)
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
		case "/form":
			r.ParseForm()
			io.WriteString(w, r.Method+r.PostForm.Get("name")+r.Header.Get("Authorization")+r.Host)
		}
	})
	c := newConn(addr)
	defer c.close()
	var q request
	get := func(path string) *answer {
		t.Helper()
		a, err := c.do(q.get("example.com", path))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return a
	}
	a := get("/length")
	if err := a.is(200, "application/json"); err != nil || string(a.body) != `{"a":1}` {
		t.Errorf("%v, body %q", err, a.body)
	}
	first := c.c
	if a = get("/chunks"); string(a.body) != "one "+long {
		t.Errorf("a chunked body of %d bytes", len(a.body))
	}
	if a = get("/away"); a.status != 303 || string(a.location) != "/there?x=1" || strings.Join(a.cookies, " ") != "a=1 b=2" {
		t.Errorf("status %d to %q with %q", a.status, a.location, a.cookies)
	}
	if a = get("/nothing"); a.status != 204 || len(a.body)+len(a.location)+len(a.cookies) != 0 {
		t.Errorf("204: something of the answer before is left: %+v", a)
	}
	a, err := c.do(q.post("example.com", "/form", "name=ada", "Authorization: x\r\n"))
	if err != nil || string(a.body) != "POSTadaxexample.com" {
		t.Errorf("form: %q, %v", a.body, err)
	}
	if c.c != first {
		t.Error("the connection was not kept")
	}
}

func TestConnOpensAnewAfterTheServerClosed(t *testing.T) {
	addr := serverOf(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	c := newConn(addr)
	var q request
	for range 3 {
		if a, err := c.do(q.get("x", "/")); err != nil || a.status != 200 || c.c != nil {
			t.Fatalf("status %d, %v, open %v", a.status, err, c.c != nil)
		}
	}
}

func TestConnRefusesWhatIsNotHTTP(t *testing.T) {
	for name, text := range map[string]string{
		"no status":        "HTTP/1.1 ok\r\n\r\n",
		"another protocol": "SSH-2.0-OpenSSH\r\n\r\n",
		"no length":        "HTTP/1.1 200 OK\r\n\r\n",
		"negative length":  "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"huge length":      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
		"cut off":          "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
		"bad header":       "HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n",
		"bad chunk":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"chunk too short":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
		"nothing":          "",
	} {
		c := newConn("")
		c.r = bufio.NewReader(strings.NewReader(text))
		if err := c.read(); err == nil {
			t.Errorf("%s: taken for an answer: %+v", name, c.ans)
		}
	}
}

func FuzzConnRead(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	f.Add("HTTP/1.1 303 See Other\r\nLocation: /x\r\nSet-Cookie: a=1; Path=/\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := newConn("")
		c.r = bufio.NewReader(strings.NewReader(text))
		if c.read() == nil && len(c.ans.body) > len(text) {
			t.Errorf("a body of %d bytes from %d", len(c.ans.body), len(text))
		}
	})
}

func TestConnSaysThatNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := newConn(l.Addr().String()).do([]byte("x")); err == nil {
		t.Error("an answer from nobody")
	}
}
