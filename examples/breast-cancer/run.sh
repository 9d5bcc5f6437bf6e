#!/bin/sh
# Usage: run.sh RESULTS. Prints what the gathering job said.
set -eu
[ $# -eq 1 ] || { echo "usage: run.sh RESULTS (the folder of the results, on a file system of the centre)" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
fit=$(weir submit --parsable --chdir="$1" --file "$here/fit.py" "$here/fit.sbatch")
gather=$(weir submit --parsable --wait --chdir="$1" --file "$here/fit.py" --file "$here/gather.py" --dependency="afterok:$fit" "$here/gather.sbatch") || {
  status=$?
  [ -z "$gather" ] || weir logs -e "$gather" >&2
  exit "$status"
}
weir logs "$gather"
