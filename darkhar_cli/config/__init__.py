"""From the words a user typed to checked configurations; uses only what everybody may use."""
