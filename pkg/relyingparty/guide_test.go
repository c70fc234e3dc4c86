package relyingparty

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

const guide = "../../docs/guides/relying-app-go.md"

// The guide's first program is the example that the compiler reads.
func TestGuideHoldsTheExample(t *testing.T) {
	text, example := read(t, guide), read(t, "example_test.go")
	_, body, found := strings.Cut(example, "func Example() {\n")
	body, _, ended := strings.Cut(body, "\n}\n")
	if !found || !ended {
		t.Fatal("the example has another form")
	}
	for line := range strings.Lines(body) {
		if line = strings.TrimSpace(line); !strings.Contains(text, line) {
			t.Errorf("the guide does not have: %s", line)
		}
	}
}

// Each option and each kind of error is in the guide.
func TestGuideNamesTheOptions(t *testing.T) {
	text := read(t, guide)
	for field := range reflect.TypeFor[Config]().Fields() {
		if !strings.Contains(text, "`"+field.Name+"`") {
			t.Errorf("the guide does not explain Config.%s", field.Name)
		}
	}
	for kind := range outcome {
		if !strings.Contains(text, "`"+string(kind)+"`") {
			t.Errorf("the guide does not explain the kind %s", kind)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
