package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestSecretNeverPrints tries every way in which a configuration could end up in
// a log or an answer.
func TestSecretNeverPrints(t *testing.T) {
	const text = "correct-Horse-9"
	c := Default()
	c.MasterKey = NewSecret(text)
	c.Database.URL = NewSecret(text)
	unexported := struct{ hidden Secret }{NewSecret(text)}

	printed := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		printed["Sprintf "+verb] = fmt.Sprintf(verb, c.MasterKey)
		printed["Sprintf of the whole "+verb] = fmt.Sprintf(verb, *c)
		printed["Sprintf of an unexported field "+verb] = fmt.Sprintf(verb, unexported)
	}
	printed["Errorf"] = fmt.Errorf("cannot open %v", c.Database.URL).Error()
	inJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	printed["JSON"] = string(inJSON)
	inYAML, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	printed["YAML"] = string(inYAML)
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"slog text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"slog JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var out bytes.Buffer
		slog.New(handler(&out)).Info("start", "key", c.MasterKey, "config", c)
		printed[name] = out.String()
	}
	for how, got := range printed {
		if strings.Contains(got, text) || strings.Contains(got, fmt.Sprintf("%x", text)) {
			t.Errorf("%s shows the secret: %s", how, got)
		}
	}
	for _, how := range []string{"Sprintf %#v", "JSON", "YAML", "slog JSON"} {
		if !strings.Contains(printed[how], redacted) {
			t.Errorf("%s does not show %s: %s", how, redacted, printed[how])
		}
	}
	if got := c.MasterKey.Reveal(); got != text {
		t.Errorf("Reveal() = %q", got)
	}
}

func TestSecretAddress(t *testing.T) {
	for url, want := range map[string]string{
		"":                                       "",
		"sqlite:///data/a@b.db":                  "sqlite:///data/a@b.db",
		"postgres://u:pw@db:5432/x?password=pw":  "postgres://db:5432/x",
		"postgres://u:p/w@db/x":                  redacted,
		"postgres://u:p@w@db/x":                  "postgres://db/x",
		"postgres://u:p?w@db/x":                  redacted,
		"postgres://u:p#w@db/x":                  redacted,
		"rediss://u:pw@a:1,b:2,c:3/0?addr=d":     "rediss://a:1,b:2,c:3/0",
		"smtp://u%40example.com:p%2Fw@mail:587/": "smtp://mail:587/",
		"pw":                                     redacted,
		"user=u password=pw host=db":             redacted,
	} {
		if got := NewSecret(url).Address(); got != want {
			t.Errorf("Address(%q) = %q, want %q", url, got, want)
		}
	}
}
