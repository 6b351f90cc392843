"""The catalogues hold just what the sources ask for, translated, and are compiled."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from tests.catalogues import (
    LOCALE,
    Message,
    compiled,
    of_python,
    of_script,
    of_sources,
    of_template,
    placeholders,
    read_mo,
    read_po,
    tags,
)

DOMAINS = ("django", "djangojs")
TRANSLATED = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
CATALOGUES = [(language, domain) for language in TRANSLATED for domain in DOMAINS]
HELP = "Run `make messages`, then translate what is new."


def path_of(language: str, domain: str, kind: str = "po") -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"{domain}.{kind}"


@pytest.mark.parametrize("domain", DOMAINS)
def test_catalogues_hold_the_messages_of_the_sources_and_no_others(domain: str) -> None:
    asked = {message: path for path, message in of_sources(domain)}
    assert asked
    for language in TRANSLATED:
        held = {entry.message for entry in read_po(path_of(language, domain))[1:]}
        missing = [f"{asked[message]}: {message.text}" for message in asked.keys() - held]
        assert (sorted(missing), sorted(held - asked.keys())) == ([], []), HELP


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_every_message_is_translated(language: str, domain: str) -> None:
    entries = read_po(path_of(language, domain))[1:]
    assert [entry.message.text for entry in entries if entry.fuzzy or not all(entry.translations)] == []


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_translations_keep_placeholders_and_tags(language: str, domain: str) -> None:
    wrong = [
        f"{entry.message.text} -> {translation}"
        for entry in read_po(path_of(language, domain))[1:]
        for translation in entry.translations
        for original in [entry.message.plural or entry.message.text]
        if placeholders(original) != placeholders(translation) or tags(original) != tags(translation)
    ]
    assert wrong == []


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_compiled_catalogues_say_what_their_sources_say(language: str, domain: str) -> None:
    held, said = compiled(read_po(path_of(language, domain))), read_mo(path_of(language, domain, "mo"))
    # The header holds dates, which the compiler may shorten.
    assert {key: text for key, text in said.items() if key} == {key: text for key, text in held.items() if key}, HELP


def test_messages_are_found_in_python() -> None:
    source = '_("a" "b")\ntranslation.ngettext("one", "many", 2)\npgettext_lazy("c", "d")\ngettext(name)\nf("no")'
    assert set(of_python(source)) == {Message("", "ab"), Message("", "one", "many"), Message("c", "d")}


def test_messages_are_found_in_templates() -> None:
    source = (
        """{% load i18n %}{% translate "It's" %}{{ x|default:_("Or (so)") }}{% include "a" with b=_("B") %}"""
        """{% translate "Open" context "door" %}{% blocktranslate trimmed count n=n %}\n  {{ n }} "cat"\n  here"""
        """{% plural %}{{ n }} cats{% endblocktranslate %}"""
    )
    assert list(of_template(source)) == [
        Message("", "It's"),
        Message("", "Or (so)"),
        Message("", "B"),
        Message("door", "Open"),
        Message("", '%(n)s "cat" here', "%(n)s cats"),
    ]


def test_messages_are_found_in_scripts() -> None:
    source = """say(gettext("a, (b)"));\nngettext("one", 'ma\\'ny', count);\ngettext(name)"""
    assert list(of_script(source)) == [Message("", "a, (b)"), Message("", "one", "ma'ny")]


@pytest.mark.parametrize("source", ['gettext(f"a {b}")', '_("a %s" % b)', 'gettext("a" + b)'])
def test_a_message_put_together_at_run_time_is_refused_in_python(source: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        list(of_python(source))


@pytest.mark.parametrize("source", ["gettext(`a ${b}`)", 'gettext("a" + b)'])
def test_a_message_put_together_at_run_time_is_refused_in_scripts(source: str) -> None:
    with pytest.raises(ValueError, match="gettext"):
        list(of_script(source))


def test_entries_are_read_with_their_flags(tmp_path: Path) -> None:
    path = tmp_path / "x.po"
    path.write_text(
        'msgid ""\nmsgstr "H: 1\\n"\n\n#, fuzzy\nmsgctxt "c"\nmsgid "a"\n"b"\nmsgid_plural "d"\nmsgstr[0] ""\n'
    )
    header, entry = read_po(path)
    assert (header.message, header.translations) == (Message("", ""), ["H: 1\n"])
    assert (entry.message, entry.translations, entry.fuzzy) == (Message("c", "ab", "d"), [""], True)
    assert compiled([entry]) == {("c\x04ab", 0): ""}
