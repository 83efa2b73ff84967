#!/usr/bin/env bash
# Builds influxd 2.7.12 once into the cache folder given as the only argument; prints the binary's path.
set -euo pipefail
version=2.7.12
cache="${1:?cache folder}"
binary="$cache/influxd-$version"
if [ -x "$binary" ]; then echo "$binary"; exit 0; fi

here="$(cd "$(dirname "$0")" && pwd)"
work="$(mktemp -d)"
trap 'chmod -R u+w "$work" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir -p "$cache" "$work/bin"
cp "$here/influxd2/main.go" "$here/influxd2/go.mod" "$work/"

# influxdata's pkg-config compiles libflux (Rust, inside the flux module) when the Go tool asks for it.
GOBIN="$work/bin" go install github.com/influxdata/pkg-config@v0.2.14 >&2

# libflux pins an old tool chain and its default features turn warnings into errors.
real_cargo="$(command -v cargo)"
cat > "$work/bin/cargo-cffi" <<WRAP
#!/usr/bin/env bash
if [ "\$1" = build ]; then shift; exec "$real_cargo" build --no-default-features --features cffi "\$@"; fi
exec "$real_cargo" "\$@"
WRAP
chmod +x "$work/bin/cargo-cffi"

cd "$work"
export GOFLAGS=-mod=mod CGO_ENABLED=1 CARGO="$work/bin/cargo-cffi" PKG_CONFIG="$work/bin/pkg-config"
if command -v rustup >/dev/null; then
  RUSTUP_TOOLCHAIN="$(rustup show active-toolchain | cut -d' ' -f1)"; export RUSTUP_TOOLCHAIN
fi
go mod tidy >&2
go build -tags 'sqlite_foreign_keys,sqlite_json,noassets' -o "$binary.part" . >&2
mv "$binary.part" "$binary"
echo "$binary"
