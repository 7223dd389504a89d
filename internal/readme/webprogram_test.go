package readme

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTheProgramServesBrowsers: the block of WEB.md beside the README's program, which
// is changed as the sentence in front of the block says.
func TestTheProgramServesBrowsers(t *testing.T) {
	for _, name := range onWeb {
		t.Run(name, func(t *testing.T) {
			sim := simulate(t)
			t.Setenv("WX_COOKIE", "wx")
			t.Setenv("WX_COOKIE_INSECURE", "true")
			t.Setenv("WX_SCAN_LOGIN", "true")
			url := launch(t, newModule(t, "."), "web", map[string]string{
				"main.go": mainOfWeb(t, name), "web.go": "package main\n\n" + theBlock(t, name, "moreRoutes"), "login.html": thePage(t),
			})
			token := logIn(t, url, sim.Code("alice"))
			if status, body := get(t, url+"/api/me", token); status != 200 || body != `{"openid":"alice"}` {
				t.Errorf("with the token the API gives %d %s", status, body)
			}
			if status, body := get(t, url+"/login", ""); status != 200 || !strings.Contains(body, "/wx/scan/") {
				t.Errorf("the page is %d %s", status, body)
			}
			resp, err := http.Post(url+"/wx/scan", "", nil)
			if status, body := reply(t, resp, err); status != 200 || !strings.Contains(body, `"image":`) {
				t.Errorf("a scan begins with %d %s", status, body)
			}
			if status, body := post(t, url+"/wx/ticket", token, `{"to":"/h5"}`); status != 200 || !strings.Contains(body, "/wx/enter?ticket=") {
				t.Errorf("a ticket is %d %s", status, body)
			}
			if status, _ := get(t, url+"/wx/jwks", ""); status != 404 {
				t.Errorf("without signing keys /wx/jwks gives %d", status)
			}
		})
	}
}

// mainOfWeb is the README's main.go as WEB.md wants it: without routes, and with
// another end.
func mainOfWeb(t *testing.T, name string) string {
	t.Helper()
	const end = `log.Fatal(listen(wx))`
	if !slices.Contains(spans(read(t, name).prose), end) {
		t.Errorf("%s does not say that main ends with %s", name, end)
	}
	text := strings.Replace(withoutRoutes(t, theBlock(t, readmes[0], "func main()")), `log.Fatal(http.ListenAndServe(":8080", routes(wx)))`, end, 1)
	return strings.Replace(text, "\t\"net/http\"\n", "", 1)
}

// thePage is that of the website's login, which the program reads in its folder.
func thePage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "examples/website/login.html"))
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func post(t *testing.T, url, token, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	return reply(t, resp, err)
}
