#!/bin/sh
# Usage: run.sh RESULTS. Prints what the forecast said.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
forecast=$(weir submit --parsable --wait --chdir="$1" --file "$here/forecast.R" "$here/forecast.sbatch") || {
  status=$?
  [ -z "$forecast" ] || weir logs -e "$forecast" >&2
  exit "$status"
}
weir logs "$forecast"
