// Package routertest shows that nethttpwx works on routers that are not
// net/http's own, by the real ones: chi and gorilla/mux. It is a module of its own
// so that nobody else has them among their dependencies.
package routertest
