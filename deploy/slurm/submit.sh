#!/usr/bin/env bash
# Submits a campaign to Slurm: an array of tasks, one for each part, and a job that merges what they found.
#
#     deploy/slurm/submit.sh PARTS RUNS DIR [FLAG OF squall fuzz ...]
#     deploy/slurm/submit.sh 100 1000000 /shared/campaign --profile etcd
#
# DIR must be on a file system that all nodes see. The command prints the number of the job that merges; the result is then in
# DIR/merged. `squall` must be in the PATH of the nodes, or SQUALL must say where it is. SBATCH_PARTITION, SBATCH_ACCOUNT and the
# other variables of sbatch work as usual.
set -euo pipefail

if [ $# -lt 3 ]; then
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 1
fi
here="$(cd "$(dirname "$0")" && pwd)"
PARTS="$1"
RUNS="$2"
mkdir -p "$3"
DIR="$(cd "$3" && pwd)"
shift 3
# The flags go to squall word by word, so none of them can have a space in it.
FUZZ_FLAGS="$*"
export PARTS RUNS DIR FUZZ_FLAGS

# The parts of an earlier campaign would be taken for this one's: each task resumes what it finds in its directory.
if compgen -G "$DIR/part-*/campaign.json" > /dev/null; then
    echo "error: $DIR holds the parts of a campaign; name another directory, or remove them" >&2
    exit 1
fi

array="$(sbatch --parsable --chdir="$DIR" --array="1-$PARTS" --export=ALL "$here/part.sbatch")"
# `--parsable` prints the job, and on a federation the cluster after a semicolon.
array="${array%%;*}"

# afterany, and not afterok: a part that finds a violation ends with exit code 2, and that is when the merge is wanted most.
merge="$(sbatch --parsable --chdir="$DIR" --dependency="afterany:$array" --export=ALL "$here/merge.sbatch")"
echo "parts: job $array, $PARTS tasks; their logs are $DIR/part-N.log" >&2
echo "merge: job ${merge%%;*}; the result will be in $DIR/merged" >&2
echo "${merge%%;*}"
