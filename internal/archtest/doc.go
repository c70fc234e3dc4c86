// Package archtest holds the architecture by tests: which package may import
// which, how long a file and a function may get, and what no file may call.
//
// Each rule has a name and a reason, and a broken rule is reported by both and
// by the line that breaks it. Rules name packages before these exist, so that a
// new package is bound from its first line. A rule that stands in the way of
// something better is changed here, in one commit with a record in docs/adr.
//
// The package has no code that a program can import, and must never have any.
package archtest
