// Command bench measures the built provider over HTTP, on one core, and
// compares it with what that core can do at all.
//
// The provider, PostgreSQL and Redis share one core; the generator has
// another, so that it takes nothing from what is measured. The stores are
// durable. Every answer is verified: status, form, claims, that a code or a
// token never comes twice, and a part of the signatures. docs/performance.md
// says what the figures mean.
//
// It knows the provider as any app and browser does, by its endpoints and
// pages, and nothing of its packages.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if ours, err := asRole(os.Args[1:], os.Stdin, os.Stdout); ours {
		exit(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	exit(err)
}

func exit(err error) {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case errors.Is(err, errUsage):
		os.Exit(2)
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

var errUsage = errors.New("usage")

// Backends.
const (
	embedded = "embedded"
	servers  = "servers"
)

// plan is what the flags say.
type plan struct {
	backends  []string
	scenarios []*scenario
	workers   []int
	accounts  []int
	spell     spell
	json      string
	compare   string
	binary    string
	profile   string
	cores     []int
}

func parse(args []string, stderr io.Writer) (*plan, error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	quick := f.Bool("quick", false, "a short run on the embedded stores: less exact, and enough to see a large change")
	backends := f.String("backends", embedded+","+servers, "stores to run on: embedded (SQLite), servers (PostgreSQL and Redis)")
	names := f.String("scenarios", "all", "scenarios to run, by the beginnings of their names: "+scenarioNames())
	workers := f.String("workers", "1,8,32", "callers at once, one measurement for each number")
	accounts := f.String("accounts", "1000", "accounts in the database, one table for each number")
	counted := f.Duration("duration", 5*time.Second, "counted time of one measurement")
	warm := f.Duration("warm", time.Second, "time before it that is not counted")
	out := f.String("json", "", "write the result to this file, too (-: to standard output, instead of the tables)")
	old := f.String("compare", "", "show the change since this result of -json")
	binary := f.String("binary", "", "measure this provider instead of building one")
	profile := f.String("profile", "", "also take a CPU profile of each measurement, and write all of them, merged, to this file")
	coreList := f.String("cores", "", "the server's core and the generator's, such as 0,1 (default: the first two)")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, err
	} else if err != nil {
		return nil, errUsage
	}
	if *quick {
		set := map[string]bool{}
		f.Visit(func(g *flag.Flag) { set[g.Name] = true })
		for name, value := range map[string]string{"backends": embedded, "workers": "8", "duration": "2s", "warm": "500ms"} {
			if !set[name] {
				f.Set(name, value)
			}
		}
	}
	p := &plan{spell: spell{*warm, *counted}, json: *out, compare: *old, binary: *binary, profile: *profile, backends: split(*backends)}
	var errs [4]error
	p.scenarios, errs[0] = choose(*names)
	p.workers, errs[1] = numbers("workers", *workers)
	p.accounts, errs[2] = numbers("accounts", *accounts)
	if *coreList != "" {
		p.cores, errs[3] = numbers("cores", *coreList)
	}
	err := errors.Join(errs[:]...)
	if i := slices.IndexFunc(p.backends, func(b string) bool { return b != embedded && b != servers }); i >= 0 {
		err = errors.Join(err, fmt.Errorf("-backends: %q is neither embedded nor servers", p.backends[i]))
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return nil, errUsage
	}
	return p, nil
}

func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

func numbers(name, s string) ([]int, error) {
	var list []int
	for _, word := range split(s) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 || n == 0 && name != "cores" {
			return nil, fmt.Errorf("-%s: %q is no number that makes sense", name, word)
		}
		list = append(list, n)
	}
	if len(list) == 0 || name == "cores" && len(list) != 2 {
		return nil, fmt.Errorf("-%s: not enough numbers", name)
	}
	return list, nil
}

func scenarioNames() string {
	var names []string
	for i := range scenarios {
		names = append(names, scenarios[i].name)
	}
	return strings.Join(names, " ")
}

func choose(names string) ([]*scenario, error) {
	var list []*scenario
	words := split(names)
	for _, word := range words {
		if word != "all" && !strings.Contains(" "+scenarioNames(), " "+word) {
			return nil, fmt.Errorf("-scenarios: none begins with %q; there are: %s", word, scenarioNames())
		}
	}
	for i := range scenarios {
		s := &scenarios[i]
		if slices.ContainsFunc(words, func(word string) bool { return word == "all" || strings.HasPrefix(s.name, word) }) {
			list = append(list, s)
		}
	}
	return list, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	p, err := parse(args, stderr)
	if err != nil {
		return err
	}
	var old *Result
	if p.compare != "" { // before minutes are spent
		if old, err = readResult(p.compare); err != nil {
			return err
		}
	}
	b := &bench{plan: p, say: func(format string, args ...any) { fmt.Fprintf(stderr, "bench: "+format+"\n", args...) }}
	if err := b.settle(ctx); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	result, err := b.all(ctx)
	if p.profile != "" {
		err = errors.Join(err, b.mergeProfiles(ctx))
	}
	if len(result.Rows) > 0 { // also what was measured before an error or a Ctrl-C
		err = errors.Join(err, result.write(p.json, stdout))
	}
	if err != nil {
		return err
	}
	if old != nil {
		result.printChange(stdout, old)
	}
	if n := result.errors(); n > 0 {
		return fmt.Errorf("%d operations failed; the figures above say nothing until none does", n)
	}
	return ctx.Err()
}

// settle makes the folder, builds the provider and takes the generator's core.
func (b *bench) settle(ctx context.Context) error {
	var err error
	if b.dir, err = os.MkdirTemp("", "signet-bench-"); err != nil {
		return err
	}
	if b.binary == "" {
		b.say("building the provider")
		if b.binary, err = build(ctx, b.dir); err != nil {
			return err
		}
	}
	own, err := cores()
	if err != nil {
		return err
	}
	if len(b.cores) == 2 {
		own = b.cores
	}
	b.serverCore, b.generatorCore = own[0], own[len(own)-1]
	if len(own) > 1 {
		b.generatorCore = own[1]
	} else {
		b.say("there is one core only: the generator takes from it what the server needs, and the figures are too low")
	}
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(400) // its own garbage must not look like the server's latency
	return pinProcess(os.Getpid(), b.generatorCore)
}
