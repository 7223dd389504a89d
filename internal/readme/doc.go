// Package readme holds the README, and the papers under docs that exist in two
// languages, to what is so. Its tests compile and run the Go code that they print, and
// compare the tables with the code: variables and their defaults, error codes,
// options of the stores, routes, names. The Chinese papers have to say the same as
// the English ones.
package readme
