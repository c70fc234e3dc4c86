package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"signet/internal/account"
)

// readPassword takes a password from the terminal, asked for twice and not
// shown, or else the first line of standard input. It is never an argument:
// those are seen by everybody on the machine, and kept by shells.
func readPassword(p *Process) (string, error) {
	if f, ok := p.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return askPassword(f, p.Stderr)
	}
	line, err := bufio.NewReader(io.LimitReader(p.Stdin, account.MaxPasswordBytes+2)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	password := strings.TrimRight(line, "\r\n")
	switch {
	case password == "":
		return "", errors.New("no password: give it on standard input, as in: signet ... < password-file")
	case len(password) > account.MaxPasswordBytes:
		return "", fmt.Errorf("the password is longer than %d bytes", account.MaxPasswordBytes)
	}
	return password, nil
}

// policy is the rule for the passwords that people choose.
func (h *house) policy() *account.Policy {
	return account.NewPolicy(account.PolicyName(h.cfg.Password.Policy))
}

// flawWords are what an operator reads of a password that was set all the same.
var flawWords = map[account.Flaw]string{
	account.FlawShort:    "it is too short",
	account.FlawLong:     "it is too long",
	account.FlawKinds:    "it has too few kinds of characters",
	account.FlawPersonal: "it is little more than the person's name or address",
	account.FlawCommon:   "it is common, or easy to guess",
}

// advise says what is against a password that an operator set. The rule does
// not bind operators: they set passwords to be changed, and bring people along
// who chose theirs elsewhere.
func (h *house) advise(p *Process, a *account.Account, password string) {
	about := []string{a.DisplayName(), a.Profile.GivenName, a.Profile.FamilyName, a.Email, h.cfg.Brand.Name}
	if flaws := h.policy().Check(password, about...); len(flaws) > 0 {
		fmt.Fprintf(p.Stderr, "note: the person could not choose this password: %s (password.policy: %s)\n",
			flawWords[flaws[0]], h.cfg.Password.Policy)
	}
}

func askPassword(terminal *os.File, prompts io.Writer) (string, error) {
	var typed [2]string
	for i, prompt := range []string{"Password: ", "The same again: "} {
		fmt.Fprint(prompts, prompt)
		text, err := term.ReadPassword(int(terminal.Fd()))
		fmt.Fprintln(prompts)
		if err != nil {
			return "", err
		}
		typed[i] = string(text)
	}
	switch {
	case typed[0] == "":
		return "", errors.New("no password was typed")
	case typed[0] != typed[1]:
		return "", errors.New("the two are not the same: nothing was changed")
	}
	return typed[0], nil
}
