#!/bin/bash

# Parameters
#SBATCH --account=me
#SBATCH --array=0-2%3
#SBATCH --cpus-per-task=4
#SBATCH --error=PLACE/logs/%A_%a_0_log.err
#SBATCH --gpus-per-node=1
#SBATCH --job-name=darkhar
#SBATCH --mem=8GB
#SBATCH --nodes=1
#SBATCH --open-mode=append
#SBATCH --output=PLACE/logs/%A_%a_0_log.out
#SBATCH --partition=gpu
#SBATCH --signal=USR2@90
#SBATCH --time=240
#SBATCH --wckey=submitit

# setup
module load cuda

# command
export SUBMITIT_EXECUTOR=slurm
srun --unbuffered --output PLACE/logs/%A_%a_%t_log.out --error PLACE/logs/%A_%a_%t_log.err PYTHON -u -m submitit.core._submit PLACE/logs
