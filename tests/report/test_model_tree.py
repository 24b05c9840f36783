"""A model as a tree on the terminal: the lines that lead to each row, names, and numbers in words."""

from darkhar_cli.models.layer_costs import LayerCost
from darkhar_cli.report.model_tree import called, guides, pending_words
from darkhar_cli.training.pending_features import PendingFeatures


def test_lines_lead_to_each_row_and_pass_what_says_more_of_it():
    depths = [0, 1, 1, 2, 2, 2, 1, 2]
    notes = [False, False, False, True, False, False, False, False]
    assert guides(depths, notes) == ["", "├─ ", "├─ ", "│  │  ", "│  ├─ ", "│  └─ ", "└─ ", "   └─ "]


def test_a_note_at_the_end_hangs_from_nothing():
    assert guides([0, 1, 2], [False, False, True]) == ["", "└─ ", "      "]


def test_layers_are_called_by_their_class_and_by_a_name_of_their_own():
    def named(name, kind):
        return called(LayerCost(name, kind, None, 0, 0, 0))

    assert named("conv2d_12", "Conv2D") == "Conv2D"
    assert named("multi_head_attention", "MultiHeadAttention") == "MultiHeadAttention"
    assert named("logits", "Dense") == "Dense logits"
    assert named("block_1_expand", "Conv2D") == "Conv2D block_1_expand"


def test_what_is_to_be_computed_is_told_by_what_is_stored():
    assert pending_words(PendingFeatures("flow", 1200, 0, "bank")) == "flow: 1,200 of 1,200 frames, none is stored"
    assert pending_words(PendingFeatures("flow", 1200, 900, "bank")) == "flow: 300 of 1,200 frames, 900 are stored"
    assert pending_words(PendingFeatures("flow", 9, 9, "bank")) == "flow: nothing, all 9 frames are stored"
    assert pending_words(PendingFeatures("flow", 9, None, "bank")) == "flow: up to 9 frames"
    assert pending_words(PendingFeatures("frames for conv_small", 24, 0)) == "frames for conv_small: 24 to be read"
