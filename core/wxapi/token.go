package wxapi

import "context"

// TokenSource supplies the access token that most calls need. It is asked for
// each of them, so it should remember the token, and share it between all
// instances of a service: WeChat invalidates a token when it issues another.
// It must be safe for concurrent use.
type TokenSource interface {
	// Token returns a token. stale is empty, or the token that WeChat has just
	// refused: then the result is another one.
	Token(ctx context.Context, stale Secret) (Secret, error)
}
