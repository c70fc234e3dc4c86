package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// programs is the folder of what the tests build; it goes when they end.
var programs string

// consoleProgram builds the console's program, once for all tests.
var consoleProgram = sync.OnceValues(func() (string, error) {
	path := filepath.Join(programs, "console")
	out, err := exec.Command("go", "build", "-o", path, "../../cmd/console").CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return path, err
})

// agentProcess is console agent, running.
type agentProcess struct {
	t   *testing.T
	cmd *exec.Cmd
	out *output
}

// startAgent starts the agent for the demo, with its tokens in the file, and with
// further flags.
func startAgent(t *testing.T, d demo, state, name string, more ...string) *agentProcess {
	t.Helper()
	program, err := consoleProgram()
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"agent", "-issuer", d.issuer, "-console", d.console, "-name", name, "-state", state, "-every", "1s"}, more...)
	a := &agentProcess{t, exec.Command(program, args...), &output{}}
	a.cmd.Stdout, a.cmd.Stderr = a.out, a.out
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.stop)
	return a
}

// stop ends the agent as Ctrl-C does.
func (a *agentProcess) stop() {
	if a.cmd.ProcessState != nil {
		return
	}
	_ = a.cmd.Process.Signal(os.Interrupt) // it may have ended
	if err := a.cmd.Wait(); err != nil {
		a.t.Errorf("the agent ended with %v:\n%s", err, a.out)
	}
}

// said waits until the agent says what fits, and returns it.
func (a *agentProcess) said(pattern string) []string {
	a.t.Helper()
	fits := regexp.MustCompile(pattern)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if m := fits.FindStringSubmatch(a.out.String()); m != nil {
			return m
		}
	}
	a.t.Fatalf("the agent never says %s:\n%s", pattern, a.out)
	return nil
}

// TestAgent: a device without a keyboard shows a code, its owner types it in a
// browser, signs in on the way, compares and allows it; the device reports with
// tokens of its own, and its owner sees it in the console. Started again it needs
// nobody.
func TestAgent(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		d := startDemo(t)
		state := filepath.Join(t.TempDir(), "agent", "tokens.json")
		a := startAgent(t, d, state, "Attic printer")
		code := a.said(`code\s+([A-Z]{4}-[A-Z]{4})\s`)[1]
		if shown := a.out.String(); !strings.Contains(shown, d.issuer+"/device") || !strings.Contains(shown, "▄") {
			t.Errorf("the agent shows %s, want the address and a QR code", shown)
		}

		tab := newVisitor(t, w).NewTab()
		tab.Open(d.issuer + "/device")
		tab.See(d.issuer+"/device", Look{Focus: "user_code"})
		tab.Type("#user_code", "bbbb-bbbb")
		tab.Follow("#submit")
		tab.See(d.issuer+"/device", Look{Focus: "user_code", Has: "#user_code-fault"})
		tab.Type("#user_code", strings.ToLower(strings.ReplaceAll(code, "-", " ")))
		tab.Follow("#submit")
		tab.Arrive(d.issuer + "/signin?")
		tab.signIn(d.issuer, ada)
		tab.See(d.issuer+"/device/asks?", Look{Has: "#allow"})
		for selector, want := range map[string]string{".shown": code, ".asking": "Device agent", ".facts": "127.0.0.1"} {
			if got := tab.Text(selector); !strings.Contains(got, want) {
				t.Errorf("%s says %q, want %q", selector, got, want)
			}
		}
		tab.Follow("#allow")
		tab.See(d.issuer+"/device/done?end=approved", Look{})

		a.said(`Reported to`)
		if info, err := os.Stat(state); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the tokens are kept with %v, %v; want for their user alone", info, err)
		}
		tab.Open(d.console + "/login")
		tab.See(d.console, Look{Lang: "en", Has: "table.list a[href^='/devices/agent-']"})
		tab.Follow("table.list a[href^='/devices/agent-']")
		tab.See(d.console+"/devices/agent-", Look{Lang: "en"})
		if got := tab.Text("#main, main"); !strings.Contains(got, "Attic printer") || !strings.Contains(got, "Memory in use") || !strings.Contains(got, "Online") {
			t.Errorf("the console's page of the device says %q", got)
		}
		a.stop()

		again := startAgent(t, d, state, "Attic printer")
		again.said(`Reported to`)
		if strings.Contains(again.out.String(), "type the code") {
			t.Error("the agent needs its owner again")
		}

		// Its owner takes it back: it asks to be connected once more.
		tab.Open(d.issuer + "/account")
		tab.See(d.issuer+"/account", Look{Has: "#apps form"})
		tab.Follow("#apps form button")
		tab.See(d.issuer+"/account?done=app", Look{Has: ".notice"})
		again.stop()
		third := startAgent(t, d, state, "Attic printer")
		third.said(`type the code`)
	})
}

// TestDeviceRefused: by a link that somebody sent, the owner sees the code and
// refuses.
func TestDeviceRefused(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		d := startDemo(t)
		a := startAgent(t, d, filepath.Join(t.TempDir(), "tokens.json"), "Somebody's")
		code := a.said(`code\s+([A-Z]{4}-[A-Z]{4})\s`)[1]
		tab := newVisitor(t, w).NewTab()
		tab.Open(d.issuer + "/device?user_code=" + code)
		tab.See(d.issuer+"/device?", Look{Has: "#user_code[value='" + code + "']"})
		tab.Follow("#submit")
		tab.Arrive(d.issuer + "/signin?")
		tab.signIn(d.issuer, ada)
		tab.See(d.issuer+"/device/asks?", Look{Has: "#deny"})
		tab.Follow("#deny")
		tab.See(d.issuer+"/device/done?end=refused", Look{Has: "#again"})
		a.said(`its owner refused`)
		if err := a.cmd.Wait(); err == nil {
			t.Error("an agent that was refused ends as if all were well")
		}
	})
}
