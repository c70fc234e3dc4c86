// Package protocol tests the whole program as apps and browsers meet it: the
// real server on every backend, clients that are not ours, and requests that
// no client should send. docs/specs leads from each rule of a specification to
// its test here. It knows the program's settings and nothing of its inside.
package protocol
