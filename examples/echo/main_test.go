package main

import (
	"testing"

	"github.com/wxsession/wxsession/examples/internal/demotest"
)

func TestMain(m *testing.M) { demotest.Main(m, main) }

func TestExample(t *testing.T) { demotest.Run(t) }
