package main

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	wechatcache "github.com/silenceper/wechat/v2/cache"
	"github.com/silenceper/wechat/v2/miniprogram"
	wechatconfig "github.com/silenceper/wechat/v2/miniprogram/config"
	"github.com/silenceper/wechat/v2/util"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/stores/memory"
)

const loginPath = "/sns/jscode2session"

// wechat is a server that answers every code with a user of its own, over TLS,
// as cheaply as net/http can. Clients of this process trust it without being
// told: they are as their makers ship them.
func (b *bench) wechat() (string, error) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, code, _ := strings.Cut(r.URL.RawQuery, "js_code=")
		code, _, _ = strings.Cut(code, "&")
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, `{"session_key":"tiihtNczf5v6AKRyjwEUhQ==","openid":"`+code+`","unionid":"`+unionID+`"}`)
	}))
	b.atEnd(server.Close)
	dir, err := os.MkdirTemp("", "peerbench-")
	if err != nil {
		return "", err
	}
	b.atEnd(func() { _ = os.RemoveAll(dir) })
	file := filepath.Join(dir, "root.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, cert, 0o600); err != nil {
		return "", err
	}
	return server.URL, os.Setenv("SSL_CERT_FILE", file)
}

// codes are as long as WeChat's openids, and all different.
type codes struct{ last atomic.Int64 }

func (c *codes) next() string {
	n := strconv.FormatInt(c.last.Add(1), 10)
	return "o" + "000000000000000000000000000"[len(n):] + n
}

// ourLogin is a whole login: the exchange, the hook, a session and its user's
// record in the memory store.
func (b *bench) ourLogin(url string, c *codes) (side, error) {
	store, err := memory.New(memory.Options{})
	if err != nil {
		return nil, err
	}
	b.atEnd(func() { _ = store.Close() })
	cfg := config(nil)
	cfg.APIBase = url
	m, err := core.New(cfg, store)
	return shared(func(int) error {
		_, _, err := m.Login(b.ctx, core.LoginRequest{Code: c.next()})
		return err
	}), err
}

// ourExchange is the first part of a login: WeChat's answer, read and judged.
func (b *bench) ourExchange(url string, c *codes) (side, error) {
	api, err := wxapi.New(wxapi.Config{AppID: appID, Secret: "5ec2e75ec2e75ec2e75ec2e75ec2e75e", Bases: []string{url}})
	return shared(func(int) error {
		_, err := api.Code2Session(b.ctx, c.next())
		return err
	}), err
}

// bareLogin is the least that net/http can do: a GET over a transport that
// keeps its connections, the body read and thrown away.
func (b *bench) bareLogin(url string, c *codes) side {
	transport := &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	b.atEnd(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	base := url + loginPath + "?appid=" + appID + "&secret=5ec2e75ec2e75ec2e75ec2e75ec2e75e&grant_type=authorization_code&js_code="
	return shared(func(int) error {
		resp, err := client.Get(base + c.next())
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	})
}

// silenceperLogin is silenceper/wechat as shipped, its requests sent to url.
// It exchanges the code; the session would come on top.
func silenceperLogin(url string, c *codes) side {
	util.SetURIModifier(func(uri string) string {
		return strings.Replace(uri, "https://api.weixin.qq.com", url, 1)
	})
	auth := miniprogram.NewMiniProgram(&wechatconfig.Config{
		AppID: appID, AppSecret: "5ec2e75ec2e75ec2e75ec2e75ec2e75e", Cache: wechatcache.NewMemory(),
	}).GetAuth()
	return shared(func(int) error {
		_, err := auth.Code2Session(c.next())
		return err
	})
}

func loginSequential(b *bench) ([]Row, error) {
	url, err := b.wechat()
	if err != nil {
		return nil, err
	}
	var c codes
	ours, err := b.ourLogin(url, &c)
	if err != nil {
		return nil, err
	}
	exchange, err := b.ourExchange(url, &c)
	if err != nil {
		return nil, err
	}
	t, err := b.compare(1, ours, b.bareLogin(url, &c), exchange)
	return []Row{
		overBare("13", "login over a bare net/http GET with a tuned transport, TLS, sequential", t, 1.35),
		leastOverBare("13", "the exchange alone (wxapi.Code2Session), no session, sequential", t),
	}, err
}

func loginParallel(b *bench) ([]Row, error) {
	url, err := b.wechat()
	if err != nil {
		return nil, err
	}
	var c codes
	ours, err := b.ourLogin(url, &c)
	if err != nil {
		return nil, err
	}
	exchange, err := b.ourExchange(url, &c)
	if err != nil {
		return nil, err
	}
	t, err := b.compare(32, ours, b.bareLogin(url, &c), exchange)
	if err != nil {
		return nil, err
	}
	rows := []Row{
		overBare("13", "login, 32 parallel", t, 1.35),
		leastOverBare("13", "the exchange alone, 32 parallel", t),
	}
	t, err = b.compare(32, ours, silenceperLogin(url, &c))
	return append(rows, overBare("14", "login, 32 parallel, TLS, over silenceper/wechat as shipped", t, 1.0/15)), err
}
