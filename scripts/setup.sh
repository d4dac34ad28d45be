#!/bin/sh
# Set up what `make demo` or `make test` needs, say what is installed, and do nothing where all is there.
# Usage: scripts/setup.sh demo|test
set -eu
cd "$(dirname "$0")/.."
purpose=${1:?usage: scripts/setup.sh demo|test}
venv=.venv

say() { printf '%s\n' "setup: $*"; }
have() { command -v "$1" >/dev/null 2>&1; }

# Debian packages, each with the proof that it is there.
missing=""
need() { # package, shell test
    if ! sh -c "$2" >/dev/null 2>&1; then missing="$missing $1"; fi
}
need gcc-arm-none-eabi "command -v arm-none-eabi-gcc"
need libnewlib-arm-none-eabi "test -e \"\$(arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -print-file-name=libm.a)\""
need qemu-system-arm "command -v qemu-system-arm"
need gcc "command -v gcc"
need libc6-dev "echo '#include <stdint.h>' | gcc -E -"
need python3-venv "python3 -c 'import venv, ensurepip'"
if [ "$purpose" = test ]; then
    need chromium "command -v chromium"
fi

if [ -n "$missing" ]; then
    if [ "$(uname -s)" = Darwin ]; then
        say "missing:$missing. On macOS type: brew install --cask gcc-arm-embedded && brew install qemu python@3.11"
        exit 3
    fi
    root=""
    if [ "$(id -u)" != 0 ]; then root="sudo"; fi
    manual="$root apt-get update && $root apt-get install -y$missing"
    if ! have apt-get; then
        say "missing (by their Debian names):$missing. Install them with this system's package manager, then run make again."
        exit 3
    fi
    if [ -n "$root" ] && ! sudo -n true 2>/dev/null; then
        say "missing:$missing, and this user may not install packages. Type: $manual"
        exit 3
    fi
    say "installing Debian packages:$missing"
    log=$(mktemp)
    # shellcheck disable=SC2086  # a list of package names, one word each
    if ! { $root apt-get update -qq &&
        $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
        cat "$log"
        say "the packages could not be installed. Type: $manual"
        exit 3
    fi
    rm -f "$log"
fi

if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "Python 3.11 or newer is needed; python3 is $(python3 -V 2>&1)"
    exit 3
fi

case $purpose in
test) extras="[all,dev]" ;;
*) extras="" ;;
esac
stamp=$venv/.ready-$purpose
if [ -e "$stamp" ] && [ ! pyproject.toml -nt "$stamp" ]; then exit 0; fi
if [ ! -x $venv/bin/python ]; then
    say "creating the virtual environment $venv"
    python3 -m venv $venv
fi
say "installing hilbench$extras into $venv"
$venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".$extras" || {
    say "pip could not install hilbench$extras. Type: $venv/bin/python -m pip install --editable '.$extras'"
    exit 3
}
touch "$stamp"
