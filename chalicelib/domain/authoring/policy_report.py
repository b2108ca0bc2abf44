"""What a programme gives under the laws that it follows, told to who answers for that."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.ledger import money
from chalicelib.domain.mechanics.policy_bars import Bar, called
from chalicelib.domain.mechanics.policy_rules import PRIVILEGE, Offered, against, offered, whom
from chalicelib.domain.mechanics.policy_terms import SECTION, Policy, pack_of
from chalicelib.domain.policies.pack import Pack, YearCap
from chalicelib.domain.programme.document import Programme


def lines(programme: Programme) -> Iterator[str]:
    """Yield the report of a valid programme, line by line, in English."""
    policies = SECTION.of(programme)
    if not policies:
        yield f"{programme.id} follows no policy pack: nothing is held to any law."
    for place, policy in enumerate(policies):
        if place:
            yield ""
        yield from _of_pack(programme, policy, pack_of(programme, policy))


def _of_pack(programme: Programme, policy: Policy, followed: Pack) -> Iterator[str]:
    yield f"{programme.id} follows {followed.id}: {followed.name['en']}."
    yield f"It is for {whom(followed)}."
    yield ""
    for rule in followed.rules:
        until = f" until {rule.until_on}" if rule.until_on else ""
        yield f"{rule.id}: {rule.says}"
        yield f"    {rule.source}, since {rule.from_on}{until}."
        if isinstance(rule, Bar):
            at = f" At: {', '.join(policy.locations)}." if policy.locations else ""
            yield f"    Here called: {', '.join(sorted(called(policy, rule)))}.{at}"
    if not followed.currency:
        return
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
    if each.worth is None:
        return _excepted(followed, each) or "counts what it takes off, as far as that is allowed."
    if not each.worth:
        privilege = each.kind == PRIVILEGE
        return "a privilege, which is worth nothing." if privilege else "said to be worth nothing."
    worth = money.written(each.worth, followed.currency)
    rules = [rule.id for rule in against(followed, each)]
    if rules:
        return f"{worth}: forbidden by {', '.join(rules)}."
    return f"{worth}: {_excepted(followed, each) or 'counts.'}"


def _excepted(followed: Pack, each: Offered) -> str:
    """Return by which exception something does not count; nothing where it does."""
    terms = None if each.exception is None else followed.exceptions.get(each.exception.code)
    if terms is None or each.exception is None:
        return ""
    code = each.exception.code
    of_code = (each for each in followed.rules if isinstance(each, YearCap))
    caps = [rule.id for rule in of_code if rule.exception == code and rule.until_on is None]
    counts = f"counts for {', '.join(caps)} alone" if caps else "does not count"
    said = f"{counts}, as {code}. {terms.says} {terms.source}."
    public = " On the same terms for everybody." if each.exception.public_terms else ""
    return f"{said}{public} Evidence: {each.exception.evidence}"
