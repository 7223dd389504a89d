// Package readme holds the README to what is so. Its tests run the Go code that
// the README prints, and compare the tables with the code: variables and their
// defaults, error codes, options of the stores, names. README.zh-CN.md has to say
// the same as README.md.
package readme
