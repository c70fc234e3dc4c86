package cli

import (
	"os"
	"runtime/debug"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// giveBack returns to the system what only starting needed: the heap's free pages, and the
// pages of the program's own file (initializers, their tables, what lies beside them) that
// are mapped since. The kernel maps again what is used, from the file that it has in
// memory; a third of the process is not. That it could not be done harms nobody.
func giveBack() {
	debug.FreeOSMemory()
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	self, err := procfs.Self()
	if err != nil {
		return
	}
	maps, err := self.ProcMaps()
	if err != nil {
		return
	}
	for _, m := range maps {
		if m.Pathname == program && m.Perms.Read && !m.Perms.Write {
			unix.Syscall(unix.SYS_MADVISE, m.StartAddr, m.EndAddr-m.StartAddr, unix.MADV_DONTNEED)
		}
	}
}
