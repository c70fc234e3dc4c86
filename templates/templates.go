// Package templates holds what pages are made of: the layout and its parts, the
// pages, the letters that leave by mail, the static files and the catalogues of
// the languages, all embedded.
//
// It is data. How a page is put together is package view's to know, and no
// other package reads these files.
package templates

import "embed"

// FS holds the folders layout, pages, mail, static and locales.
//
//go:embed layout pages mail static locales
var FS embed.FS
