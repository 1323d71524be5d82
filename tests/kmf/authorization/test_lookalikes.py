"""Addresses that look like another one are spelled out for him who confirms them."""

import pytest

from kmf.authorization.lookalikes import shown_address


@pytest.mark.parametrize("address", ["ada@weaver.example", "ada.l+x_1-2@sub.weaver.example", "o'neil@weaver.example"])
def test_a_plain_address_needs_no_second_look(address):
    shown = shown_address(address)
    assert shown.is_plain
    assert (shown.wire, shown.displayed, shown.foreign) == (address, "", ())


def test_a_cyrillic_letter_in_a_latin_domain_is_named():
    shown = shown_address("ada@we\u0430ver.example")
    assert not shown.is_plain
    assert shown.scripts == ("Latin", "Cyrillic")
    assert shown.foreign == (("\u0430", "CYRILLIC SMALL LETTER A"),)
    wire = "we\u0430ver".encode("idna").decode()
    assert shown.wire == f"ada@{wire}.example"


def test_punycode_is_shown_as_it_may_be_displayed():
    wire = "we\u0430ver".encode("idna").decode()
    shown = shown_address(f"ada@{wire}.example")
    assert not shown.is_plain
    assert shown.displayed == "ada@we\u0430ver.example"
    assert "Cyrillic" in shown.scripts


@pytest.mark.parametrize("label", ["xn--\u0430", "xn--", "xn--!!!", "xn--99999999999"])
def test_punycode_that_is_none_stays_as_it_is(label):
    assert shown_address(f"ada@{label}.example").written == f"ada@{label}.example"


def test_a_letter_of_another_script_before_the_at_is_named_too():
    assert shown_address("\u0430da@weaver.example").foreign == (("\u0430", "CYRILLIC SMALL LETTER A"),)


def test_latin_letters_with_marks_are_named():
    shown = shown_address("ada@w\u00e9aver.example")
    assert (shown.scripts, shown.is_plain) == ((), False)
