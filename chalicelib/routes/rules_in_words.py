"""The rules of a programme in words, as an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from chalicelib.domain.programme.fields import Text, borrowed_from, language_of, text_in
from chalicelib.domain.programme.versions import ProgrammeVersion
from chalicelib.routes.http.localisation import Direction
from chalicelib.routes.http.operation import Reply
from chalicelib.routes.views import spoken

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Description
    from chalicelib.programmes.rendering import Rendered


#: The tag of BCP 47 for a language that nobody named.
_UNKNOWN: Final = "und"


class RuleInWords(Struct, frozen=True):
    """
    One part of a programme as a patient would read it; `lang` and `dir` are those of `text`.

    `borrowed` are the languages of the programme's own words, in `name` and `text`, that it has not
    got in the reader's: `und` for a name that is a plain text, of which nobody said in which
    language it is. Readers of English are not told of those.
    """

    kind: str
    id: str
    name: str
    text: str
    lang: str
    dir: Direction
    borrowed: list[str]
    expressions: list[str]
    metadata: dict[str, str]


class RulesInWordsView(Struct, frozen=True):
    """
    A programme in words.

    `lang` and `dir` are the reader's, and those of names. Where not everything is `translated`,
    sentences are in English, as their own `lang` says, or names and words of the programme in a
    language that is named in `borrowed`.
    """

    programme: str
    version: int
    name: str
    rules: list[RuleInWords]
    translated: bool
    lang: str
    dir: Direction


def in_words(version: ProgrammeVersion, locale: str) -> Reply:
    """Return a version of a programme in the words of a language."""
    # Only those who ask for words pay for the message files and the rules of languages.
    from chalicelib.domain.authoring.words import describe
    from chalicelib.programmes.rendering import catalogue

    reader = spoken(locale)
    rules = [
        _rule(part, catalogue().render(part.sentences, locale), locale)
        for part in describe(version.document)
    ]
    others = {rule.lang for rule in rules if language_of(rule.lang) != language_of(reader.lang)}
    others.update(*(rule.borrowed for rule in rules))
    others |= {_named_in(version.document.name, locale)} - {""}
    return Reply(
        RulesInWordsView(
            programme=version.programme_id,
            version=version.number,
            name=text_in(version.document.name, locale),
            rules=rules,
            translated=not others,
            lang=reader.lang,
            dir=reader.dir,
        ),
        headers={"Content-Language": ", ".join((reader.lang, *sorted(others - {_UNKNOWN})))},
    )


def _named_in(name: Text, locale: str) -> str:
    """Return in which language a name is, where it is not in the reader's; empty where it is."""
    if isinstance(name, str):
        # English is what all others fall back to: its readers are not told of each plain text.
        return _UNKNOWN if name and language_of(locale) != "en" else ""
    return borrowed_from(name, locale)


def _rule(part: Description, rendered: Rendered, locale: str) -> RuleInWords:
    language = spoken(rendered.lang)
    name = _named_in(part.name, locale)
    return RuleInWords(
        kind=part.kind,
        id=part.id,
        name=text_in(part.name, locale),
        text=rendered.text,
        lang=language.lang,
        dir=language.dir,
        borrowed=sorted(rendered.borrowed | {name} - {""}),
        expressions=list(part.expressions),
        metadata=part.metadata,
    )
