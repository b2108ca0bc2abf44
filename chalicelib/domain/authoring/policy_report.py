"""What a programme gives under the laws that it follows, told to who answers for that."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.ledger import money
from chalicelib.domain.mechanics.policy_rules import PRIVILEGE, Offered, against, offered
from chalicelib.domain.mechanics.policy_terms import followed_by
from chalicelib.domain.policies.pack import Pack
from chalicelib.domain.programme.document import Programme


def lines(programme: Programme) -> Iterator[str]:
    """Yield the report of a valid programme, line by line, in English."""
    packs = followed_by(programme)
    if not packs:
        yield f"{programme.id} follows no policy pack: nothing is held to any law."
    for followed in packs:
        yield from _of_pack(programme, followed)


def _of_pack(programme: Programme, followed: Pack) -> Iterator[str]:
    yield f"{programme.id} follows {followed.id}: {followed.name['en']}."
    yield f"It is for members of {', '.join(sorted(followed.payers))}."
    yield ""
    for rule in followed.rules:
        until = f" until {rule.until_on}" if rule.until_on else ""
        yield f"{rule.id}: {rule.says}"
        yield f"    {rule.source}, since {rule.from_on}{until}."
    yield ""
    things = list(offered(programme))
    for each in things:
        yield f"{each.section} · {each.id}: {_verdict(followed, each)}"
    forbidden = sum(any(against(followed, each)) for each in things)
    yield ""
    yield f"Of {len(things)} that are offered {forbidden} are forbidden to these members."


def _verdict(followed: Pack, each: Offered) -> str:
    if each.counts_later:
        return "counts when what it gives is used."
    if not each.worth:
        privilege = each.kind == PRIVILEGE
        return "a privilege, which is worth nothing." if privilege else "said to be worth nothing."
    worth = money.written(each.worth, followed.currency)
    rules = [rule.id for rule in against(followed, each)]
    if rules:
        return f"{worth}: forbidden by {', '.join(rules)}."
    if each.exception is None:
        return f"{worth}: counts."
    terms = followed.exceptions.get(each.exception.code)
    if terms is None:
        return f"{worth}: counts."
    said = f"{worth}: does not count, as {each.exception.code}. {terms.says} {terms.source}."
    public = " On the same terms for everybody." if each.exception.public_terms else ""
    return f"{said}{public} Evidence: {each.exception.evidence}"
