package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// measured are the modules whose versions a reader of the table wants to know.
var measured = []string{
	"github.com/alexedwards/scs/goredisstore",
	"github.com/alexedwards/scs/v2",
	"github.com/appleboy/gin-jwt/v3",
	"github.com/boj/redistore",
	"github.com/bradfitz/gomemcache",
	"github.com/gin-contrib/sessions",
	"github.com/gin-gonic/gin",
	"github.com/golang-jwt/jwt/v4",
	"github.com/golang-jwt/jwt/v5",
	"github.com/labstack/echo/v4",
	"github.com/labstack/echo/v5",
	"github.com/redis/go-redis/v9",
	"github.com/redis/rueidis",
	"github.com/silenceper/wechat/v2",
}

// printMachine says what the figures were measured on and with.
func printMachine(w io.Writer) {
	fmt.Fprintf(w, "\nMachine: %s, %d cores, %s/%s. %s", cpuModel(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	for _, server := range []string{"redis-server", "memcached"} {
		fmt.Fprintf(w, "; %s", version(server))
	}
	fmt.Fprintf(w, ".\nModules: %s.\n", strings.Join(modules(), ", "))
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // Linux has it; elsewhere the model stays unknown
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// version is what a server says of itself, without its build.
func version(server string) string {
	out, err := exec.Command(server, "--version").Output()
	if err != nil {
		return server + " is not installed"
	}
	fields := strings.Fields(string(out))
	i := slices.IndexFunc(fields, func(f string) bool { return strings.ContainsAny(f, "0123456789") })
	if i < 0 {
		return server
	}
	return server + " " + strings.TrimPrefix(fields[i], "v=")
}

func modules() []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return []string{"unknown"}
	}
	var found []string
	for _, m := range info.Deps {
		if slices.Contains(measured, m.Path) {
			found = append(found, strings.TrimPrefix(m.Path, "github.com/")+" "+m.Version)
		}
	}
	return found
}
