//go:build race

package core

const dearness = 50
