// Package declare makes clients and accounts be as a file declares them.
//
// [Parse] reads the file, [Plan] compares it with what there is, and a
// [Step]'s Do makes one of them so. What is declared already is left alone:
// secrets and passwords are verified and not set again, so that declaring the
// same twice changes nothing. Everything that is wrong with a file is reported
// at once, by line, before anything is changed.
//
// A client is declared whole: what its entry does not say goes back to the
// default. Of an account only what its entry says is held, because people
// change the rest themselves. What no entry mentions is never removed.
//
// The package works on client.Registry and account.Service. It knows neither
// HTTP nor a store, and opens no file: it is given their texts.
package declare
