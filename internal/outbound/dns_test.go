package outbound_test

import (
	"reflect"
	"strings"
	"testing"

	"signet/internal/fault"
	"signet/internal/outbound"
	"signet/internal/outbound/dnstest"
)

func TestResolver(t *testing.T) {
	server := dnstest.New(t)
	r := outbound.NewResolver(server.Addr)
	long := strings.Repeat("x", 700) // does not fit into a packet: asked for again by TCP
	server.Set("many.example", "one", "two", long)
	texts, err := r.TXT(t.Context(), "many.example")
	if want := []string{"one", "two", long}; err != nil || !reflect.DeepEqual(texts, want) {
		t.Errorf("%q, %v", texts, err)
	}
	if texts, err = r.TXT(t.Context(), "none.example"); err != nil || texts != nil {
		t.Errorf("a name that is not there: %q, %v", texts, err)
	}
	server.Fail(true)
	if texts, err = r.TXT(t.Context(), "many.example"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a server that fails: %q, %v", texts, err)
	}
}
