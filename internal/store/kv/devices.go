package kv

import (
	"context"
	"time"

	"signet/internal/device"
)

// Devices implements device.Store.
//
//	device:{key}      an authorization
//	user-code:{key}   the key of the authorization whose device shows the code
type Devices struct {
	b Backend
}

var _ device.Store = Devices{}

// NewDevices returns the store of device authorizations on the backend.
func NewDevices(b Backend) Devices { return Devices{b} }

func deviceKey(key string) string   { return "device:{" + key + "}" }
func userCodeKey(key string) string { return "user-code:{" + key + "}" }

// PutDevice stores a new authorization for life, unless another one has its user
// code.
func (d Devices) PutDevice(ctx context.Context, key, userKey string, a *device.Authorization, life time.Duration) (bool, error) {
	raw, err := encode(a)
	if err != nil {
		return false, err
	}
	free, err := d.b.Create(ctx, userCodeKey(userKey), []byte(key), life)
	if err != nil || !free {
		return false, err
	}
	return true, d.b.Write(ctx, Put(deviceKey(key), raw, life))
}

// DeviceOf returns the authorization of the user code, with its key.
func (d Devices) DeviceOf(ctx context.Context, userKey string) (string, *device.Authorization, error) {
	raw, err := d.b.Get(ctx, userCodeKey(userKey))
	if err != nil || raw[0] == nil {
		return "", nil, err
	}
	key := string(raw[0])
	a, err := load[device.Authorization](ctx, d.b, deviceKey(key))
	return key, a, err
}

// UpdateDevice changes an authorization in place.
func (d Devices) UpdateDevice(ctx context.Context, key string, edit func(*device.Authorization) error) (*device.Authorization, error) {
	a, _, err := update(ctx, d.b, deviceKey(key), nil, edit)
	return a, err
}

// UseDevice puts the mark in the authorization's place, and returns what was
// there.
func (d Devices) UseDevice(ctx context.Context, key string, mark *device.Authorization, keep time.Duration) (*device.Authorization, error) {
	raw, err := encode(mark)
	if err != nil {
		return nil, err
	}
	was, err := d.b.Swap(ctx, deviceKey(key), raw, keep)
	if err != nil {
		return nil, err
	}
	return decode[device.Authorization](was)
}
