//go:build !linux

package cli

import "runtime/debug"

// giveBack returns to the system what only starting needed.
func giveBack() { debug.FreeOSMemory() }
