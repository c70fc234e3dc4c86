// Package fault tests the whole program while its stores fail: broken, hung and
// slow, under load. It knows the program's settings and nothing of its inside.
package fault
