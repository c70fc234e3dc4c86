// Package templates holds what pages are made of: the layout and its parts, the
// pages, the static files and the catalogues of the languages, all embedded.
//
// It is data. How a page is put together is package view's to know, and no
// other package reads these files.
package templates

import "embed"

// FS holds the folders layout, pages, static and locales.
//
//go:embed layout pages static locales
var FS embed.FS
