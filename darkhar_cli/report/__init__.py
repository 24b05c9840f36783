"""What a reader sees of run folders: terminal tables, figures, the html page; reads run folders alone."""
