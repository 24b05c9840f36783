"""From the words a user typed to checked configurations; may use `files`."""
