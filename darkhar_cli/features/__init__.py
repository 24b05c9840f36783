"""What frozen parts compute once and keep: the feature cache and what fills it; may use models, data and parts."""
