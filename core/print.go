package core

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// Format prints app and device for every verb: a code logs somebody in, and
// profile, signature and header are the user's.
func (r LoginRequest) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "LoginRequest{AppID:%s Device:%s}", r.AppID, r.Device)
}

// LogValue is for slog: app and device.
func (r LoginRequest) LogValue() slog.Value {
	return slog.GroupValue(slog.String("appid", r.AppID), slog.String("device", r.Device))
}

// shownLogin is what others see of a LoginRequest.
type shownLogin struct {
	AppID  string `json:"appid" yaml:"appid"`
	Device string `json:"device" yaml:"device"`
}

// MarshalJSON writes app and device.
func (r LoginRequest) MarshalJSON() ([]byte, error) {
	return json.Marshal(shownLogin{r.AppID, r.Device})
}

// MarshalYAML writes app and device; yaml.v2, v3 and goccy/go-yaml ask for it.
func (r LoginRequest) MarshalYAML() (any, error) { return shownLogin{r.AppID, r.Device}, nil }

// Format prints no more than that it is an identity, for every verb: all that it
// holds says who somebody is, or proves it.
func (id Identity) Format(f fmt.State, _ rune) { io.WriteString(f, "Identity{}") }

// LogValue is for slog, and as empty.
func (id Identity) LogValue() slog.Value { return slog.StringValue("Identity{}") }

// MarshalJSON writes an empty object. An application that keeps identities keeps
// their fields; what it would read back from this is refused, as it has no OpenID.
func (id Identity) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }

// MarshalYAML writes an empty mapping.
func (id Identity) MarshalYAML() (any, error) { return struct{}{}, nil }

// Format prints the app only, for every verb.
func (a Approval) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "Approval{AppID:%s}", a.AppID) }

// LogValue is for slog: the app.
func (a Approval) LogValue() slog.Value { return slog.GroupValue(slog.String("appid", a.AppID)) }

// MarshalYAML writes the app. The form to store an Approval in is JSON, which is
// whole.
func (a Approval) MarshalYAML() (any, error) {
	return struct {
		AppID string `yaml:"appid"`
	}{a.AppID}, nil
}

// Format prints method and path for every verb: the query may hold a ticket, and
// the header and the body a token.
func (r Request) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "Request{Method:%s Path:%s}", r.Method, r.Path)
}

// LogValue is for slog: method and path.
func (r Request) LogValue() slog.Value {
	return slog.GroupValue(slog.String("method", r.Method), slog.String("path", r.Path))
}

// shownRequest is what others see of a Request.
type shownRequest struct {
	Method string `json:"method" yaml:"method"`
	Path   string `json:"path" yaml:"path"`
}

// MarshalJSON writes method and path.
func (r Request) MarshalJSON() ([]byte, error) { return json.Marshal(shownRequest{r.Method, r.Path}) }

// MarshalYAML writes method and path; yaml.v2, v3 and goccy/go-yaml ask for it.
func (r Request) MarshalYAML() (any, error) { return shownRequest{r.Method, r.Path}, nil }
