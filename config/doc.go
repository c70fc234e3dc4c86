// Package config holds every setting of the provider: its name, its default and
// its check.
//
// A setting is a field of [Config] or of one of its sections. The field's
// comment is its documentation: docs/settings.md is generated from it. The
// field's tags hold the rest:
//
//	yaml     the key in the YAML file; nested keys are joined by a dot
//	default  the value when nothing else is said, written as an operator would write it
//	min, max the range of a number, a duration or a size, both ends included
//	oneof    the words allowed, separated by "|"; for a list, each of its elements
//
// The environment variable of a setting follows from its path: database.url is
// SIGNET_DATABASE_URL. There are no exceptions.
//
// [Load] reads the sources, the weakest first: the defaults, the YAML file, the
// environment. It reports all that is wrong at once, as [Faults], each under the
// name to set, and refuses what it does not know. Flags are the business of the
// command line.
//
// Of this module the package knows only how YAML is read. It opens no connection,
// makes no file and holds no state: who loads the configuration passes it on.
package config

//go:generate go run ./internal/refgen
