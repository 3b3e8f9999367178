#!/bin/sh
# Builds versitygw, an S3 server that honours If-Match and If-None-Match, and prints the path of the binary. Built once per
# version into the cache; needs Go. Usage: build-versitygw.sh [--cached]   (--cached: fail rather than build)
set -eu

version=v1.8.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/weir-test/versitygw-$version
binary=$cache/versitygw

if [ ! -x "$binary" ]; then
  if [ "${1:-}" = --cached ]; then
    echo "versitygw $version is not built yet" >&2
    exit 1
  fi
  command -v go > /dev/null || { echo "versitygw needs Go to be built, and there is none" >&2; exit 1; }
  mkdir -p "$cache"
  # Built beside its place and moved there, so that an interrupted build leaves no half of a binary.
  GOBIN=$cache/new.$$ GOFLAGS=-mod=mod go install "github.com/versity/versitygw/cmd/versitygw@$version" >&2
  mv "$cache/new.$$/versitygw" "$binary"
  rmdir "$cache/new.$$"
fi
echo "$binary"
