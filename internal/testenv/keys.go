package testenv

import (
	"context"
	"crypto"
	"sync"
	"sync/atomic"

	"signet/internal/keys"
)

// stock is the RSA keys of the process's houses: a new one would cost as much as
// all else of a house. A house never gets the same one twice, and two houses that
// begin one after the other have none in common.
var stock struct {
	sync.Mutex
	keys   map[int][]crypto.Signer // by size
	houses atomic.Int64
}

// lanes is how many houses in a row have different keys.
const lanes = 4

// fromStock is the context in which a house makes its keys.
func fromStock() context.Context {
	next := int(stock.houses.Add(1) % lanes)
	var mine sync.Mutex
	return keys.WithGenerator(context.Background(), func(usual keys.Generator) keys.Generator {
		return func(alg string, bits int) (crypto.Signer, error) {
			mine.Lock()
			defer mine.Unlock()
			if !usesRSA(alg) {
				return usual(alg, bits)
			}
			key, err := stockKey(next, alg, bits, usual)
			next += lanes
			return key, err
		}
	})
}

func usesRSA(alg string) bool { return alg[:2] == "RS" || alg[:2] == "PS" }

func stockKey(i int, alg string, bits int, usual keys.Generator) (crypto.Signer, error) {
	stock.Lock()
	defer stock.Unlock()
	if stock.keys == nil {
		stock.keys = map[int][]crypto.Signer{}
	}
	for len(stock.keys[bits]) <= i {
		key, err := usual(alg, bits)
		if err != nil {
			return nil, err
		}
		stock.keys[bits] = append(stock.keys[bits], key)
	}
	return stock.keys[bits][i], nil
}
