#!/bin/sh
# Usage: run.sh RESULTS. Prints what the gathering job said.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
fit=$(weir submit --parsable --chdir="$1" --file "$here/fit.py" "$here/fit.sbatch")
gather=$(weir submit --parsable --chdir="$1" --file "$here/fit.py" --file "$here/gather.py" --dependency="afterok:$fit" "$here/gather.sbatch")
weir logs -f "$gather"
