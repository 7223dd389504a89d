package demotest

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// browser keeps cookies as a browser on the server's own pages would. That they
// are Secure does not keep it from sending them to 127.0.0.1.
type browser struct {
	p       *process
	cookies map[string]string
}

func (p *process) browser() *browser { return &browser{p, map[string]string{}} }

func (b *browser) get(path string) answer {
	b.p.t.Helper()
	return b.send("GET", path, "", "Sec-Fetch-Site", "same-origin")
}

func (b *browser) post(path, body string) answer {
	b.p.t.Helper()
	return b.send("POST", path, body, "Sec-Fetch-Site", "same-origin")
}

// send takes headers as names and values by turns. It follows no redirect.
func (b *browser) send(method, path, body string, header ...string) answer {
	t := b.p.t
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "Firefox of a test")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	for name, value := range b.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	client := &http.Client{
		Timeout:       40 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	b.keep(res.Cookies())
	return answer{t, method + " " + path, res.StatusCode, res.Header, string(text)}
}

func (b *browser) keep(cookies []*http.Cookie) {
	for _, c := range cookies {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
			continue
		}
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge == 0 {
			b.p.t.Errorf("the cookie %s is set as %s", c.Name, c.Raw)
		}
		b.cookies[c.Name] = c.Value
	}
}
