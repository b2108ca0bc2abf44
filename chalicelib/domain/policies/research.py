"""
Research: taking part is never rewarded with points, whoever asks.

Consent to research must be free of coercion and undue influence.  What a study pays for time and
travel is for its ethics committee to allow, and is no matter of a loyalty programme.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain.policies.pack import NoEarning, Pack

PACK: Final = Pack(
    id="research",
    name={
        "en": "Taking part in research",
        "bg": "Участие в изследвания",
        "fa": "شرکت در پژوهش",
        "zh-Hans": "参与研究的规定",
        "zh-Hant": "參與研究的規定",
    },
    jurisdiction="",
    rules=(
        NoEarning(
            id="RESEARCH-NO-INDUCEMENT",
            says="Nothing is earned by taking part in research.",
            source="Declaration of Helsinki; in the United States 45 CFR 46.116 and 21 CFR 50.20",
            from_on="1991-08-19",
            categories=frozenset({"research"}),
        ),
    ),
)
