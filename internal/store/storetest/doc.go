// Package storetest is the suites that every store must pass, races included,
// and the fresh stores that other tests run on. Only tests import it. It must
// not know how a store does what it promises: a suite speaks the domain's
// interfaces, and looks into a database only to damage it.
package storetest
