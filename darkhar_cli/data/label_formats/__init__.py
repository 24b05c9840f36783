"""Lists of labels in the formats that data sets come with: recognised, read line by line, every fault by its line."""
