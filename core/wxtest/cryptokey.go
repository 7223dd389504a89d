package wxtest

type cryptoKey struct{}
