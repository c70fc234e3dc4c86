// Copyright 2017 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package argon2 is Argon2id, version 1.3 (RFC 9106), in memory that its caller
// keeps from one hash to the next. It is golang.org/x/crypto/argon2 at v0.58.0 but
// for that: x/crypto allocates and clears the memory anew for each hash, a tenth
// of its time (docs/adr/0014). It must not know passwords' rules or stored forms.
//
// The assembly is x/crypto's as it is. Argon2i and Argon2d, which nobody asks for,
// are left out.
package argon2

import (
	"encoding/binary"
	"sync"

	"golang.org/x/crypto/blake2b"
)

const (
	version     = 0x13
	mode        = 2 // Argon2id
	blockLength = 128
	syncPoints  = 4
)

type block [blockLength]uint64

// Memory is the working memory of one hash at a time. The zero value has none
// yet; it grows to what the dearest hash needed. What the last hash left in it
// stays there until the next overwrites it.
type Memory struct{ blocks []block }

// Size is how many bytes are kept.
func (m *Memory) Size() int { return len(m.blocks) * blockLength * 8 }

// IDKey derives a key of keyLen bytes by Argon2id, as x/crypto's function of this
// name does: time is the number of passes, memory is in KiB, and each thread is a
// lane. It panics where time or threads is 0.
func (m *Memory) IDKey(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte {
	return m.deriveKey(password, salt, nil, nil, time, memory, uint32(threads), keyLen)
}

func (m *Memory) deriveKey(password, salt, secret, data []byte, time, memory, threads, keyLen uint32) []byte {
	if time < 1 {
		panic("argon2: number of rounds too small")
	}
	if threads < 1 {
		panic("argon2: parallelism degree too low")
	}
	h0 := initHash(password, salt, secret, data, time, memory, threads, keyLen)

	memory = memory / (syncPoints * threads) * (syncPoints * threads)
	memory = max(memory, 2*syncPoints*threads)
	if uint32(len(m.blocks)) < memory {
		m.blocks = nil // while the new ones are made
		m.blocks = make([]block, memory)
	}
	blocks := m.blocks[:memory]
	initBlocks(&h0, blocks, threads)
	processBlocks(blocks, time, threads)
	return extractKey(blocks, threads, keyLen)
}

func initHash(password, salt, key, data []byte, time, memory, threads, keyLen uint32) [blake2b.Size + 8]byte {
	var h0 [blake2b.Size + 8]byte
	b2, _ := blake2b.New512(nil)
	number := func(n uint32) {
		var tmp [4]byte
		binary.LittleEndian.PutUint32(tmp[:], n)
		b2.Write(tmp[:])
	}
	for _, n := range []uint32{threads, keyLen, memory, time, version, mode} {
		number(n)
	}
	for _, input := range [][]byte{password, salt, key, data} {
		number(uint32(len(input)))
		b2.Write(input)
	}
	b2.Sum(h0[:0])
	return h0
}

// initBlocks makes the first two blocks of each lane.
func initBlocks(h0 *[blake2b.Size + 8]byte, blocks []block, threads uint32) {
	var bytes [blockLength * 8]byte
	lanes := uint32(len(blocks)) / threads
	for lane := range threads {
		binary.LittleEndian.PutUint32(h0[blake2b.Size+4:], lane)
		for i := range uint32(2) {
			binary.LittleEndian.PutUint32(h0[blake2b.Size:], i)
			blake2bHash(bytes[:], h0[:])
			b := &blocks[lane*lanes+i]
			for j := range b {
				b[j] = binary.LittleEndian.Uint64(bytes[j*8:])
			}
		}
	}
}

// processBlocks fills the memory time times. Lanes are independent of each other
// within a slice.
func processBlocks(blocks []block, time, threads uint32) {
	for n := range time {
		for slice := range uint32(syncPoints) {
			if threads == 1 {
				processSegment(blocks, time, threads, n, slice, 0)
				continue
			}
			var wg sync.WaitGroup
			for lane := range threads {
				wg.Go(func() { processSegment(blocks, time, threads, n, slice, lane) })
			}
			wg.Wait()
		}
	}
}

func processSegment(blocks []block, time, threads, n, slice, lane uint32) {
	memory := uint32(len(blocks))
	lanes := memory / threads
	segments := lanes / syncPoints
	independent := n == 0 && slice < syncPoints/2

	var addresses, in, zero block
	if independent {
		in[0] = uint64(n)
		in[1] = uint64(lane)
		in[2] = uint64(slice)
		in[3] = uint64(memory)
		in[4] = uint64(time)
		in[5] = mode
	}
	next := func() {
		in[6]++
		processBlock(&addresses, &in, &zero)
		processBlock(&addresses, &addresses, &zero)
	}

	index := uint32(0)
	if n == 0 && slice == 0 {
		index = 2 // the first two blocks are there
		next()
	}

	offset := lane*lanes + slice*segments + index
	for index < segments {
		prev := offset - 1
		if index == 0 && slice == 0 {
			prev += lanes // last block in lane
		}
		random := blocks[prev][0]
		if independent {
			if index%blockLength == 0 {
				next()
			}
			random = addresses[index%blockLength]
		}
		with := indexAlpha(random, lanes, segments, threads, n, slice, lane, index)
		if n == 0 {
			processBlock(&blocks[offset], &blocks[prev], &blocks[with]) // over what was there
		} else {
			processBlockXOR(&blocks[offset], &blocks[prev], &blocks[with])
		}
		index, offset = index+1, offset+1
	}
}

func extractKey(blocks []block, threads, keyLen uint32) []byte {
	memory := uint32(len(blocks))
	lanes := memory / threads
	last := &blocks[memory-1]
	for lane := range threads - 1 {
		for i, v := range blocks[lane*lanes+lanes-1] {
			last[i] ^= v
		}
	}

	var bytes [blockLength * 8]byte
	for i, v := range last {
		binary.LittleEndian.PutUint64(bytes[i*8:], v)
	}
	key := make([]byte, keyLen)
	blake2bHash(key, bytes[:])
	return key
}

// indexAlpha is the place of the block that the next is made from (§3.4).
func indexAlpha(rand uint64, lanes, segments, threads, n, slice, lane, index uint32) uint32 {
	refLane := uint32(rand>>32) % threads
	if n == 0 && slice == 0 {
		refLane = lane
	}
	m, s := 3*segments, ((slice+1)%syncPoints)*segments
	if lane == refLane {
		m += index
	}
	if n == 0 {
		m, s = slice*segments, 0
		if slice == 0 || lane == refLane {
			m += index
		}
	}
	if index == 0 || lane == refLane {
		m--
	}
	return phi(rand, uint64(m), uint64(s), refLane, lanes)
}

func phi(rand, m, s uint64, lane, lanes uint32) uint32 {
	p := rand & 0xFFFFFFFF
	p = (p * p) >> 32
	p = (p * m) >> 32
	return lane*lanes + uint32((s+m-(p+1))%uint64(lanes))
}
