#!/bin/sh
# Usage: run.sh RESULTS. Prints what the forecast said.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
forecast=$(weir submit --parsable --chdir="$1" --file "$here/forecast.R" "$here/forecast.sbatch")
weir logs -f "$forecast"
