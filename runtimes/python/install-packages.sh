#!/bin/sh
# install-packages UV PYTHON WANTED FOLDER: locks the packages that the file WANTED asks for, by hash, and installs them for PYTHON, the environment in FOLDER. Prints how many packages that are, where they had to be resolved.
# PyPI's torch for Linux brings CUDA's libraries. For torch's own packages only, the index TORCH_INDEX has builds for CPUs; where it does not answer, or is `none`, they come from PyPI.
set -eu
uv=$1 python=$2 wanted=$3 folder=$4
index=${TORCH_INDEX:-none}
lock=$folder/lock.txt torch=$folder/torch.txt
OWN='^(torch|torchvision|torchaudio)=='

say() { printf 'install-packages: %s\n' "$*" >&2; }

# Only wheels: no package code runs here.
compile() {
  "$uv" pip compile --quiet --python "$python" --only-binary :all: --generate-hashes --no-header "$@" --output-file "$lock"
}

# uv asks an explicit index only for packages that name it: any other package that the index may have is never seen.
project() {
  cat <<END
[project]
name = "built-for-cpus"
version = "0"
dependencies = [$(printf '"%s", ' $pins)]
[[tool.uv.index]]
name = "torch"
url = "$index"
explicit = true
[tool.uv.sources]
torch = { index = "torch" }
torchvision = { index = "torch" }
torchaudio = { index = "torch" }
END
}

# Writes the lock anew, without CUDA's libraries, and keeps apart the packages that come from the index.
lock_for_cpus() {
  work=$(mktemp -d)
  project >"$work/pyproject.toml"
  # A machine that cannot reach the index should not wait for it.
  if UV_HTTP_RETRIES=1 UV_HTTP_TIMEOUT=10 compile "$wanted" "$work/pyproject.toml" 2>"$work/said"; then
    awk -v own="$OWN" -v there="$torch" '/^[^ ]/ { isOwn = $0 ~ own } isOwn { print > there; next } 1' "$lock" >"$work/rest"
    cp "$work/rest" "$lock"
  else
    why=$(sed -n 's/^ *cause: //p' "$work/said" | tail -n 1)
  fi
  rm -r "$work"
}

# Nothing is left to resolve where it names the server's own locks alone, whose lines are of several Pythons.
is_locked=$(grep -qvE '^-r .*/(requirements|numpy)\.txt$' "$wanted" || echo true)
if [ "$is_locked" ]; then
  sed 's/^-r //' "$wanted" | while IFS= read -r locked; do cat "$locked"; done >"$lock"
else
  compile "$wanted"
fi
# A machine without sed or grep would have an environment without packages, and keep it for the next model.
[ -s "$lock" ] || { say "nothing was locked of $(cat "$wanted")"; exit 1; }
# Elsewhere torch comes without CUDA anyway.
pins=$([ "$(uname -s)" != Linux ] || grep -oE "$OWN[^ ;]+" "$lock" || true)
why=
case $index in
  none) ;;
  *[!A-Za-z0-9:/._~%+-]* | [!h]*) say "TORCH_INDEX is not the address of an index: $index" && exit 1 ;;
  *) [ -z "$pins" ] || lock_for_cpus ;;
esac
[ "$is_locked" ] || cat "$lock" "$torch" 2>/dev/null | grep -cE '^[^ #]+=='

if [ -s "$torch" ]; then
  # torch comes first: other packages may bring files that Python runs as it starts, and uv, which loads no package, may start the environment's Python for each command.
  # The hash is of a wheel of that index, which PyPI does not have.
  "$uv" pip install --python "$python" --only-binary :all: --no-deps --require-hashes --default-index "$index" -r "$torch"
  "$uv" pip install --python "$python" --only-binary :all: --no-deps --require-hashes -r "$lock"
else
  "$uv" pip sync --python "$python" --only-binary :all: --require-hashes "$lock"
fi
if [ ! -s "$torch" ] && [ -n "$pins" ]; then
  bytes=$(cd "$folder"/lib/python*/site-packages && du -sck torch nvidia triton 2>/dev/null | tail -n 1 | cut -f 1)
  say "$(echo $pins) of PyPI takes $((bytes / 1024)) MiB with CUDA's libraries${why:+; $index gave none: $why}"
fi
