# Sourced by its neighbours, at the top of the checkout: one virtual environment in .venv, made with nothing but
# a Python and its venv module.

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# The Python to make the environment with: $PYTHON, or else the first on the path that is new enough.
find_python() {
    if [ "${PYTHON-}" ]; then set -- "$PYTHON"; else set -- python3 python3.13 python3.12 python3.11; fi
    for python; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            return
        fi
    done
    found=$("$1" --version 2>&1) || found="there is no $1"
    fail "Python 3.11 or newer is needed, here: $found. Install one, or name it: PYTHON=/path/to/python $0"
}

# setup run | setup dev: PocketRepo in .venv, and for dev what its tests need. Does nothing if that is done already.
setup() {
    stamp=$(printf '%s %s ' "$1" "$PWD" && cksum <pyproject.toml)
    case $(cat .venv/.setup 2>/dev/null) in
    "$stamp" | "dev${stamp#run}") return ;;
    esac
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        find_python
        # Debian ships Python without this part; venv itself would say so in nine lines.
        "$python" -c 'import ensurepip, venv' 2>/dev/null ||
            fail "$python cannot make virtual environments; on Debian and Ubuntu: apt install ${python##*/}-venv"
        echo "making .venv with $("$python" --version)"
        "$python" -m venv --clear .venv
    fi
    echo "installing PocketRepo into .venv (once, about a minute)"
    # pip reads dependency groups (PEP 735) from 25.1 on.
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
    if [ "$1" = dev ]; then
        .venv/bin/python -m pip install --quiet --editable . --group dev
    else
        # flit_core builds the demo's sample package.
        .venv/bin/python -m pip install --quiet --editable . flit_core
    fi
    printf '%s\n' "$stamp" >.venv/.setup
}
