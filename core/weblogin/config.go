package weblogin

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/wxsession/wxsession/core"
)

// Config says which routes there are. Its zero value has the hand-over, where
// the manager has a cookie.
type Config struct {
	// ScanLogin mounts the routes of the website login.
	ScanLogin bool `env:"WX_SCAN_LOGIN" json:"scan_login,omitempty" yaml:"scan_login,omitempty"`
	// ScanPage is the mini program's page that a scanned code opens, without a
	// leading slash; "": pages/scan/scan.
	ScanPage string `env:"WX_SCAN_PAGE" json:"scan_page,omitempty" yaml:"scan_page,omitempty"`
	// ScanApp is the configured app whose mini program a scanned code opens; "": the
	// default one.
	ScanApp string `json:"scan_app,omitempty" yaml:"scan_app,omitempty"`
}

const (
	defaultPage = "pages/scan/scan"
	maxPage     = 128
)

// ConfigFromEnv reads the variables named in the env tags. One that is unset or
// empty leaves its field zero. core.ConfigFromEnv finds misspelt names.
func ConfigFromEnv() (Config, error) {
	c := Config{ScanPage: os.Getenv("WX_SCAN_PAGE")}
	text := os.Getenv("WX_SCAN_LOGIN")
	if text == "" {
		return c, nil
	}
	var err error
	if c.ScanLogin, err = strconv.ParseBool(text); err != nil {
		return Config{}, errors.New("cannot read WX_SCAN_LOGIN: set it to true or false")
	}
	return c, nil
}

// check refuses what could not work, with what to set.
func (c *Config) check(wx *core.Manager) error {
	if c.ScanPage == "" {
		c.ScanPage = defaultPage
	}
	if !pageShaped(c.ScanPage) {
		return fmt.Errorf("set ScanPage (WX_SCAN_PAGE) to the path of a page, without a slash before it and without a query, like %s", defaultPage)
	}
	if !c.ScanLogin {
		return nil
	}
	if wx.CookieName() == "" {
		return errors.New("set Cookie (WX_COOKIE) to something like __Host-wx: ScanLogin (WX_SCAN_LOGIN) logs browsers in, which carry their token in it")
	}
	if _, err := wx.Client(c.ScanApp); err != nil {
		return errors.New("set Secret (WX_SECRET) of the app whose mini program scans, or ScanApp to another one: ScanLogin (WX_SCAN_LOGIN) lets WeChat draw codes for it")
	}
	return nil
}

// pageShaped reports whether WeChat could take s for a page.
func pageShaped(s string) bool {
	if len(s) > maxPage {
		return false
	}
	for name := range strings.SplitSeq(s, "/") {
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
			return false
		}
	}
	return true
}
