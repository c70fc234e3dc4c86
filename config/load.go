package config

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"signet/internal/yamltree"
)

// ConfigEnv names the YAML file when the command line does not.
const ConfigEnv = EnvPrefix + "CONFIG"

// Bounds of what is read into memory; a wrong path may name anything.
const (
	maxFile   = 1 << 20
	maxSecret = 64 << 10
)

// Load reads the configuration: the defaults, over them the YAML file at path
// (or at $SIGNET_CONFIG when path is empty; none when that is empty too), over
// them the environment. A variable that is set to nothing counts as not set.
//
// getenv looks a variable up; environ lists all as NAME=value, so that an
// unknown SIGNET_ variable can be refused (nil: it cannot). The error is a
// [*Faults] with all that is wrong.
func Load(path string, getenv func(string) string, environ []string) (*Config, error) {
	l := &loader{config: Default(), report: report{from: map[string]string{}}}
	fault := Fault{Env: ConfigEnv, Fix: "name a readable YAML file"}
	if path == "" {
		path = getenv(ConfigEnv)
	} else {
		fault = Fault{Setting: "--config", Fix: fault.Fix}
	}
	if path != "" {
		text, err := readFile(path, maxFile)
		if err != nil {
			fault.Problem = oneLine(err)
			l.add(fault)
		} else {
			l.file(path, text)
		}
	}
	l.environment(getenv)
	l.unknownVariables(environ)
	if err := l.config.complete(&l.report); err != nil {
		return nil, err
	}
	return l.config, nil
}

// loader puts one source after the other into a Config.
type loader struct {
	report
	config *Config
}

// environment takes the variables of all settings.
func (l *loader) environment(getenv func(string) string) {
	for _, s := range settings() {
		text, file := getenv(s.Env), ""
		if s.Secret() {
			file = getenv(s.FileEnv())
		}
		if text != "" || file != "" {
			delete(l.from, s.Path) // what the file said of it is overridden
		}
		switch {
		case text != "" && file != "":
			l.add(Fault{Setting: s.Path, Env: s.Env, Problem: "is set, and " + s.FileEnv() + " too", Fix: "set one of them"})
		case file != "":
			l.secretFile(s, file, Fault{Setting: s.Path, Env: s.FileEnv()})
		case text != "":
			l.set(s, text, Fault{Setting: s.Path, Env: s.Env})
		}
	}
}

// set gives a setting the value that text holds. origin says who to name when
// it cannot be read.
func (l *loader) set(s Setting, text string, origin Fault) {
	if err := decode(s.pointer(l.config), text); err != nil {
		origin.Problem = err.Error()
		if !s.Secret() && !strings.HasPrefix(s.Kind, kindList) {
			origin.Problem = quote(text) + " " + origin.Problem
		}
		l.add(origin)
	}
}

// secretFile gives a secret what a file holds, without the line end that
// editors and `echo` leave.
func (l *loader) secretFile(s Setting, path string, origin Fault) {
	text, err := readFile(path, maxSecret)
	secret := strings.TrimRight(string(text), "\r\n")
	switch {
	case err != nil:
		origin.Problem, origin.Fix = "the file cannot be read: "+oneLine(err), "name a readable file, or give it to this user"
		l.add(origin)
	case secret == "":
		origin.Problem, origin.Fix = "the file "+path+" is empty", "write the secret into it"
		l.add(origin)
	default:
		l.set(s, secret, origin)
	}
}

// kubernetes matches what Kubernetes puts into the environment of each pod when
// a Service of the namespace is named signet or signet-something. Those are not
// ours to refuse.
var (
	kubernetesName  = regexp.MustCompile(`_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?$`)
	kubernetesValue = regexp.MustCompile(`^(tcp|udp|sctp)://`)
)

// testPrefix begins the variables that name the servers tests run against. A
// shell that has them may start the provider too.
const testPrefix = EnvPrefix + "TEST_"

// unknownVariables refuses each SIGNET_ variable that is no setting: most often
// it is one, misspelt.
func (l *loader) unknownVariables(environ []string) {
	known := []string{ConfigEnv}
	for _, s := range settings() {
		known = append(known, s.Env)
		if s.Secret() {
			known = append(known, s.FileEnv())
		}
	}
	for _, entry := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, EnvPrefix) || strings.HasPrefix(name, testPrefix) || slices.Contains(known, name) ||
			kubernetesName.MatchString(name) || strings.HasSuffix(name, "_PORT") && kubernetesValue.MatchString(value) {
			continue
		}
		l.add(unknown(Fault{Env: quoteName(name)}, yamltree.Nearest(name, known)))
	}
}

// unknown completes the fault of a name that is no setting.
func unknown(f Fault, suggestion string) Fault {
	f.Problem, f.Fix = "no such setting", "the settings are listed in docs/settings.md"
	if suggestion != "" {
		f.Fix = "did you mean " + suggestion + "?"
	}
	return f
}

// quoteName shows a name as it is when it looks like one.
func quoteName(name string) string {
	if quoted := quote(name); quoted != `"`+name+`"` || strings.ContainsAny(name, " :") {
		return quoted
	}
	return name
}

// readFile reads a file that holds at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var text bytes.Buffer
	n, err := io.Copy(&text, io.LimitReader(f, limit+1))
	if err == nil && n > limit {
		err = errors.New(path + ": the file is too large")
	}
	return text.Bytes(), err
}
