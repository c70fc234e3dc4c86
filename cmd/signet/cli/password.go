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
