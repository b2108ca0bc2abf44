"""
A programme in words: what earns, what tiers and rewards take, how long value lasts.

Names come in the reader's locale.  The sentences around them come from the reader's `Frame`; until
a locale has one in `frames`, they are in English.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.mechanics import entitlements
from chalicelib.domain.mechanics.registry import WORDS
from chalicelib.domain.programme import (
    AmountAward,
    Cap,
    Currency,
    EarningRule,
    FixedAward,
    FixedExpiry,
    GivesEntitlement,
    GivesTier,
    InactivityExpiry,
    Metrics,
    NeverExpires,
    Programme,
    Qualification,
    Reward,
    RollingExpiry,
    StackingMode,
    Threshold,
    TierLevel,
    Tiers,
    UnitAward,
)
from chalicelib.domain.speech import Described, Speaker, capitalised, joined


def describe(programme: Programme, locale: str | None) -> list[Described]:
    """
    Return what a patient should know of a programme, part by part, in the document's order.

    Joining comes first, where it takes anything, then how long each currency lasts, then every
    earning rule, tier and reward, then what other mechanics have to say.
    """
    return list(_Telling(programme, locale).all())


class _Telling(Speaker):
    """One programme being told to one reader."""

    def all(self) -> Iterator[Described]:
        programme = self.programme
        joining = self._joining()
        if joining:
            yield Described("joining", programme.id, self.name(programme), joining)
        for currency in programme.currencies:
            name = self.name(currency)
            yield Described("expiry", currency.id, name, self._expiry(currency))
        for rule in programme.earning:
            text, expressions = self._earning(rule), _expressions(rule)
            yield Described("earning", rule.id, self.name(rule), text, expressions)
        if programme.tiers is not None:
            for place, level in enumerate(programme.tiers.levels):
                text = self._tier(programme.tiers, level, first=place == 0)
                yield Described("tier", level.id, self.name(level), text)
        for reward in programme.rewards:
            yield Described("reward", reward.id, self.name(reward), self._reward(reward))
        for words in WORDS:
            yield from words(self)

    # Joining and expiry

    def _joining(self) -> str:
        words, enrolment = self.words, self.programme.enrolment
        needs = []
        if enrolment.min_completed_visits:
            needs.append(words.count("visits", enrolment.min_completed_visits))
        needs += [words.consent.format(purpose=each) for each in enrolment.required_consents]
        return words.joining.format(needs=words.both(needs)) if needs else ""

    def _expiry(self, currency: Currency) -> str:
        words, policy = self.words, currency.expiry
        name = capitalised(self.name(currency))
        if isinstance(policy, NeverExpires):
            text = words.never_expires.format(name=name)
        elif isinstance(policy, InactivityExpiry):
            text = words.inactivity_expiry.format(name=name, life=self._life(policy))
        elif isinstance(policy, RollingExpiry):
            text = words.rolling_expiry.format(name=name, life=self._life(policy))
            if policy.round_up is not None:
                period = words.periods[policy.round_up]
                text = words.rounded_expiry.format(
                    name=name, life=self._life(policy), period=period
                )
        else:
            text = self._fixed_expiry(policy, name)
        delay = currency.activation_delay_days
        return joined(text, words.delayed.format(days=words.count("days", delay)) if delay else "")

    def _life(self, policy: RollingExpiry | InactivityExpiry) -> str:
        if policy.days is not None:
            return self.words.count("days", policy.days)
        if policy.months is not None:
            return self.words.count("months", policy.months)
        return self.words.count("years", policy.years or 0)

    def _fixed_expiry(self, policy: FixedExpiry, name: str) -> str:
        words = self.words
        if len(policy.on) > len("12-31"):
            return words.dated_expiry.format(name=name, date=words.date(policy.on))
        day = words.day_of_year(policy.on)
        if policy.min_days:
            days = words.count("days", policy.min_days)
            return words.distant_expiry.format(name=name, day=day, days=days)
        return words.yearly_expiry.format(name=name, day=day)

    # Earning

    def _earning(self, rule: EarningRule) -> str:
        words = self.words
        shares = [
            words.in_tier.format(tier=self.tier_name(tier), percent=percent)
            for tier, percent in rule.tier_percent.items()
        ]
        for multiplier in rule.multipliers:
            pattern = words.always_share if multiplier.when is None else words.share_when
            shares.append(pattern.format(percent=multiplier.percent))
        return joined(
            "; ".join([self._award(rule), *shares]) + ".",
            "" if rule.when is None else words.condition,
            *self._scope(rule),
            self._rounding(rule),
            *map(self._cap, rule.caps),
            self.season(rule.valid_from, rule.valid_until),
            self._recurs(rule),
            self._delay(rule),
            self._competition(rule),
        )

    def _award(self, rule: EarningRule) -> str:
        words, award = self.words, rule.award
        fact = words.each.format(fact=words.either([words.fact(kind) for kind in rule.on]))
        if isinstance(award, FixedAward):
            return words.earns.format(fact=fact, value=self.value(award.amount, rule.currency))
        if isinstance(award, AmountAward):
            value = self.value(award.amount, rule.currency)
            return words.earns_per.format(fact=fact, value=value, per=self.money(award.per))
        if isinstance(award, UnitAward):
            value = self.value(award.amount, rule.currency)
            return words.earns_per.format(
                fact=fact, value=value, per=words.count("units", award.per)
            )
        name = self.currency_name(rule.currency)
        return words.earns_formula.format(fact=fact, name=name)

    def _scope(self, rule: EarningRule) -> Iterator[str]:
        for pattern, lines in (
            (self.words.counted, rule.scope.include),
            (self.words.not_counted, rule.scope.exclude),
        ):
            if lines.categories or lines.skus:
                yield pattern.format(names=", ".join((*lines.categories, *lines.skus)))

    def _rounding(self, rule: EarningRule) -> str:
        divided = isinstance(rule.award, AmountAward | UnitAward) and rule.award.per > 1
        if divided or rule.tier_percent or rule.multipliers:
            return self.words.rounding[rule.rounding]
        return ""

    def _cap(self, cap: Cap) -> str:
        words = self.words
        window = words.windows[cap.window]
        if cap.times is not None:
            return words.cap_times.format(times=words.count("times", cap.times), window=window)
        text = words.cap_max.format(amount=f"{cap.max or 0:,}", window=window)
        return joined(text, words.over_rejected if cap.on_exceed == "reject" else "")

    def _delay(self, rule: EarningRule) -> str:
        delay = rule.activation_delay_days
        if not delay:
            currency = self.programme.currency(rule.currency)
            overruled = delay is not None and currency and currency.activation_delay_days
            return self.words.at_once if overruled else ""
        return self.words.delayed.format(days=self.words.count("days", delay))

    def _recurs(self, rule: EarningRule) -> str:
        if rule.recurs is None:
            return ""
        hours = ""
        if rule.recurs.from_time or rule.recurs.until_time:
            hours = self.words.hours.format(
                first=rule.recurs.from_time or "00:00", last=rule.recurs.until_time or "24:00"
            )
        return self.words.recurs.format(rule=rule.recurs.rrule, hours=hours)

    def _competition(self, rule: EarningRule) -> str:
        modes: dict[str | None, StackingMode] = {g.id: g.mode for g in self.programme.groups}
        modes[None] = self.programme.stacking
        mode = modes[rule.group]
        rivals = [
            self.name(other) or other.id
            for other in self.programme.earning
            if other.group == rule.group and other.id != rule.id and set(other.on) & set(rule.on)
        ]
        if mode == "stack" or not rivals:
            return ""
        pattern = self.words.best_counts if mode == "best" else self.words.first_counts
        return pattern.format(names=self.words.both(rivals))

    # Tiers and rewards

    def _tier(self, tiers: Tiers, level: TierLevel, *, first: bool) -> str:
        words = self.words
        benefits = [self.text(benefit) for benefit in level.benefits]
        brings = words.benefits.format(names="; ".join(benefits)) if benefits else ""
        name = self.name(level)
        if first:
            return joined(words.first_tier.format(tier=name), brings)
        need = level.qualify or Qualification()
        listed = words.both if need.all else words.either
        text = words.tier.format(
            tier=name,
            needs=listed([self._threshold(each) for each in need.all or need.any]),
            window=words.tier_windows[tiers.window].format(
                days=words.count("days", tiers.rolling_days)
            ),
        )
        waits = words.tier_waits if tiers.upgrade == "at_review" else ""
        return joined(text, waits, self._keeping(tiers), brings)

    def _keeping(self, tiers: Tiers) -> str:
        words = self.words
        if tiers.window == "lifetime" or tiers.downgrade == "none":
            return words.tier_kept
        falls = words.tier_rolls if tiers.window == "rolling" else words.tier_falls
        pattern = falls[tiers.downgrade]
        grace = (
            words.grace.format(days=words.count("days", tiers.grace_days))
            if tiers.grace_days
            else ""
        )
        return pattern.format(grace=grace, days=words.count("days", tiers.rolling_days))

    def _threshold(self, threshold: Threshold) -> str:
        if threshold.metric == "visits":
            return self._visits(threshold.at_least)
        if threshold.metric == "referrals":
            return self.words.count("referrals", threshold.at_least)
        if threshold.metric == "events":
            fact = self.words.fact(threshold.on or "")
            return self.words.count("events", threshold.at_least, fact=fact)
        if threshold.metric == "spend":
            return self.words.spent.format(money=self.money(threshold.at_least))
        value = self.value(threshold.at_least, threshold.currency or "")
        return self.words.earned.format(value=value)

    def _visits(self, number: int) -> str:
        words, kinds = self.words, self.programme.metrics.visits_on
        if kinds == Metrics().visits_on:
            return words.count("visits", number)
        facts = words.either([words.fact(kind) for kind in kinds])
        return words.other_visits.format(visits=words.count("other_visits", number), facts=facts)

    def _reward(self, reward: Reward) -> str:
        words = self.words
        value = self.value(reward.price.amount, reward.price.currency)
        tiers = words.either([self.tier_name(tier) for tier in reward.tiers])
        limits = [
            words.reward_limit.format(
                times=words.count("times", limit.count), window=words.windows[limit.window]
            )
            for limit in reward.limits
        ]
        days = reward.voucher_valid_days
        return joined(
            words.reward.format(name=self.name(reward), value=value)
            if reward.price.amount
            else words.gift.format(name=self.name(reward)),
            words.by_staff if reward.by == "staff" else "",
            words.payee.format(payee=reward.payee) if reward.payee else "",
            words.reward_tiers.format(tiers=tiers) if tiers else "",
            *limits,
            "" if reward.stock is None else words.count("left", reward.stock),
            self.season(reward.valid_from, reward.valid_until),
            "" if days is None else words.voucher.format(days=words.count("days", days)),
            self._gives(reward),
            "" if reward.auto_at is None else self._by_itself(reward, reward.auto_at),
        )

    def _by_itself(self, reward: Reward, threshold: int) -> str:
        value = self.value(threshold, reward.price.currency)
        return self.words.by_itself.format(value=value)

    def _gives(self, reward: Reward) -> str:
        words = self.words
        match reward.gives:
            case GivesTier(tier, days):
                name = self.tier_name(tier)
                return words.gives_tier.format(tier=name, days=words.count("days", days))
            case GivesEntitlement(entitlement, units):
                name = self.text(entitlements.name_of(self.programme, entitlement))
                return words.gives_entitlement.format(units=f"{units:,}", name=name)
        return ""


def _expressions(rule: EarningRule) -> tuple[str, ...]:
    formula = getattr(rule.award, "expression", None)
    found = (rule.when, *(multiplier.when for multiplier in rule.multipliers), formula)
    return tuple(expression for expression in found if expression is not None)
