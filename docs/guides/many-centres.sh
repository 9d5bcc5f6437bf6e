#!/bin/sh
#SBATCH --job-name=many-centres
#SBATCH --cpus-per-task=32
#SBATCH --time=10
#WEIR-SIM run=2s..6s memory=500
echo "Executed only at a centre that is not simulated: task $SLURM_ARRAY_TASK_ID"
