// Package demo holds what the example servers share because it has nothing to
// do with their framework: a WeChat for those who have no appid yet, the life
// of a server from its address to its end, and the reading of bodies.
package demo
