"""What is wrong with a data set's clips, each of them alone and all of them together."""
