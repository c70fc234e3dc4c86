// Command listgen writes the list of package wellknown from the JSON array of
// passwords that it is given on standard input: in lower case, sorted, each once.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "listgen:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var passwords []string
	if err := json.NewDecoder(in).Decode(&passwords); err != nil {
		return err
	}
	for i, p := range passwords {
		if p == "" || strings.ContainsAny(p, "\r\n") {
			return fmt.Errorf("entry %d, %q, does not fit on a line", i, p)
		}
		passwords[i] = strings.ToLower(p)
	}
	slices.Sort(passwords)
	_, err := io.WriteString(out, strings.Join(slices.Compact(passwords), "\n")+"\n")
	return err
}
