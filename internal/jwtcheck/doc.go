// Package jwtcheck holds no code, only tests: it has the tokens and the keys of
// core/wxtoken checked by libraries that nobody here has written and that
// core/wxtoken does not use, github.com/lestrrat-go/jwx in Go and jose in Node,
// and has core/wxtoken check theirs. Both read the keys where a service would,
// from GET /wx/jwks of a running server, across a rotation of the keys.
//
// It is a module of its own, so that no user of wxsession downloads the
// libraries. jose is fetched from npm's registry when the test runs. Without Node
// (18 or newer), npm or the registry that test is skipped; WX_TEST_SERVERS=required
// makes it a failure.
package jwtcheck
