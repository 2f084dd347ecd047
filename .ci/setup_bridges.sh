#!/usr/bin/env bash
# Installs other trainers beside Zerosight into virtual environments of their own: `.ci/setup_bridges.sh VENV bridges|verl`.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1 set=$2
pip=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check)
case $set in
  bridges)
    .ci/setup.sh "$venv" train,data,serve
    "${pip[@]}" --constraint constraints.txt trl==1.16.0 datasets==5.2.0 gymnasium==1.4.0 reasoning-gym==0.1.25 \
      webdataset==1.0.2 starlette==1.10.0 uvicorn==0.54.0 httpx nbclient ipykernel pytest hypothesis
    "${pip[@]}" --constraint constraints.txt verifiers==0.4.0
    "${pip[@]}" --no-deps --editable examples/verifiers --editable examples/reasoning
    ;;
  verl)
    # Its ranges leave pip searching for versions of wandb, which nothing here needs: so it comes without its own list.
    python=
    for name in ${PYTHON:-python3.11 python3.12}; do
      if "$name" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then python=$name; break; fi
    done
    [[ -n $python ]] || { echo "setup: verl needs Python 3.11 or 3.12, with its venv module" >&2; exit 1; }
    [[ -x $venv/bin/python ]] || "$python" -m venv "$venv"
    "${pip[@]}" torch==2.13.0
    "${pip[@]}" --no-deps verl==0.9.1 tensordict==0.10.0 torchdata
    "${pip[@]}" torch==2.13.0 'transformers>=5.5.3,<5.11,!=5.6.0' 'ray[default]==2.60.0' datasets==5.2.0 accelerate peft \
      'numpy>=2' pandas pyarrow hydra-core codetiming dill pylatexenc tensorboard packaging cloudpickle orjson \
      importlib_metadata 'pyvers<0.2' cachetools pyzmq fastapi uvicorn pytest pytest-asyncio hypothesis psutil
    "${pip[@]}" --editable .
    ;;
esac
