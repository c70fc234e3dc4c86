package httpd

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// Document is JSON that is the same for everybody: compressed and named once, and any
// page may read it.
type Document struct {
	plain, gzip             []byte
	plainLength, gzipLength []string // values of Content-Length
	etag                    []string
}

// Header values of every document, shared to save their allocation.
var (
	docType  = []string{"application/json"}
	docCache = []string{"public, max-age=300"}
	docCORS  = []string{"*"}
	docVary  = []string{"Accept-Encoding"}
	docGzip  = []string{"gzip"}
)

// NewDocument returns the document with that body, which it keeps.
func NewDocument(body []byte) *Document {
	var buf bytes.Buffer
	// Nothing of this can fail: the level is a valid one, and a buffer takes all.
	z, _ := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	z.Write(body)
	z.Close()
	sum := sha256.Sum256(body)
	return &Document{
		plain: body, plainLength: lengthOf(body), gzip: buf.Bytes(), gzipLength: lengthOf(buf.Bytes()),
		etag: []string{`"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`},
	}
}

func lengthOf(body []byte) []string { return []string{strconv.Itoa(len(body))} }

// Serve answers with the document, or says that the reader has it already.
func (d *Document) Serve(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h["Content-Type"], h["Cache-Control"], h["Etag"] = docType, docCache, d.etag
	h["Access-Control-Allow-Origin"], h["Vary"] = docCORS, docVary
	if m := r.Header["If-None-Match"]; len(m) == 1 && m[0] == d.etag[0] {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body, length := d.plain, d.plainLength
	// Who weighs codings gets the plain text, which is right for everybody.
	if a := r.Header["Accept-Encoding"]; len(a) > 0 && strings.Contains(a[0], "gzip") && !strings.Contains(a[0], "q=0") {
		h["Content-Encoding"] = docGzip
		body, length = d.gzip, d.gzipLength
	}
	h["Content-Length"] = length
	WriteWhole(w, r, body)
	return nil
}
