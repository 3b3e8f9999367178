#!/usr/bin/env bash
# Builds a real Kubernetes control plane and two tools from Go modules, for tests.
#   build.sh [target…]      etcd kube-apiserver kube-controller-manager kubectl versitygw (default: all)
#   build.sh --directory    prints the folder the binaries are, or would be, in
# The folder is named by the hash of this script, so that a change of a version here is a new folder and an unchanged one is
# built once: 8 to 13 minutes with cold Go caches on 2 cores, about a minute with warm ones. A binary is moved into its place
# when it is whole; one that stands there is not built again. JOBS is go's -p.
set -euo pipefail

KUBE_VERSION=1.35.4
VERSITYGW_VERSION=1.8.0

script=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/$(basename "${BASH_SOURCE[0]}")
digest() { if command -v sha256sum > /dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -c1-16; }
root=${XDG_CACHE_HOME:-$HOME/.cache}/weir-test/$(digest "$script")
bin=$root/bin
if [ "${1:-}" = --directory ]; then echo "$bin"; exit 0; fi

package() {
  case $1 in
    etcd) echo go.etcd.io/etcd/server/v3 ;;
    kube-apiserver | kube-controller-manager | kubectl) echo "k8s.io/kubernetes/cmd/$1" ;;
    versitygw) echo "github.com/versity/versitygw/cmd/versitygw" ;;
    *) echo "build.sh: no target $1" >&2; exit 2 ;;
  esac
}

[ $# -gt 0 ] || set -- etcd kube-apiserver kube-controller-manager kubectl versitygw
missing=()
for target in "$@"; do
  package "$target" > /dev/null
  [ -x "$bin/$target" ] || missing+=("$target")
done
[ ${#missing[@]} -gt 0 ] || exit 0
command -v go > /dev/null || { echo "build.sh: go is needed to build ${missing[*]}" >&2; exit 3; }

mkdir -p "$bin" "$root/build"
# One build at a time; who waited finds the binaries there. mkdir is the lock that both Linux and macOS have.
until mkdir "$root/lock" 2> /dev/null; do
  holder=$(cat "$root/lock/pid" 2> /dev/null || true)
  if [ -n "$holder" ] && ! kill -0 "$holder" 2> /dev/null; then rm -rf "$root/lock"; continue; fi
  sleep 1
done
echo $$ > "$root/lock/pid"
trap 'rm -rf "$root/lock"' EXIT

cd "$root/build"
export CGO_ENABLED=0 GOWORK=off
export GOFLAGS="-mod=mod -trimpath -buildvcs=false -p=${JOBS:-2}"

# go.mod, from the release's own. Its staging modules (local folders in the release's repository) are published with the same
# sources as v0.<minor>.<patch>, and every other module that it requires is held at the version it was released with.
staging_version=v0.${KUBE_VERSION#1.}
kube_mod=$(cd / && GOFLAGS='' go mod download -json "k8s.io/kubernetes@v$KUBE_VERSION" | sed -n 's/^\t"GoMod": "\(.*\)",\{0,1\}$/\1/p')
staging=$(sed -n 's|^\t\(k8s.io/[a-z0-9-]*\) => ./staging/.*|\1|p' "$kube_mod")
held=$(sed -n 's|^\t\([a-zA-Z0-9./_-]*\) \(v[^ ]*\)\( // indirect\)\{0,1\}$|\1 \2|p' "$kube_mod" | grep -v ' v0\.0\.0$')
{
  echo "module weir.test/kubernetes"
  echo
  sed -n 's/^go .*/&/p' "$kube_mod"
  # The defaults of the Go that the release was made for.
  sed -n 's/^\(godebug .*\)/\n\1/p' "$kube_mod"
  echo
  echo "require ("
  echo "	k8s.io/kubernetes v$KUBE_VERSION"
  echo "	go.etcd.io/etcd/server/v3 $(sed -n 's|^go.etcd.io/etcd/server/v3 ||p' <<< "$held")"
  # Required as well as replaced: with -trimpath the required version is part of what the build cache goes by.
  for module in $staging; do echo "	$module $staging_version"; done
  echo ")"
  echo
  echo "replace ("
  for module in $staging; do echo "	$module => $module $staging_version"; done
  while read -r module version; do echo "	$module => $module $version"; done <<< "$held"
  echo ")"
} > go.mod

minor=${KUBE_VERSION#1.}; minor=${minor%%.*}
version_flags=""
for variables in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  version_flags+=" -X $variables.gitVersion=v$KUBE_VERSION -X $variables.gitMajor=1 -X $variables.gitMinor=$minor"
  version_flags+=" -X $variables.gitTreeState=clean -X $variables.gitCommit=go-module-v$KUBE_VERSION"
  version_flags+=" -X $variables.buildDate=1970-01-01T00:00:00Z"
done

for target in "${missing[@]}"; do
  [ -x "$bin/$target" ] && continue
  SECONDS=0
  rm -rf whole && mkdir whole
  if [ "$target" = versitygw ]; then # shares nothing with the rest
    GOBIN=$PWD/whole GOFLAGS=${GOFLAGS#-mod=mod } go install -ldflags "-s -w" "$(package versitygw)@v$VERSITYGW_VERSION"
  else
    go build -ldflags "-s -w$version_flags" -o "whole/$target" "$(package "$target")"
  fi
  mv "whole/$target" "$bin/$target"
  echo "$target built in ${SECONDS} s" >&2
done
