// Package browser walks the whole program with a real browser: headless
// Chromium goes through the journeys of a person at the demo and at apps of the
// tests' own. Every journey is walked in several ways (with scripts and without,
// wide and at 320 pixels, in English and in Arabic), and every page on it is
// inspected in light and dark: axe finds no fault, the browser has no complaint,
// nothing scrolls sideways, the focus is where it belongs.
//
// The tests know pages by their addresses and by the ids of their controls, as
// a certification suite does, and nothing of the program's inside.
package browser
