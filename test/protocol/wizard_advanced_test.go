package protocol

import (
	"net/http"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestAdvancedSettings: what was declared of a connection stays as it is when the
// page saves something else, and can be changed there.
func TestAdvancedSettings(t *testing.T) {
	t.Parallel()
	const declared = "\n    idp_initiated: true\n    one_signature: true\n    sign_out: true\n    claim_subject: uid"
	c := meetSAML(t, testenv.Options{}, declared)
	b := atHome(t, c.Env, ada)
	at := "/orgs/" + organizationOf(t, c.Env, "contoso").ID + "/signin/connections/" + contosoSAML
	save := func(edit func(*testenv.Form), pairs ...string) {
		t.Helper()
		form := b.Get(at).Form("metadata_url")
		edit(form)
		if p := b.Submit(form, "submit", pairs...); p.Status != http.StatusOK || !p.URL.Query().Has("done") {
			t.Fatalf("saving: %s %d\n%s", p.URL, p.Status, p.Body)
		}
	}
	// same reports whether nothing of the declaration is different.
	var out string
	same := func(name, more string) bool {
		t.Helper()
		yaml := strings.Replace(samlConnection(c.idp.MetadataURL(), more), "    name: Contoso\n    protocol", "    name: "+name+"\n    protocol", 1)
		code, said, errs := c.Run(yaml, "apply", "--dry-run", "-f", "-")
		if code != 0 {
			t.Fatal(errs)
		}
		out = said
		return !strings.Contains(out, "connection")
	}
	if !same("Contoso", declared) || same("Contoso", "") {
		t.Fatal("a dry run does not tell what is different")
	}
	save(func(*testenv.Form) {}, "name", "Contoso Ltd")
	if !same("Contoso Ltd", declared) {
		t.Error("the page changed what it was not asked to:", out)
	}
	// It is another sign-in now, which nobody has tried: people do not use it.
	save(func(f *testenv.Form) { f.Fields.Del("idp_initiated"); f.Fields.Del("one_signature") }, "claim_subject", "employee")
	if !same("Contoso Ltd", "\n    disabled: true\n    sign_out: true\n    claim_subject: employee") {
		t.Error("the page does not change what it was asked to:", out)
	}
}
