package main

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestParseStat(t *testing.T) {
	raw := []byte("42 (a) b (c)) S 7 42 42 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 1 0 100 1000 10 18446744073709551615")
	s, err := parseStat(raw)
	if err != nil || s.parent != 7 || s.own != 33*tick || s.children != 77*tick {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range []string{"", "42 (a", "42 (a) S 1 2", "42 (a) S x 42 42 0 -1 4194560 100 200 0 0 11 22 33 44 20 0"} {
		if s, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q: %+v", bad, s)
		}
	}
}

func TestTreeCPUHasTheTimeOfChildren(t *testing.T) {
	before, err := treeCPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done; read x")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := startOn(firstCore(t), cmd); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	stat, err := readStat(cmd.Process.Pid)
	if err != nil || stat.parent != os.Getpid() || stat.own == 0 {
		t.Fatalf("%+v, %v", stat, err)
	}
	if pids, err := tree(os.Getpid()); err != nil || !slices.Contains(pids, cmd.Process.Pid) {
		t.Errorf("%v, %v: a child is missing", pids, err)
	}
	living, err := treeCPU(os.Getpid())
	if err != nil || living < before+stat.own {
		t.Errorf("%v with a living child, %v before, %v", living, before, err)
	}
	in.Close()
	cmd.Wait()
	if ended, err := treeCPU(os.Getpid()); err != nil || ended < living {
		t.Errorf("%v after the child ended, %v before, %v", ended, living, err)
	}
}

func TestStartOnHoldsTheChildAndNotUs(t *testing.T) {
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(os.Getpid(), &before); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sleep", "60")
	if err := startOn(firstCore(t), cmd); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	var child, after unix.CPUSet
	if err := unix.SchedGetaffinity(cmd.Process.Pid, &child); err != nil {
		t.Fatal(err)
	}
	if child.Count() != 1 || !child.IsSet(firstCore(t)) {
		t.Errorf("the child may use %d cores", child.Count())
	}
	if err := unix.SchedGetaffinity(os.Getpid(), &after); err != nil || after != before {
		t.Errorf("our own cores changed: %v", err)
	}
}

func firstCore(t *testing.T) int {
	t.Helper()
	own, err := cores()
	if err != nil || len(own) == 0 {
		t.Fatalf("%v, %v", own, err)
	}
	return own[0]
}

func TestClocks(t *testing.T) {
	busy, own := func() time.Duration { d, _ := coreBusy(firstCore(t)); return d }, ownCPU()
	before := busy()
	if before <= 0 || own <= 0 {
		t.Fatalf("%v, %v", before, own)
	}
	if _, err := coreBusy(100_000); err == nil {
		t.Error("a core that is not there")
	}
	if rss, anon, err := memory(os.Getpid()); err != nil || rss < 1 || anon <= 0 || anon > rss {
		t.Errorf("%v MiB, %v of its own, %v", rss, anon, err)
	}
}
