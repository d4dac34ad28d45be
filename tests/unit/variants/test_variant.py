"""Writing and reading variants."""

from __future__ import annotations

import pytest

from hilbench.errors import UsageError
from hilbench.variants.variant import FORMATS, SCHEDULES, SPARSITIES, Part, Variant


@pytest.mark.parametrize(
    "text",
    [
        "float32",
        "int8",
        "int8:per-tensor",
        "int8+sparse:0.8",
        "int8+patch",
        "int8+patch:3x2",
        "int8+keep",
        "int8+keep+patch",
        "int8+kernel:conv_2d_int8",
        "int8+sparse:0.8+keep+kernel:3=conv_2d_int8,add_int8+rolling:input=streamed",
        "int8+sparse:0.8+keep+patch:2x2",
        "float32+sparse:0.5+patch:2x2",
    ],
)
def test_what_is_read_is_what_was_written(text: str) -> None:
    assert str(Variant.parse(text)) == text


def test_the_default_schedule_goes_without_saying() -> None:
    assert str(Variant.parse("int8+layers")) == "int8"
    assert Variant.parse("int8") == Variant(Part("int8"))


def test_order_after_the_format_does_not_matter() -> None:
    assert Variant.parse("int8+patch+sparse:0.8") == Variant.parse("int8+sparse:0.8+patch")
    assert str(Variant.parse("int8+patch+keep+sparse:0.8")) == "int8+sparse:0.8+keep+patch"


def test_elimination_can_be_left_out() -> None:
    assert Variant.parse("int8").eliminate
    assert Variant.parse("int8+keep") == Variant.parse("int8", keep=True) == Variant.parse("int8").keeping()
    assert Variant.parse("int8+keep") == Variant(Part("int8"), eliminate=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("int9", "Did you mean 'int8'"),
        ("patch", "unknown format 'patch'"),
        ("int8+pach", "Did you mean 'patch'"),
        ("int8+float32", "format 'float32' comes first"),
        ("int8+patch+patch:2x2", "two parts for schedule"),
        ("int8+keep+keep", "two parts for elimination"),
        ("int8+keep:2", "takes no argument"),
        ("int8+kernel", "right: kernel:conv_2d_int8"),
        ("int8+kernel:x=conv_2d_int8", "takes NAME or STEP=NAME, got 'x=conv_2d_int8'"),
        ("int8+kep", "Did you mean 'keep'"),
        ("int8+", "'' is not a part"),
        ("int8+patch:", "'patch:' is not a part"),
        ("int8:per-row", "right: int8 or int8:per-tensor"),
        ("float32:x", "takes no argument"),
        ("int8+sparse", "right: sparse:0.8"),
        ("int8+sparse:1", "0 <= R < 1"),
        ("int8+sparse:nan", "0 <= R < 1"),
        ("int8+patch:0x3", "right: patch:2x3"),
        ("int8+patch:1x1", "at least two patches"),
        ("int8+patch:2", "ROWSxCOLUMNS"),
        ("", "'' is not a part"),
    ],
)
def test_what_cannot_be_read_is_explained(text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        Variant.parse(text)
    assert said in str(error.value)


def test_every_technique_says_what_it_does() -> None:
    for known in (FORMATS, SPARSITIES, SCHEDULES):
        assert all(technique.name == name and technique.summary for name, technique in known.items())
