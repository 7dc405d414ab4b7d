# Sourced by the launchers in this folder: an own virtual environment and, where possible, system peers.
# Nothing is ever installed into the system's Python. Second runs install nothing and take milliseconds.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
venv="${THERMIQ_VENV:-$root/.venv}"

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() { # prints the first interpreter >= 3.11
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null 2>&1 && new_enough "$candidate"; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

as_root() { # runs a command as root when that needs no password, else fails
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

apt_install() { # installs Debian packages, quietly; fails without rights or without apt
    command -v apt-get >/dev/null 2>&1 || return 1
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
        >/dev/null 2>&1 && return 0
    # A package list that was never fetched, or an old one, is the usual reason: fetch it once.
    as_root apt-get update -qq >/dev/null 2>&1 || return 1
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
        >/dev/null 2>&1
}

other_python() { # prints an interpreter >= 3.11 of another minor version than the one given, newest first
    local mine minor candidate
    mine="$("$1" -c 'import sys; print(sys.version_info[1])')"
    for minor in 13 12 11; do
        [ "$minor" != "$mine" ] || continue
        for candidate in "python3.$minor" "$HOME/.pyenv/versions/3.$minor".*/bin/python3; do
            if command -v "$candidate" >/dev/null 2>&1 && new_enough "$candidate"; then
                command -v "$candidate"
                return 0
            fi
        done
    done
    return 1
}

make_venv() {
    local python="${1:-}"
    [ -n "$python" ] || python="$(find_python)" || die "Python 3.11 or newer is needed and none was found (Debian: apt install python3 python3-venv)"
    say "creating $venv with $("$python" --version)"
    "$python" -m venv "$venv" >/dev/null 2>&1 && return 0
    # Debian ships ensurepip in a package of its own.
    rm -rf "$venv"
    apt_install python3-venv || true
    "$python" -m venv "$venv" >/dev/null || die "cannot create $venv: install the package python3-venv and try again"
}

# setup_python EXTRAS [PYTHON]: an environment with the requirements of setup.cfg and these extras (comma
# separated; a leading "=" means the extras alone), made with PYTHON when there is none yet.
setup_python() {
    local extras="$1" mark wanted
    if [ -e "$venv" ] && ! new_enough "$venv/bin/python"; then
        say "$venv does not hold a working Python >= 3.11, making it anew"
        rm -rf "$venv"
    fi
    [ -e "$venv" ] || make_venv "${2:-}"
    mark="$venv/.thermiq-${extras//[=,]/-}"
    wanted="$(cat "$root/setup.cfg" "$root/tools/constraints.txt" | sha256sum | cut -d' ' -f1)"
    if [ "$(cat "$mark" 2>/dev/null || true)" != "$wanted" ]; then
        (
            flock 9 # two launchers at once must not run pip in the same environment
            "$venv/bin/python" "$root/tools/_requirements.py" "$root/setup.cfg" "$extras" >"$mark.txt"
            if "$venv/bin/python" "$root/tools/_requirements.py" --satisfied "$mark.txt"; then
                :
            else
                say "installing Python packages (once; later runs reuse them)"
                "$venv/bin/python" -m pip install -qq --disable-pip-version-check \
                    --constraint "$root/tools/constraints.txt" --requirement "$mark.txt" >&2 ||
                    die "pip could not install the packages above; without them nothing runs"
            fi
            printf '%s\n' "$wanted" >"$mark"
        ) 9>"$venv/.thermiq-lock" || exit 1
    fi
    export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
}

# setup_peers COMMAND=PACKAGE ...: real programs that tests talk to; says in one line what is missing.
setup_peers() {
    local pair missing=() packages=()
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null 2>&1 || [ -x "/usr/sbin/${pair%%=*}" ] || packages+=("${pair#*=}")
    done
    [ "${#packages[@]}" -eq 0 ] && return 0
    apt_install "${packages[@]}" || true
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null 2>&1 || [ -x "/usr/sbin/${pair%%=*}" ] || missing+=("${pair#*=}")
    done
    if [ "${#missing[@]}" -gt 0 ]; then
        say "missing system packages: ${missing[*]} - tests that need them are skipped (sudo apt install ${missing[*]})"
    fi
}
