#!/usr/bin/env bash
# Installs Zerosight with its extras into a virtual environment: `.ci/setup.sh VENV EXTRAS`, called by make.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1 extras=$2

say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }

# --- system packages -------------------------------------------------------------------------------------------

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root=(sudo -n); else as_root=(no); fi
fi

missing() {
  local package
  for package; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

updated=
apt_install() {
  command -v apt-get >/dev/null || return 1
  [[ ${as_root[*]-} != no ]] || return 1
  if [[ -z $updated ]]; then
    "${as_root[@]}" apt-get update -qq || say "apt-get update failed; trying with the package lists that are here"
    updated=yes
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

# A libcairo2 from anywhere will do, so the loader is asked and not the package manager.
has_cairo() { "$python" -c 'import ctypes; ctypes.CDLL("libcairo.so.2")' 2>/dev/null; }

system_packages() {
  if ! has_cairo; then
    say "installing libcairo2, which draws the pictures"
    apt_install libcairo2 && has_cairo ||
      fail "libcairo2 is missing and cannot be installed from here; run: sudo apt-get install libcairo2   (then make again)"
  fi
  command -v dpkg-query >/dev/null || return 0
  local wanted
  wanted=$(missing libgl1 libegl1 libusb-1.0-0 libgomp1 fonts-dejavu-core bubblewrap libseccomp2)
  if [[ -n $wanted ]]; then
    # shellcheck disable=SC2086 - a list of names
    apt_install $wanted ||
      say "going on without optional packages (3D scenes, text in pictures, layers of the sandbox); to add them: sudo apt-get install ${wanted//$'\n'/ }"
  fi
}

# --- Python ----------------------------------------------------------------------------------------------------

find_python() {
  local name
  for name in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$name"; return; fi
  done
  return 1
}

make_venv() {
  if "$venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then return; fi
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    local package
    package=$("$python" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")')
    apt_install "$package" ||
      fail "$python has no venv module; run: sudo apt-get install $package   (then make again)"
  fi
  say "creating $venv with $("$python" --version)"
  "$python" -m venv --clear "$venv"
}

install() {
  local pip=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt)
  # The documents are made without it.
  if [[ $extras != docs ]]; then install_torch; fi
  say "installing zerosight[$extras]"
  "${pip[@]}" --editable ".[$extras]"
}

install_torch() {
  say "installing torch (the largest part)"
  # A wheel that pip is configured to find on this machine comes first. Else PyPI's torch brings gigabytes of CUDA,
  # which a machine without an NVIDIA driver has no use for.
  if ! "${pip[@]}" --no-index --no-deps torch 2>/dev/null; then
    local from=()
    [[ -e /proc/driver/nvidia/version ]] || from=(--extra-index-url https://download.pytorch.org/whl/cpu --retries 1)
    "${pip[@]}" "${from[@]}" torch
  fi
}

python=$(find_python) || fail "Python 3.11 or newer is needed; run: sudo apt-get install python3 python3-venv, or name one: make PYTHON=/path/to/python3.11"
system_packages
make_venv
install
touch "$venv/.installed-train"
[[ $extras != *dev* ]] || touch "$venv/.installed-dev"
