"""What can be said of stored runs: scored again, compared, beside controls; may use `training` and all below it."""
