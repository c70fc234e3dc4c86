// Copyright 2017 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package argon2

import "math/bits"

func processBlockGeneric(out, in1, in2 *block, xor bool) {
	var t block
	for i := range t {
		t[i] = in1[i] ^ in2[i]
	}
	for i := 0; i < blockLength; i += 16 {
		blamkaGeneric(
			&t[i+0], &t[i+1], &t[i+2], &t[i+3],
			&t[i+4], &t[i+5], &t[i+6], &t[i+7],
			&t[i+8], &t[i+9], &t[i+10], &t[i+11],
			&t[i+12], &t[i+13], &t[i+14], &t[i+15],
		)
	}
	for i := 0; i < blockLength/8; i += 2 {
		blamkaGeneric(
			&t[i], &t[i+1], &t[16+i], &t[16+i+1],
			&t[32+i], &t[32+i+1], &t[48+i], &t[48+i+1],
			&t[64+i], &t[64+i+1], &t[80+i], &t[80+i+1],
			&t[96+i], &t[96+i+1], &t[112+i], &t[112+i+1],
		)
	}
	if xor {
		for i := range t {
			out[i] ^= in1[i] ^ in2[i] ^ t[i]
		}
	} else {
		for i := range t {
			out[i] = in1[i] ^ in2[i] ^ t[i]
		}
	}
}

// blamkaGeneric is the permutation P (RFC 9106 §3.6).
func blamkaGeneric(t00, t01, t02, t03, t04, t05, t06, t07, t08, t09, t10, t11, t12, t13, t14, t15 *uint64) {
	v00, v01, v02, v03 := *t00, *t01, *t02, *t03
	v04, v05, v06, v07 := *t04, *t05, *t06, *t07
	v08, v09, v10, v11 := *t08, *t09, *t10, *t11
	v12, v13, v14, v15 := *t12, *t13, *t14, *t15

	v00, v04, v08, v12 = mix(v00, v04, v08, v12)
	v01, v05, v09, v13 = mix(v01, v05, v09, v13)
	v02, v06, v10, v14 = mix(v02, v06, v10, v14)
	v03, v07, v11, v15 = mix(v03, v07, v11, v15)

	v00, v05, v10, v15 = mix(v00, v05, v10, v15)
	v01, v06, v11, v12 = mix(v01, v06, v11, v12)
	v02, v07, v08, v13 = mix(v02, v07, v08, v13)
	v03, v04, v09, v14 = mix(v03, v04, v09, v14)

	*t00, *t01, *t02, *t03 = v00, v01, v02, v03
	*t04, *t05, *t06, *t07 = v04, v05, v06, v07
	*t08, *t09, *t10, *t11 = v08, v09, v10, v11
	*t12, *t13, *t14, *t15 = v12, v13, v14, v15
}

// mix is GB.
func mix(a, b, c, d uint64) (uint64, uint64, uint64, uint64) {
	a = mulAdd(a, b)
	d = bits.RotateLeft64(d^a, -32)
	c = mulAdd(c, d)
	b = bits.RotateLeft64(b^c, -24)
	a = mulAdd(a, b)
	d = bits.RotateLeft64(d^a, -16)
	c = mulAdd(c, d)
	b = bits.RotateLeft64(b^c, -63)
	return a, b, c, d
}

func mulAdd(a, b uint64) uint64 { return a + b + 2*uint64(uint32(a))*uint64(uint32(b)) }
