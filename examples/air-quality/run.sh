#!/bin/sh
# Usage: run.sh RESULTS. Prints what the forecast said.
set -eu
[ $# -eq 1 ] || { echo "usage: run.sh RESULTS (the folder of the results, on a file system of the centre)" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
forecast=$(weir submit --parsable --wait --chdir="$1" --file "$here/forecast.R" "$here/forecast.sbatch") || {
  status=$?
  [ -z "$forecast" ] || weir logs -e "$forecast" >&2
  exit "$status"
}
weir logs "$forecast"
