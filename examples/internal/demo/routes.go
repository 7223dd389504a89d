package demo

import (
	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/core/wxtoken"
)

// Routes are those of core/weblogin and core/wxtoken, as far as the environment
// configures them: the hand-over and the website login with WX_COOKIE, signed
// tokens with WX_SIGNING_KEYS.
func (s *Server) Routes(wx *core.Manager) ([]core.Route, error) {
	web, err := weblogin.ConfigFromEnv()
	if err != nil {
		return nil, err
	}
	login, err := weblogin.New(wx, web)
	if err != nil {
		return nil, err
	}
	s.OnShutdown(login.Close) // browsers that wait for a scan get their answer
	tokens, err := wxtoken.ConfigFromEnv()
	if err != nil {
		return nil, err
	}
	issuer, err := wxtoken.New(wx, tokens)
	if err != nil {
		return nil, err
	}
	return append(login.Routes(), issuer.Routes()...), nil
}
