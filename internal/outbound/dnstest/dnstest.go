// Package dnstest runs a real DNS server for tests, which answers what it is
// told. Only tests import it; it knows nothing of who asks.
package dnstest

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Server is authoritative for every name, by UDP and TCP at one port.
type Server struct {
	Addr string // address and port

	mu    sync.Mutex
	texts map[string][]string
	asked map[string]int
	fails bool
}

// New starts a server without any record; it ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	udp, tcp := listen(t)
	s := &Server{Addr: udp.LocalAddr().String(), texts: map[string][]string{}, asked: map[string]int{}}
	for _, server := range []*dns.Server{{PacketConn: udp, Handler: s}, {Listener: tcp, Handler: s}} {
		up := make(chan struct{})
		server.NotifyStartedFunc = func() { close(up) }
		go server.ActivateAndServe()
		<-up
		t.Cleanup(func() { server.Shutdown() })
	}
	return s
}

// listen has both protocols at one port. The system picks it for TCP, of which
// more ports are taken on a busy machine; where UDP's is not free, another is tried.
func listen(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	var failed error
	for range 20 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		if err == nil {
			return udp, tcp
		}
		tcp.Close()
		failed = err
	}
	t.Fatalf("no port is free for UDP and TCP: %v", failed)
	return nil, nil
}

// Set gives the name these texts; none: there is no such name.
func (s *Server) Set(name string, texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[strings.ToLower(dns.Fqdn(name))] = texts
}

// Fail makes every question fail from now on, or not.
func (s *Server) Fail(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = yes
}

// Asked is how often the name was asked for.
func (s *Server) Asked(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[strings.ToLower(dns.Fqdn(name))]
}

// ServeDNS implements dns.Handler.
func (s *Server) ServeDNS(w dns.ResponseWriter, r *dns.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := new(dns.Msg).SetReply(r)
	answer.Authoritative = true
	q := r.Question[0]
	name := strings.ToLower(q.Name)
	s.asked[name]++
	texts := s.texts[name]
	switch {
	case s.fails:
		answer.Rcode = dns.RcodeServerFailure
	case len(texts) == 0:
		answer.Rcode = dns.RcodeNameError
	case q.Qtype == dns.TypeTXT:
		for _, text := range texts {
			header := dns.RR_Header{Name: q.Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 1}
			answer.Answer = append(answer.Answer, &dns.TXT{Hdr: header, Txt: parts(text)})
		}
	}
	if _, udp := w.LocalAddr().(*net.UDPAddr); udp {
		answer.Truncate(dns.MinMsgSize)
	}
	w.WriteMsg(answer)
}

// parts are the strings of which a record's text is made (RFC 1035 §3.3.14).
func parts(text string) []string {
	var out []string
	for len(text) > 255 {
		out, text = append(out, text[:255]), text[255:]
	}
	return append(out, text)
}
