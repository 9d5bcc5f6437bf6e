#!/bin/sh
# Usage: run.sh RESULTS. Prints what the table's job said.
set -eu
[ $# -eq 1 ] || { echo "usage: run.sh RESULTS (the folder of the results, on a file system of the centre)" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
search=$(weir submit --parsable --chdir="$1" "$here/search.sbatch")
table=$(weir submit --parsable --wait --chdir="$1" --dependency="afterok:$search" "$here/table.sbatch") || {
  status=$?
  [ -z "$table" ] || weir logs -e "$table" >&2
  exit "$status"
}
weir logs "$table"
