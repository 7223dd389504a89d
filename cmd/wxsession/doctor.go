package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/core/wxtoken"
)

type doctorOptions struct {
	json, strict bool
	timeout      time.Duration
}

func (p *program) doctorCommand() *command {
	o := &doctorOptions{}
	f := newFlags("doctor")
	f.BoolVar(&o.json, "json", false, "print one JSON object at the end, in place of lines")
	f.BoolVar(&o.strict, "strict", false, "exit with 1 where there are warnings, or a right is missing to look")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "give up after this `duration`")
	var checks []entry
	for _, t := range doctor.Topics() {
		checks = append(checks, entry{t.Name, t.About})
	}
	return &command{name: "doctor", flags: f, run: func(ctx context.Context) error { return p.doctor(ctx, o) }, page: page{
		name: "wxsession doctor", purpose: "checks the settings of a service, and the servers that they name",
		synopsis: []string{"wxsession doctor [--json] [--strict] [--timeout duration]"},
		description: []string{
			"Prints a line for each check: how it went, its name, what was found, and after a dash what to do. ok: all is well. warn: the service works, and something endangers it or its users. fail: the service, or some of it, does not work as it should. skip: it could not be looked at, mostly for want of a right; the rest of the line says which.",
			"It asks as the service does: with its variables, its client of the store, its keys. To see whether the store takes writes it writes values of its own under the store's prefix (x:doctor-…; to try a near cache, one under s:…), which it removes, and which go by themselves after ten seconds. It ends no session, and counts as no use of one. WeChat is asked for the access token that is valid already, so that nobody loses one.",
			"In JSON: {\"version\", \"status\", \"counts\": {\"ok\", \"warn\", \"fail\", \"skip\"}, \"checks\": [{\"name\", \"status\", \"message\", \"advice\"}]}; status is the worst of ok, warn and fail; advice is left out where there is none; \"denied\": true is in a check that was skipped for want of a right, and that --strict wants. Names and members stay, messages may change with any release.",
		},
		sections: []section{
			{"CHECKS", checks},
			{"ENVIRONMENT", []entry{
				{"WX_…", "those of the service, as the README lists them"},
				{"HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "on the way to WeChat, as the service heeds them"},
				{"NO_COLOR", "if it is set and not empty: no colours"},
			}},
		},
		exits: []entry{
			{"0", "nothing has failed; there may be warnings"},
			{"1", "--strict is set, and there are warnings, or memory, eviction, persistence or replicas of Redis could not be looked at for want of a right; no failures"},
			{"2", "something has failed"},
			{"64", "the command line is wrong"},
			{"130", "it was interrupted"},
		},
		examples: []entry{
			{"wxsession doctor", "Before a deploy, and when users complain:"},
			{"wxsession doctor --strict --timeout 10s", "In a pipeline, where warnings should stop it:"},
			{"wxsession doctor --json | jq '.checks[] | select(.status == \"fail\")'", "What has failed, for a program:"},
		},
	}}
}

// doctorReport is the JSON object.
type doctorReport struct {
	Version string         `json:"version"`
	Status  doctor.Status  `json:"status"`
	Counts  doctorCounts   `json:"counts"`
	Checks  []doctor.Check `json:"checks"`
	denied  int            // checks
}

type doctorCounts struct {
	OK   int `json:"ok"`
	Warn int `json:"warn"`
	Fail int `json:"fail"`
	Skip int `json:"skip"`
}

func (p *program) doctor(ctx context.Context, o *doctorOptions) error {
	if o.timeout <= 0 {
		return usageError("--timeout must be positive")
	}
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	r := &doctorReport{Status: doctor.OK, Checks: []doctor.Check{}}
	r.Version, _, _ = buildVersion()
	doctor.New(os.Environ(), extensions()).Run(limited, func(c doctor.Check) {
		r.add(c)
		if !o.json {
			fmt.Fprintln(p.out, p.line(c))
		}
	})
	if !o.json {
		fmt.Fprintf(p.out, "%d ok, %d warn, %d fail, %d skip\n", r.Counts.OK, r.Counts.Warn, r.Counts.Fail, r.Counts.Skip)
	} else if err := p.printReport(r); err != nil {
		return err
	}
	if o.strict && r.denied > 0 {
		fmt.Fprintf(p.err, "wxsession: --strict: %d of the skipped checks want a right\n", r.denied)
	}
	return r.exit(o.strict)
}

func (p *program) printReport(r *doctorReport) error {
	e := json.NewEncoder(p.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *doctorReport) add(c doctor.Check) {
	r.Checks = append(r.Checks, c)
	if c.Denied {
		r.denied++
	}
	switch c.Status {
	case doctor.OK:
		r.Counts.OK++
	case doctor.Skip:
		r.Counts.Skip++
	case doctor.Warn:
		r.Counts.Warn++
		if r.Status == doctor.OK {
			r.Status = doctor.Warn
		}
	case doctor.Fail:
		r.Counts.Fail++
		r.Status = doctor.Fail
	}
}

func (r *doctorReport) exit(strict bool) error {
	switch {
	case r.Status == doctor.Fail:
		return status(exitFound)
	case strict && (r.Status == doctor.Warn || r.denied > 0):
		return status(exitWarned)
	}
	return nil
}

// line is a check for people.
func (p *program) line(c doctor.Check) string {
	text := fmt.Sprintf("%s  %-18s  %s", p.coloured(c.Status), c.Name, c.Message)
	if c.Advice != "" {
		text += " — " + c.Advice
	}
	return text
}

// coloured is the status, four columns wide.
func (p *program) coloured(s doctor.Status) string {
	text := fmt.Sprintf("%-4s", s)
	if !p.colours {
		return text
	}
	codes := map[doctor.Status]string{doctor.OK: "32", doctor.Warn: "33", doctor.Fail: "31", doctor.Skip: "2"}
	return "\x1b[" + codes[s] + "m" + text + "\x1b[0m"
}

// extensions are the packages that have variables of their own. Each reads them
// by its ConfigFromEnv and refuses in its New what cannot work.
func extensions() []doctor.Extension {
	return []doctor.Extension{
		{Name: "scan-login", Vars: []string{"WX_SCAN_LOGIN", "WX_SCAN_PAGE"}, Switch: "WX_SCAN_LOGIN", Off: "there are no scan routes", Read: readScanLogin},
		{Name: "signed-tokens", Vars: []string{"WX_SIGNING_KEYS", "WX_ISSUER", "WX_AUDIENCES", "WX_CLAIMS", "WX_SUBJECT"}, Switch: "WX_SIGNING_KEYS", Off: "there are no token routes", Read: readSignedTokens},
	}
}

func readScanLogin() (func(*core.Manager) error, error) {
	cfg, err := weblogin.ConfigFromEnv()
	return func(wx *core.Manager) error {
		login, err := weblogin.New(wx, cfg)
		if err == nil {
			login.Close()
		}
		return err
	}, err
}

func readSignedTokens() (func(*core.Manager) error, error) {
	cfg, err := wxtoken.ConfigFromEnv()
	return func(wx *core.Manager) error {
		_, err := wxtoken.New(wx, cfg)
		return err
	}, err
}
