"""What a reader sees: tables, figures and pages of runs, and clips as training sees them; may use all below it."""
