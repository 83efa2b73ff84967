#!/usr/bin/env bash
# Builds the peer of the benchmark, Telegraf, once into the cache folder given as the only argument; prints its path.
set -euo pipefail
version=1.39.3
cache="${1:?cache folder}"
binary="$cache/telegraf-$version"
if [ -x "$binary" ]; then echo "$binary"; exit 0; fi
mkdir -p "$cache"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
tags=custom,inputs.opcua_listener,inputs.mqtt_consumer,inputs.internal
tags+=,outputs.influxdb_v2,outputs.file,outputs.discard,serializers.influx,parsers.json_v2
CGO_ENABLED=0 GOBIN="$work" go install -tags "$tags" "github.com/influxdata/telegraf/cmd/telegraf@v$version" >&2
mv "$work/telegraf" "$binary"
echo "$binary"
