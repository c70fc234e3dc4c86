package cli

import "context"

type signInGuard struct{}

func (signInGuard) Guess(context.Context, string, string) error { return nil }
func (signInGuard) Right(context.Context, string, string) error { return nil }

func (h *house) guard() signInGuard { return signInGuard{} }
