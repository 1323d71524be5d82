#!/bin/sh
# Makes a checkout runnable on Debian 12: system packages, virtual environment, type checker.
# usage: deploy/setup.sh run|test     Does nothing where nothing is missing.
set -eu
cd "$(dirname "$0")/.."
purpose=${1:-run}
PATH=$PATH:/usr/sbin:/sbin
umask 022 # what is installed here is read by the users of the services too

fail() {
    echo "setup: $*" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# --- system packages -------------------------------------------------------------------------------------------------

find_python() {
    for candidate in ${PYTHON:-} /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
        if has "$candidate" && "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

missing_packages() {
    has janus || echo janus
    has turnserver || echo coturn
    [ -x .venv/bin/python ] || [ -n "$(find_python)" ] || echo python3-venv
    [ "$purpose" = test ] || return 0
    has chromium || echo chromium
    has slapd || echo slapd
    has softhsm2-util || echo softhsm2
    has cc || has tcc || echo tcc # makes the clock that a test puts forward and back
    ldconfig -p | grep -q 'libatomic\.so\.1 ' || echo libatomic1 # of the browsers' driver
    [ ! -f package.json ] || has npm || echo nodejs npm
}

# apt starts and enables what it installs; here the supervisor starts Janus and coturn itself, and tests slapd.
install_packages() {
    has apt-get || fail "missing: $*. Install them with this system's package manager."
    [ "$(id -u)" = 0 ] || has sudo || fail "missing: $*. You are neither root nor have you sudo; have root run: apt-get install --no-install-recommends $*"
    echo "setup: installing $*"
    policy=/usr/sbin/policy-rc.d
    own_policy=no
    if [ ! -e $policy ]; then
        own_policy=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 755 $policy
    fi
    status=0
    as_root env DEBIAN_FRONTEND=noninteractive sh -c '
        apt-get install -qq -y --no-install-recommends "$@" >/dev/null 2>&1 ||
        { apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@" >/dev/null; }' install "$@" || status=$?
    [ $own_policy = no ] || as_root rm -f $policy
    [ $status = 0 ] || fail "apt-get could not install $* (network, package sources or sudo?); try: apt-get update && apt-get install --no-install-recommends $*"
    if has systemctl; then
        for package in "$@"; do
            case $package in
            janus | coturn | slapd) as_root systemctl disable --now "$package" >/dev/null 2>&1 || true ;;
            esac
        done
    fi
}

packages=$(missing_packages | tr '\n' ' ')
# shellcheck disable=SC2086  one word each
[ -z "${packages% }" ] || install_packages $packages

[ -w . ] || fail "$PWD cannot be written by $(id -un): make a checkout of your own"

digest() { cat "$@" | sha256sum | cut -d' ' -f1; }

# --- type checker of the browser code, beside the virtual environment ------------------------------------------------

beside=
trap '[ -z "$beside" ] || kill "$beside" 2>/dev/null || true' EXIT
if [ "$purpose" = test ] && [ -f package.json ]; then
    stamp=node_modules/.installed-$(digest package-lock.json)
    if [ ! -e "$stamp" ]; then
        echo "setup: installing the type checker"
        (npm ci --silent --no-audit --no-fund --ignore-scripts && touch "$stamp") &
        beside=$!
    fi
fi

# --- virtual environment ---------------------------------------------------------------------------------------------

if [ "$purpose" = test ]; then lock=requirements-test.lock; else lock=requirements.lock; fi
if ! .venv/bin/python -c '' 2>/dev/null; then
    python=$(find_python)
    [ -n "$python" ] || fail "Python 3.11 or newer with venv is needed"
    rm -rf .venv
    "$python" -m venv .venv
fi
stamp=.venv/installed-$(digest $lock)
if [ ! -e "$stamp" ]; then
    echo "setup: installing the Python packages of $lock"
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes -r $lock
    touch "$stamp"
fi

if [ -n "$beside" ]; then
    wait "$beside" || fail "npm could not install what package-lock.json names (network?)"
    beside=
fi
