// Package seams holds what others may write on top of wxsession, each in less
// than 60 lines and with exported names only: a login route, a store, and an
// adapter. They pass the same tests as ours.
package seams
