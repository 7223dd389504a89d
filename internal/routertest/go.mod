module github.com/wxsession/wxsession/internal/routertest

go 1.26.0

require (
	github.com/go-chi/chi/v5 v5.5.0
	github.com/gorilla/mux v1.8.1
	github.com/wxsession/wxsession v0.0.0
)

require (
	github.com/boombuler/barcode v1.1.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
)

replace github.com/wxsession/wxsession => ../..
