"""Free text for Hydra's words: what Hydra reads is what was quoted, and so is what is read back here."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from darkhar_cli.config.quotes import items, quote, quote_literally

TEXTS = ["a b.py", "a,b.py", "it's.py", 'say "x".py', "(1)=[2]{3}.py", "back\\slash.py", "end\\", "end\\\\", "\\'"]
TEXTS += ["~é.py"]


@pytest.mark.parametrize("text", TEXTS)
def test_hydra_reads_what_was_quoted(text):
    assert OverridesParser.create().parse_override(f"key={quote(text)}").value() == text


@pytest.mark.parametrize("text", [*TEXTS, "${x}.py", "\\${x", "$x"])
def test_quoted_items_are_read_back(text):
    assert items(quote_literally(text)) == [text]
    assert items(f"[{quote_literally(text)}, b.py,{quote_literally(text)}]") == [text, "b.py", text]
    assert items(f"b.py,{quote_literally(text)}") == ["b.py", text]


def test_a_reference_in_a_quoted_text_refers_to_nothing():
    word = f"key={quote_literally('${x}')}"
    assert OmegaConf.create({"key": OverridesParser.create().parse_override(word).value()}).key == "${x}"


def test_plain_items_stand_for_themselves():
    assert items("a b.py, it's (1).py") == ["a b.py", "it's (1).py"]
    assert items('["a,b.py",c.py]') == ["a,b.py", "c.py"]
    assert items("[]") == items("") == []
