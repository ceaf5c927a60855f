#!/usr/bin/env bash
# The Python environment of the peers that ./dev bench measures r1 against, and of tools/golden: pinned versions, in
# ${XDG_CACHE_HOME:-$HOME/.cache}/r1/peers. Does nothing when it is complete. Prints the interpreter's path, all else on stderr.
# r1 itself never needs it.
set -euo pipefail

packages=(torch==2.11.0 transformers==5.17.0 numpy==2.4.6 safetensors==0.8.0 peft==0.18.1)
folder="${XDG_CACHE_HOME:-$HOME/.cache}/r1/peers"
python="$folder/bin/python"

complete() {
  [[ -x $python ]] && "$python" - "${packages[@]}" 2>/dev/null <<'PYTHON'
import importlib.metadata, sys
for package in sys.argv[1:]:
    name, wanted = package.split("==")
    if importlib.metadata.version(name).split("+")[0] != wanted:
        sys.exit(1)
PYTHON
}

if ! complete; then
  host=$(command -v "${PYTHON:-python3}") || { echo "setup.sh: no python3 (3.10 or newer) found; install it or set PYTHON" >&2; exit 2; }
  "$host" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    { echo "setup.sh: $host is older than Python 3.10; set PYTHON to a newer one" >&2; exit 2; }
  echo "setup.sh: making $folder (about 6 GB, once)" >&2
  mkdir -p "$folder"
  "$host" -m venv "$folder" >&2 || { echo "setup.sh: venv failed; on Debian: apt-get install python3-venv" >&2; exit 2; }
  "$python" -m pip install --quiet "${packages[@]}" >&2
  complete || { echo "setup.sh: $folder is not complete; remove it and run again" >&2; exit 1; }
fi
echo "$python"
