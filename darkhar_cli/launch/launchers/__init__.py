"""Engines that run jobs in other processes, a file each (joblib, submitit, Ray); may use all below."""
