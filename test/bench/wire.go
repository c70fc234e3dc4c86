package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// answerWithin is how long one answer may take before it counts as an error.
const answerWithin = 30 * time.Second

// answer is one HTTP response. Its slices are overwritten by the next request
// on the same connection.
type answer struct {
	status   int
	kind     []byte // Content-Type
	location []byte
	body     []byte
	cookies  []string // name=value of each Set-Cookie
}

// conn is one keep-alive connection that asks one thing at a time. net/http's
// client costs several times as much as the server's side of a small request;
// this one costs little enough that the generator is not what is measured.
// Redirects are not followed, nothing is compressed, cookies are the caller's.
type conn struct {
	addr    string
	c       net.Conn
	r       *bufio.Reader
	ans     answer
	closing bool
}

func newConn(addr string) *conn {
	return &conn{addr: addr, r: bufio.NewReaderSize(nil, 16<<10)}
}

func (c *conn) close() {
	if c.c != nil {
		c.c.Close()
		c.c = nil
	}
}

// do sends the request and returns the answer. After an error the next call
// opens a new connection.
func (c *conn) do(request []byte) (*answer, error) {
	if c.c == nil {
		nc, err := net.DialTimeout("tcp", c.addr, 5*time.Second)
		if err != nil {
			return nil, err
		}
		c.c = nc
		c.r.Reset(nc)
	}
	err := c.exchange(request)
	if err != nil || c.closing {
		c.close()
	}
	return &c.ans, err
}

func (c *conn) exchange(request []byte) error {
	if err := c.c.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return err
	}
	if _, err := c.c.Write(request); err != nil {
		return err
	}
	return c.read()
}

var errMalformed = errors.New("the answer is not HTTP/1.1")

// read parses one response (RFC 9112).
func (c *conn) read() error {
	a := &c.ans
	a.location, a.kind, a.body, a.cookies = a.location[:0], a.kind[:0], a.body[:0], a.cookies[:0]
	line, err := c.line()
	if err != nil {
		return err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return errMalformed
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return errMalformed
	}
	length, chunked, err := c.headers()
	switch {
	case err != nil:
		return err
	case a.status == 204 || a.status == 304:
		return nil
	case chunked:
		return c.chunks()
	case length < 0:
		return errMalformed
	}
	return c.take(length)
}

// headers reads up to the empty line; length is -1 when none is given.
func (c *conn) headers() (length int, chunked bool, err error) {
	length, c.closing = -1, false
	for {
		line, err := c.line()
		if err != nil || len(line) == 0 {
			return length, chunked, err
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return 0, false, errMalformed
		}
		value = bytes.TrimSpace(value)
		switch len(name) { // few headers have a length that matters
		case len("Location"):
			if fold(name, "Location") {
				c.ans.location = append(c.ans.location, value...)
			}
		case len("Set-Cookie"): // and Connection
			if fold(name, "Set-Cookie") {
				pair, _, _ := bytes.Cut(value, []byte(";"))
				c.ans.cookies = append(c.ans.cookies, string(pair))
			} else if fold(name, "Connection") {
				c.closing = fold(value, "close")
			}
		case len("Content-Type"):
			if fold(name, "Content-Type") {
				c.ans.kind = append(c.ans.kind, value...)
			}
		case len("Content-Length"):
			if fold(name, "Content-Length") {
				if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
					return 0, false, errMalformed
				}
			}
		case len("Transfer-Encoding"):
			if fold(name, "Transfer-Encoding") {
				chunked = fold(value, "chunked")
			}
		}
	}
}

func fold(b []byte, s string) bool { return bytes.EqualFold(b, []byte(s)) }

// line returns the next line without its end.
func (c *conn) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// take appends n bytes to the body.
func (c *conn) take(n int) error {
	const most = 8 << 20
	old := len(c.ans.body)
	if n > most || old > most {
		return fmt.Errorf("an answer of more than %d bytes", most)
	}
	if cap(c.ans.body) < old+n {
		grown := make([]byte, old, 2*(old+n))
		copy(grown, c.ans.body)
		c.ans.body = grown
	}
	c.ans.body = c.ans.body[:old+n]
	_, err := io.ReadFull(c.r, c.ans.body[old:])
	return err
}

// chunks reads a chunked body (RFC 9112 §7.1).
func (c *conn) chunks() error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		size, err := strconv.ParseUint(string(line), 16, 31)
		if err != nil {
			return errMalformed
		}
		if err := c.take(int(size)); err != nil {
			return err
		}
		if line, err = c.line(); err != nil {
			return err
		}
		if len(line) != 0 {
			return errMalformed // a trailer, which no server here sends
		}
		if size == 0 {
			return nil
		}
	}
}

// request is a reusable buffer for one request.
type request struct{ buf []byte }

// get writes a GET; header lines end with \r\n.
func (q *request) get(host, path string, headers ...string) []byte {
	return q.head("GET", host, path, headers).end()
}

// post writes a form.
func (q *request) post(host, path string, form string, headers ...string) []byte {
	q.head("POST", host, path, headers)
	q.buf = append(q.buf, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "...)
	q.buf = strconv.AppendInt(q.buf, int64(len(form)), 10)
	q.buf = append(q.buf, "\r\n\r\n"...)
	q.buf = append(q.buf, form...)
	return q.buf
}

func (q *request) head(method, host, path string, headers []string) *request {
	b := append(q.buf[:0], method...)
	b = append(b, ' ')
	b = append(b, path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, host...)
	b = append(b, "\r\nUser-Agent: signet-bench\r\n"...)
	for _, h := range headers {
		b = append(b, h...)
	}
	q.buf = b
	return q
}

func (q *request) end() []byte {
	q.buf = append(q.buf, "\r\n"...)
	return q.buf
}
