package core

import (
	"fmt"
	"slices"
	"strings"
)

// envNames are the variables that this module knows, here and in the packages
// that add routes.
var envNames = []string{
	"WX_APPID", "WX_SECRET", "WX_APPS", "WX_STORE", "WX_KEYS", "WX_ACCEPT_CLEAR",
	"WX_IDLE_TIMEOUT", "WX_LIFETIME", "WX_ROTATE_GRACE", "WX_MAX_SESSIONS",
	"WX_API_BASE", "WX_PREFIX", "WX_EXPOSE_OPENID", "WX_PHONE_ROUTE", "WX_WAFER",
	"WX_COOKIE", "WX_COOKIE_INSECURE", "WX_TRUSTED_ORIGINS", "WX_SCAN_LOGIN", "WX_SCAN_PAGE",
	"WX_SIGNING_KEYS", "WX_ISSUER", "WX_AUDIENCES", "WX_CLAIMS", "WX_SUBJECT",
	"WX_LIMIT_ADDRESS", "WX_LIMIT_USER", "WX_LIMIT_EXCHANGES", "WX_TRUSTED_PROXIES",
}

// checkNames refuses variables that look like a slip: without the one that was
// meant, a server would start with a default, or with no app at all. Others that
// begin with WX_ are the application's own.
func checkNames(environ []string) (errs []error) {
	noApp := !slices.ContainsFunc(environ, namesApp)
	for _, item := range environ {
		name, value, _ := strings.Cut(item, "=")
		if value == "" || slices.Contains(envNames, name) {
			continue
		}
		meant := meantName(name)
		if meant == "" && noApp {
			meant = meantPrefix(name)
		}
		if meant != "" {
			errs = append(errs, fmt.Errorf("the variable %s is not known, but %s is: rename or unset it", name, meant))
		}
	}
	return errs
}

// meantName returns the known name that differs from name by underscores, case,
// a plural, or one letter; "" if there is none.
func meantName(name string) string {
	if len(name) < 3 || !strings.EqualFold(name[:2], "WX") {
		return ""
	}
	for _, known := range envNames {
		a, b := foldName(name), foldName(known)
		if singular(a) == singular(b) || oneEdit(a, b) {
			return known
		}
	}
	return ""
}

// namesApp reports whether item names an app.
func namesApp(item string) bool {
	name, value, _ := strings.Cut(item, "=")
	return value != "" && (name == "WX_APPID" || name == "WX_APPS")
}

// meantPrefix returns the name of an app's variable that differs from name by one
// edit before the underscore; "" if there is none. Such a name may be another
// service's, as X_SECRET is: it counts as a slip only where no app is named.
func meantPrefix(name string) string {
	prefix, rest, _ := strings.Cut(name, "_")
	known := "WX_" + rest
	if known == name || !slices.Contains([]string{"WX_APPID", "WX_SECRET", "WX_APPS"}, known) || !oneEdit(prefix, "WX") {
		return ""
	}
	return known
}

func foldName(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "_", "")) }

// singular takes the plural's ending off a folded name.
func singular(name string) string {
	if stem, found := strings.CutSuffix(name, "IES"); found {
		return stem + "Y"
	}
	return strings.TrimSuffix(name, "S")
}

// oneEdit reports whether a becomes b by a letter that is added, left out,
// replaced, or swapped with its neighbour. They must differ.
func oneEdit(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(a)-len(b) > 1 {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	if len(a) > len(b) {
		return a[i+1:] == b[i:]
	}
	return a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
