package main

import (
	"context"
	"time"

	ginjwt "github.com/appleboy/gin-jwt/v3"
	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
)

const jwtKey = "a key of 32 bytes, as one should" // 32 bytes: HS256

// onGinJWT is gin-jwt with the session's content as claims.
func onGinJWT(ctx context.Context) (pair, error) {
	m, err := ginjwt.New(&ginjwt.GinJWTMiddleware{
		Realm: "peerbench", Key: []byte(jwtKey), Timeout: idleTimeout, SigningAlgorithm: "HS256",
		PayloadFunc: func(data any) jwt.MapClaims { return data.(jwt.MapClaims) },
		IdentityHandler: func(c *gin.Context) any {
			return ginjwt.ExtractClaims(c)["openid"]
		},
	})
	if err != nil {
		return pair{}, err
	}
	tokens := make([]string, users)
	for i := range tokens {
		claims := jwt.MapClaims{}
		for name, value := range payload(i) {
			claims[name] = value
		}
		token, err := m.TokenGenerator(ctx, claims)
		if err != nil {
			return pair{}, err
		}
		tokens[i] = token.AccessToken
	}
	r := newGin()
	r.GET("/me", m.MiddlewareFunc(), func(c *gin.Context) {
		claims := ginjwt.ExtractClaims(c)
		openID, _ := claims["openid"].(string)
		uid, _ := claims["uid"].(string)
		ginReply(c, openID, uid)
	})
	return pairOf(r, "Authorization", bearer(tokens)), nil
}

// bareJWT is what golang-jwt alone takes to verify a token.
func bareJWT() (side, error) {
	tokens := make([]string, users)
	for i := range tokens {
		claims := jwt.MapClaims{"exp": time.Now().Add(idleTimeout).Unix()}
		for name, value := range payload(i) {
			claims[name] = value
		}
		var err error
		if tokens[i], err = jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(jwtKey)); err != nil {
			return nil, err
		}
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}))
	key := func(*jwt.Token) (any, error) { return []byte(jwtKey), nil }
	return shared(func(i int) error {
		token, err := parser.Parse(tokens[i%len(tokens)], key)
		if err != nil {
			return err
		}
		claims := token.Claims.(jwt.MapClaims)
		openID, _ := claims["openid"].(string)
		uid, _ := claims["uid"].(string)
		if !known(openID, uid) {
			return errSession
		}
		return nil
	}), nil
}
