package view

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"signet/templates"
)

// assets are the static files. Each is named by its content, so that a browser
// asks for it once and never again.
type assets struct {
	paths    map[string]string // file name -> address below the base path
	files    map[string]*asset // last element of the address -> file
	rosettes *lru.Cache[seed, *asset]
}

// asset is a file as it goes out, plain and compressed once.
type asset struct {
	mediaType string
	plain     []byte
	zipped    []byte // nil: compressing gains nothing
	policy    string // of an image that has a style of its own
}

// rosettesKept bounds what strangers can make the cache hold, at about 16 KB
// each.
const rosettesKept = 64

var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".png": "image/png",
	".ico": "image/x-icon",
}

// assetsOf are the static files for the accent. Renderers without one share
// theirs, which takes a while to compress.
func assetsOf(accent string) (*assets, error) {
	if accent == "" {
		return unaccented()
	}
	return newAssets(accent)
}

var unaccented = sync.OnceValues(func() (*assets, error) { return newAssets("") })

// newAssets reads the static files; the brand's accent becomes part of the
// style sheet, so that a page needs no second one.
func newAssets(accent string) (*assets, error) {
	rosettes, err := lru.New[seed, *asset](rosettesKept)
	if err != nil {
		return nil, fmt.Errorf("make the cache of rosettes: %w", err)
	}
	a := &assets{paths: map[string]string{}, files: map[string]*asset{}, rosettes: rosettes}
	names, err := fs.Glob(templates.FS, "static/*")
	if err != nil {
		return nil, fmt.Errorf("list the static files: %w", err)
	}
	for _, name := range names {
		content, err := templates.FS.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read a static file: %w", err)
		}
		if path.Base(name) == "signet.css" && accent != "" {
			c, ok := parseColour(accent)
			if !ok {
				return nil, fmt.Errorf("the brand's accent %q is not a colour like #27408b", accent)
			}
			content = append(content, accentRules(c)...)
		}
		a.add(path.Base(name), content)
	}
	return a, nil
}

func (a *assets) add(name string, content []byte) {
	ext := path.Ext(name)
	digest := sha256.Sum256(content)
	hashed := strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(digest[:5]) + ext
	a.paths[name] = "/static/" + hashed
	file := newAsset(mediaTypes[ext], content)
	a.files[hashed] = file
	if name == "favicon.ico" {
		a.files[name] = file // browsers ask for it by this name unasked
	}
}

func newAsset(mediaType string, content []byte) *asset {
	a := &asset{mediaType: mediaType, plain: content}
	if strings.HasPrefix(mediaType, "text/") || strings.HasSuffix(mediaType, "+xml") {
		a.zipped = compress(content)
	}
	if mediaType == mediaTypes[".svg"] {
		a.policy = policyOfImage(content)
	}
	return a
}

// policyOfImage allows an SVG image its own style element, by its digest, and
// nothing else: some browsers hold an image to the policy that it came with.
func policyOfImage(svg []byte) string {
	_, rest, _ := bytes.Cut(svg, []byte("<style>"))
	style, _, _ := bytes.Cut(rest, []byte("</style>"))
	digest := sha256.Sum256(style)
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"
}

func compress(content []byte) []byte {
	var b bytes.Buffer
	// Neither call can fail: the level is a valid one, and a buffer takes all.
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = w.Write(content)
	_ = w.Close()
	if b.Len() >= len(content) {
		return nil
	}
	return b.Bytes()
}

func (a *assets) path(name string) (string, error) {
	p, ok := a.paths[name]
	if !ok {
		return "", fmt.Errorf("no static file %q", name)
	}
	return p, nil
}

// find returns the file of the last element of an address, and whether its
// content can never change.
func (a *assets) find(name string) (file *asset, immutable, found bool) {
	if file, found = a.files[name]; found {
		return file, name != "favicon.ico", true
	}
	if digits, ok := cut(name, "accent-", ".css"); ok {
		if c, ok := parseColour("#" + digits); ok && "#"+digits == c.String() {
			return &asset{mediaType: mediaTypes[".css"], plain: []byte(accentRules(c))}, true, true
		}
	}
	if digits, ok := cut(name, "rosette-", ".svg"); ok {
		if s, ok := parseSeed(digits); ok {
			return a.rosette(s), true, true
		}
	}
	return nil, false, false
}

func cut(s, prefix, suffix string) (string, bool) {
	s, before := strings.CutPrefix(s, prefix)
	s, after := strings.CutSuffix(s, suffix)
	return s, before && after
}

func (a *assets) rosette(s seed) *asset {
	if file, ok := a.rosettes.Get(s); ok {
		return file
	}
	file := newAsset(mediaTypes[".svg"], drawRosette(s))
	a.rosettes.Add(s, file)
	return file
}

// Static serves the static files: mount it at "{base path}/static/", and at
// "/favicon.ico" for browsers that ask there. It is for GET and HEAD.
func (r *Renderer) Static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		file, immutable, found := r.assets.find(path.Base(req.URL.Path))
		if !found {
			http.NotFound(w, req)
			return
		}
		h := w.Header()
		h.Set("Content-Type", file.mediaType)
		h.Set("X-Content-Type-Options", "nosniff")
		if file.policy != "" {
			h.Set("Content-Security-Policy", file.policy)
		}
		h.Set("Cache-Control", "public, max-age=86400")
		if immutable {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		body := file.plain
		if file.zipped != nil {
			h.Set("Vary", "Accept-Encoding")
			if acceptsGzip(req.Header.Get("Accept-Encoding")) {
				h.Set("Content-Encoding", "gzip")
				body = file.zipped
			}
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if req.Method != http.MethodHead {
			_, _ = w.Write(body) // nobody is left to tell
		}
	})
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3): gzip is named, and not
// with a weight of zero.
func acceptsGzip(header string) bool {
	for coding := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(coding, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		weight, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		if !ok {
			return true
		}
		q, err := strconv.ParseFloat(weight, 64)
		return err == nil && q > 0
	}
	return false
}
