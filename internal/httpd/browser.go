package httpd

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"signet/internal/handle"
)

// Cookies reads and writes the cookies of the house. Under https their names
// have the prefix __Host-, so that no other host or path can set them
// (RFC 6265bis §4.1.3.2).
type Cookies struct {
	secure   bool
	session  string
	browser  string
	state    string
	locale   string
	app      string
	sameSite http.SameSite
}

// NewCookies returns the cookies of an issuer that is https or not. sameSite
// is that of the session cookie.
func NewCookies(secure bool, sameSite http.SameSite) *Cookies {
	prefix := ""
	if secure {
		prefix = "__Host-"
	}
	return &Cookies{
		secure: secure, sameSite: sameSite,
		session: prefix + "signet_session", browser: prefix + "signet_browser", state: prefix + "signet_state", locale: prefix + "signet_locale",
		app: prefix + "signet_app",
	}
}

func value(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

func (c *Cookies) set(w http.ResponseWriter, name, value string, life time.Duration, site http.SameSite) {
	c.write(w, &http.Cookie{Name: name, Value: value, HttpOnly: true, SameSite: site}, life)
}

func (c *Cookies) write(w http.ResponseWriter, cookie *http.Cookie, life time.Duration) {
	cookie.Path, cookie.Secure = "/", c.secure
	switch value := cookie.Value; {
	case value == "":
		cookie.MaxAge = -1
	case life > 0:
		cookie.MaxAge = int(life / time.Second)
	}
	http.SetCookie(w, cookie)
}

// Session returns the value of the session cookie, or "".
func (c *Cookies) Session(r *http.Request) string { return value(r, c.session) }

// SetSession sets the session cookie; with a life of 0 it ends with the
// browser's window.
func (c *Cookies) SetSession(w http.ResponseWriter, v string, life time.Duration) {
	c.set(w, c.session, v, life, c.sameSite)
	c.setState(w, StateOf(v), life)
}

// DropSession removes the session cookie. The browser's state is another one
// from then on.
func (c *Cookies) DropSession(w http.ResponseWriter) {
	c.set(w, c.session, "", 0, c.sameSite)
	c.setState(w, handle.New(), 0)
}

// StateOf is the browser's state while it has the session cookie's value: what
// apps see change when somebody signs in or out (OpenID Connect Session
// Management 1.0 §3.2). It leads neither to the session nor to its key.
func StateOf(session string) string { return handle.Sum("browser state\x00" + session) }

// KeepState gives the browser the state of its session, should it have another.
func (c *Cookies) KeepState(w http.ResponseWriter, r *http.Request) (state string) {
	state = StateOf(c.Session(r))
	if value(r, c.state) != state {
		c.setState(w, state, 0)
	}
	return state
}

// StateName is the name of the cookie with the browser's state.
func (c *Cookies) StateName() string { return c.state }

// setState sets the one cookie that scripts read: those of the page that apps
// frame, which under https is on another site than they are. On this machine,
// where there is no https, all ports are one site, and Lax reaches the frame.
func (c *Cookies) setState(w http.ResponseWriter, v string, life time.Duration) {
	site := http.SameSiteLaxMode
	if c.secure {
		site = http.SameSiteNoneMode
	}
	c.write(w, &http.Cookie{Name: c.state, Value: v, SameSite: site}, life)
}

// browserLife is how long a browser keeps its name after it was last used to
// sign in: as long as browsers allow (RFC 6265bis §5.5), because one that lost
// its name is a stranger's.
const browserLife = 400 * 24 * time.Hour

// Browser returns the secret name of the browser, "" when it has none.
func (c *Cookies) Browser(r *http.Request) string {
	if v := value(r, c.browser); handle.Valid(v) {
		return v
	}
	return ""
}

// NameBrowser returns the secret name of the browser to which flows are bound,
// and gives it one where it has none. Under https the cookie comes along from
// other sites, too: an app may post its request to us (OpenID Connect Core
// §3.1.2.1), and a new name would cut off the flows of the other tabs. It
// proves nothing but that a flow goes on where it began.
func (c *Cookies) NameBrowser(w http.ResponseWriter, r *http.Request) string {
	if v := c.Browser(r); v != "" {
		return v
	}
	return c.KeepBrowser(w, r)
}

// KeepBrowser is NameBrowser, and has the browser keep its name for another
// full time: it was signed in with.
func (c *Cookies) KeepBrowser(w http.ResponseWriter, r *http.Request) string {
	v := c.Browser(r)
	if v == "" {
		v = handle.New()
	}
	site := http.SameSiteLaxMode
	if c.secure {
		site = http.SameSiteNoneMode
	}
	c.set(w, c.browser, v, browserLife, site)
	return v
}

// Locale returns the language that the person chose, or "".
func (c *Cookies) Locale(r *http.Request) string { return value(r, c.locale) }

// SetLocale keeps the language that the person chose for a year.
func (c *Cookies) SetLocale(w http.ResponseWriter, tag string) {
	c.set(w, c.locale, tag, 365*24*time.Hour, http.SameSiteLaxMode)
}

// App returns the client id of the app from which the person came to pages of
// their account, or "".
func (c *Cookies) App(r *http.Request) string { return value(r, c.app) }

// SetApp keeps it until the browser's window closes.
func (c *Cookies) SetApp(w http.ResponseWriter, clientID string) {
	c.set(w, c.app, clientID, 0, http.SameSiteLaxMode)
}

// Addresses finds out where a request came from, behind proxies that are
// trusted to say so.
type Addresses struct{ trusted []netip.Prefix }

// NewAddresses trusts the X-Forwarded-For of the proxies in the networks.
func NewAddresses(trusted []netip.Prefix) *Addresses { return &Addresses{trusted} }

// Of returns the address of who sent the request: the last one in the chain
// that is not a trusted proxy.
func (a *Addresses) Of(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if len(a.trusted) == 0 || !a.trusts(host) {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		ip, err := netip.ParseAddr(hop)
		if err != nil {
			return host
		}
		host = ip.Unmap().String()
		if !a.trusts(host) {
			return host
		}
	}
	return host
}

func (a *Addresses) trusts(host string) bool {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	ip = ip.Unmap()
	for _, p := range a.trusted {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
