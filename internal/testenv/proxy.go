package testenv

import (
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Proxy stands between the nodes and a store, and lets a test spoil the wire.
type Proxy struct {
	t      testing.TB
	listen net.Listener
	target string

	mu    sync.Mutex
	heal  *sync.Cond // told of every change below
	cut   bool
	hung  bool
	delay time.Duration
	over  bool
	conns map[net.Conn]bool
}

// through starts a proxy before the server of the address, and returns the
// proxy and the address that leads through it.
func through(t testing.TB, address string) (*Proxy, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("the store's address is not a URL")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{t: t, listen: l, target: u.Host, conns: map[net.Conn]bool{}}
	p.heal = sync.NewCond(&p.mu)
	go p.accept()
	t.Cleanup(func() {
		p.set(func() { p.over, p.cut = true, true })
		l.Close()
	})
	u.Host = l.Addr().String()
	return p, u.String()
}

// Cut breaks every connection, and each new one.
func (p *Proxy) Cut() { p.set(func() { p.cut = true }) }

// Hang lets nothing more through: connections are taken and never answered.
func (p *Proxy) Hang() { p.set(func() { p.hung = true }) }

// Slow delays whatever passes, in both directions.
func (p *Proxy) Slow(d time.Duration) { p.set(func() { p.delay = d }) }

// Mend ends all that. What hung is delivered now, late as it is.
func (p *Proxy) Mend() { p.set(func() { p.cut, p.hung, p.delay = false, false, 0 }) }

func (p *Proxy) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	if p.cut {
		for c := range p.conns {
			c.Close()
		}
		clear(p.conns)
	}
	p.heal.Broadcast()
}

func (p *Proxy) accept() {
	for {
		in, err := p.listen.Accept()
		if err != nil {
			return
		}
		go p.join(in)
	}
}

// join connects the two sides, unless the wire is cut.
func (p *Proxy) join(in net.Conn) {
	out, err := net.Dial("tcp", p.target)
	if err != nil {
		in.Close()
		return
	}
	p.mu.Lock()
	if p.cut {
		p.mu.Unlock()
		in.Close()
		out.Close()
		return
	}
	p.conns[in], p.conns[out] = true, true
	p.mu.Unlock()
	go p.pump(in, out)
	p.pump(out, in)
}

// pump copies from one side to the other for as long as both are there.
func (p *Proxy) pump(from, to net.Conn) {
	defer func() {
		from.Close()
		to.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, from)
		delete(p.conns, to)
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		for p.hung && !p.over {
			p.heal.Wait()
		}
		delay := p.delay
		p.mu.Unlock()
		time.Sleep(delay)
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
