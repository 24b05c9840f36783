"""The columns that name a run in every table, in their order: the one list of them."""

PART_KINDS = ("sampler", "enhance", "extractor", "classifier")
CHOICES = ("dataset", *PART_KINDS)  # what a run folder is called by
METHOD_LABELS = (*CHOICES, "cv")  # runs alike in these may still differ in settings
ROW_LABELS = (*METHOD_LABELS, "seed")
