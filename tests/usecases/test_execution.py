"""The one way through, where the line is bad: what a caller is told of an unknown outcome."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import pytest
from msgspec.structs import replace

from chalicelib import metrics
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import MEMBER, Known
from chalicelib.domain.decide.settling import SETTLE_MAX, due_at
from chalicelib.domain.errors import Conflict, Stale, Unavailable
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.mechanics.adjustment import Adjust
from chalicelib.domain.mechanics.holds import PlaceHold
from chalicelib.domain.mechanics.membership import ChangeProfile
from chalicelib.domain.mechanics.transfers import SendTransfer
from chalicelib.domain.programme.section import read
from chalicelib.domain.programme.versions import ProgrammeVersion
from chalicelib.usecases.attempt import Attempt, Decided, commit_due, load_for, weigh
from chalicelib.usecases.change_member import change_member, record_consents
from chalicelib.usecases.create_member import ConsentGiven, NewMember, create_member
from chalicelib.usecases.execution import (
    ATTEMPTS_MAX,
    RESERVE_MS,
    Done,
    IdentityReused,
    change_account,
)
from chalicelib.usecases.redeem_reward import Wish, redeem_reward
from chalicelib.usecases.secrets import TenantSecrets
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import (
    Answer,
    Commit,
    Conflicted,
    IdempotencyKey,
    OutcomeUnknown,
    Settings,
)
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.directory import FakeDirectory
from tests.fakes.ledger import FakeLedger

NOW: Final = 1_790_000_000_000
DAY: Final = 86_400_000
CALLER: Final = Caller("clinic", Actor("server", "k1"))
KEY: Final = IdempotencyKey("k" * 64, b"f" * 32)
PROGRAMME: Final = b"""{
  "id": "clinic", "name": "Clinic", "time_zone": "UTC", "money": {"currency": "GBP"},
  "enrolment": {"optional_consents": ["news"]},
  "currencies": [
    {"id": "points", "name": "points", "expiry": {"type": "never"}},
    {"id": "miles", "name": "miles", "expiry": {"type": "rolling", "days": 200}}
  ],
  "transfers": [{"currency": "points"}],
  "rewards": [
    {"id": "mug", "name": "Mug", "price": {"currency": "points", "amount": 5}, "stock": 1}
  ]
}"""


class Line(FakeLedger):
    """A ledger behind a bad line: what is in ``fates`` befalls the writes to come, one each."""

    def __init__(self) -> None:
        super().__init__()
        self.fates: list[Callable[[Commit], None]] = []
        self.commits = 0

    def commit(self, commit: Commit) -> None:
        """Write as fate has it."""
        if self.fates:
            self.fates.pop(0)(commit)
            raise OutcomeUnknown
        super().commit(commit)
        self.commits += 1

    def written(self, commit: Commit) -> None:
        """The write is done, and nobody hears of it."""
        super().commit(commit)

    def lost(self, commit: Commit) -> None:
        """The write is not done."""


class Clinic:
    """Use cases over that line, with a member who can be adjusted."""

    def __init__(self) -> None:
        self.line = Line()
        self.now = NOW
        self._ids = 0
        catalogue = FakeCatalogue(self.line)
        catalogue.create_tenant(Settings("clinic", "Clinic"), None)
        draft = ProgrammeVersion(1, "draft", read(PROGRAMME))
        catalogue.save_draft("clinic", draft)
        catalogue.change_draft("clinic", ProgrammeVersion(1, "published", draft.document, NOW))
        self.services = Services(
            ledger=self.line,
            directory=FakeDirectory(self.line),
            catalogue=catalogue,
            secrets=TenantSecrets(lambda: b"k" * 32),
            wall_clock=lambda: self.now,
            new_id=self._new_id,
            random_bytes=bytes,
            jitter=lambda: 0.0,
            pause_ms=lambda _: None,
        )

    def _new_id(self, kind: str) -> str:
        self._ids += 1
        return f"{kind}_{self._ids}"

    def create(self, identity: IdempotencyKey | None = None) -> Done:
        """Create someone without an external id, whom only the request's identity tells apart."""
        return create_member(self.services, CALLER, NewMember(), _told, identity).done

    def adjust(
        self,
        member: str,
        amount: int,
        identity: IdempotencyKey | None = KEY,
        currency: str = "points",
    ) -> Done:
        """Adjust a balance."""
        command = Adjust(
            member=member, programme="clinic", currency=currency, amount=amount, reason="r"
        )
        return change_account(self.services, CALLER, command, _told, identity)

    def transfer(
        self, sender: str, receiver: str, amount: int, identity: IdempotencyKey = KEY
    ) -> Done:
        """Transfer points."""
        command = SendTransfer(
            member=sender,
            to=receiver,
            programme="clinic",
            currency="points",
            amount=amount,
            transfer_id="transfer_1",
        )
        return change_account(self.services, CALLER, command, _told, identity)

    def redeem(self, member: str, identity: IdempotencyKey) -> Done:
        """Redeem the reward of which there is one."""
        return redeem_reward(self.services, CALLER, member, Wish("clinic", "mug"), _told, identity)

    def with_lots(self, count: int) -> str:
        """Return a new member with so many lots of miles, each of a day of its own."""
        member = self.create().member
        for _ in range(count):
            self.adjust(member, 1, None, "miles")
            self.now += DAY
        return member

    def consent(self, member: str, text_version: str, identity: IdempotencyKey) -> Done:
        """Give a consent."""
        given = (ConsentGiven("news", granted=True, text_version=text_version),)
        return record_consents(self.services, CALLER, member, given, _told, identity)

    def born(self, birthday: str) -> str:
        """Return a new member with a birthday."""
        new = NewMember(birthday=birthday)
        return create_member(self.services, CALLER, new, _told, None).member

    def change(self, member: str, birthday: str, revision: int) -> None:
        """Change a birthday over the revision that was read."""
        changes = {"birthday": birthday}
        change_member(self.services, CALLER, member, changes, revision, _told)

    def birthdays(self, member: str) -> tuple[str, str]:
        """Return the birthday as the account knows it, and as the directory does."""
        account = self.line.load("clinic", [member]).account(member)
        profile = self.services.directory.profile("clinic", member)
        assert account is not None
        assert profile is not None
        return account.birthday, profile.birthday

    def versions(self, member: str) -> int:
        """Return how many events a member has."""
        return len(list(self.line.events("clinic", member)))


@pytest.fixture
def clinic() -> Clinic:
    """Return a clinic with a good line."""
    return Clinic()


class Ask(Command, frozen=True):
    """A command about a friend too, whom it can name only once its member is known."""

    friend: str

    def parties(self, known: Known) -> dict[str, str]:
        """Return the member, and the friend once the member was read."""
        assert all(known.accounts.values())
        friend = {"friend": self.friend} if MEMBER in known.accounts else {}
        return {MEMBER: self.member, **friend}


def test_whom_a_command_is_asked_for_again(clinic: Clinic) -> None:
    """It hears of the accounts that are there, and of none that is not."""
    member = clinic.create().member
    for asked, friend, parties, there in (
        (member, "mem_none", {MEMBER: member, "friend": "mem_none"}, [True, False]),
        ("mem_none", member, {MEMBER: "mem_none"}, [False]),
    ):
        command = Ask(member=asked, friend=friend)

        read = load_for(Attempt(clinic.services, CALLER, (command,), test_clock=False))

        assert read.parties == parties
        assert [read.loaded.account(each) is not None for each in parties.values()] == there


@pytest.mark.parametrize("test_clock", [True, False])
def test_a_test_clock_is_read_with_the_rest(clinic: Clinic, *, test_clock: bool) -> None:
    """In the first round, so that all that is asked for afterwards goes by it."""
    member = clinic.create().member
    clinic.line.clocks["clinic"] = NOW + DAY
    command = Ask(member=member, friend=member)

    read = load_for(Attempt(clinic.services, CALLER, (command,), test_clock=test_clock))

    assert read.now == (NOW + DAY if test_clock else NOW)


@pytest.mark.parametrize(("lots", "written"), [(0, [0]), (3, [3, 0]), (90, [SETTLE_MAX, 10, 0])])
@pytest.mark.parametrize("test_clock", [True, False])
def test_what_fell_due_is_written(
    clinic: Clinic, lots: int, written: list[int], *, test_clock: bool
) -> None:
    """By the tenant's time, so much at once, until nothing is left of it."""
    member = clinic.with_lots(lots)
    before = clinic.versions(member)
    later = clinic.now + 400 * DAY
    if test_clock:
        clinic.line.clocks["clinic"] = later
    else:
        clinic.now = later
    done = []
    for _ in written:
        loaded = clinic.line.load("clinic", [member], with_clock=test_clock)
        done.append(commit_due(clinic.services, CALLER, member, loaded, test_clock=test_clock))

    assert done == written
    assert clinic.versions(member) == before + lots
    assert clinic.line.commits == before + sum(map(bool, written))


def test_what_was_written_is_known(clinic: Clinic) -> None:
    """An account that was just written is not read again."""
    member = clinic.create().member
    done = clinic.adjust(member, 5)

    assert done.loaded is not None
    account = done.loaded.account(member)
    assert account == clinic.line.load("clinic", [member]).account(member)
    assert account is not None


def test_what_is_due_later_leaves_the_index(clinic: Clinic) -> None:
    """The index moves where the account is due earlier; else it is a lower bound, for no write."""
    member = clinic.create().member

    def read() -> tuple[int | None, int | None]:
        found = clinic.line.load("clinic", [member]).accounts[member]
        assert found.account is not None
        return found.indexed_due, due_at(found.account)

    assert read() == (None, None)
    clinic.adjust(member, 2, None, "miles")
    first, _ = read()
    assert first is not None
    clinic.now += DAY
    clinic.adjust(member, 2, None, "miles")
    assert read() == (first, first)
    clinic.adjust(member, -3, None, "miles")
    assert read() == (first, first + DAY)
    hold = PlaceHold(
        member=member, programme="clinic", currency="miles", amount=1, hold_id="h", minutes=5
    )
    change_account(clinic.services, CALLER, hold, _told, None)

    assert read() == (clinic.now + 5 * 60_000,) * 2


def test_nothing_falls_due_on_nobody(clinic: Clinic) -> None:
    """An account that was erased meanwhile is left alone."""
    loaded = clinic.line.load("clinic", ["mem_none"])

    assert commit_due(clinic.services, CALLER, "mem_none", loaded, test_clock=False) == 0


def test_own_write_that_was_not_heard_of(clinic: Clinic) -> None:
    """It is found on record, answered, and no replay to the caller."""
    member = clinic.create().member
    clinic.line.fates = [clinic.line.written]

    done = clinic.adjust(member, 10)

    assert not done.replayed
    assert clinic.versions(member) == 2
    assert clinic.adjust(member, 10) == Done(done.answer, member, replayed=True)


def test_own_write_that_was_not_done(clinic: Clinic) -> None:
    """It is sent again with the same identity."""
    member = clinic.create().member
    clinic.line.fates = [clinic.line.lost, clinic.line.lost]

    assert not clinic.adjust(member, 10).replayed
    assert clinic.versions(member) == 2


def test_answer_of_another_delivery(clinic: Clinic) -> None:
    """What another delivery of the request wrote is a replay, though ours was not heard of."""
    member = clinic.create().member

    def faster(_commit: Commit) -> None:
        clinic.now += 1
        clinic.adjust(member, 10)

    clinic.line.fates = [faster]

    assert clinic.adjust(member, 10).replayed
    assert clinic.versions(member) == 2


def test_a_key_of_another_request(clinic: Clinic) -> None:
    """What is asked for and of whom both have to be the same; nothing is written otherwise."""
    member, other = clinic.create().member, clinic.create().member
    done = clinic.adjust(member, 10)
    for who, key in ((member, IdempotencyKey(KEY.key, b"g" * 32)), (other, KEY)):
        with pytest.raises(IdentityReused):
            clinic.adjust(who, 10, key)

    assert clinic.adjust(member, 10) == Done(done.answer, member, replayed=True)
    assert (clinic.versions(member), clinic.versions(other)) == (2, 1)


@pytest.mark.parametrize("reused", [False, True])
def test_either_of_two_identities_may_be_known_by_now(clinic: Clinic, *, reused: bool) -> None:
    """Whichever a faster request has on record answers, or is said to be that of another."""
    member = clinic.create().member
    command = Adjust(member=member, programme="clinic", currency="points", amount=10, reason="r")
    receipt, other = IdempotencyKey("a" * 64, b"1" * 32), IdempotencyKey("b" * 64, b"2" * 32)

    def send(identity: IdempotencyKey, key: IdempotencyKey = KEY) -> Done:
        return change_account(clinic.services, CALLER, command, _told, identity, also=key)

    def overtaken(commit: Commit) -> None:
        send(*((other, replace(KEY, fingerprint=b"g" * 32)) if reused else (receipt,)))
        FakeLedger.commit(clinic.line, commit)

    clinic.line.fates = [overtaken]

    if reused:
        with pytest.raises(IdentityReused) as refusal:
            send(receipt)
        assert refusal.value.identity == KEY
    else:
        assert send(receipt).replayed
    assert clinic.versions(member) == 2


def test_new_member_of_another_delivery(clinic: Clinic) -> None:
    """The id of a new member is made for each delivery, and does not make two requests of one."""
    first: list[Done] = []
    clinic.line.fates = [lambda _: first.append(clinic.create(KEY))]

    done = clinic.create(KEY)

    assert done.replayed
    assert done.member == first[0].member


def test_person_of_another_request(clinic: Clinic) -> None:
    """Whom another request created meanwhile is found by the personal key that it claimed."""
    person = NewMember(external_id=("emr", "4711"))
    faster: list[str] = []

    def created(_commit: Commit) -> None:
        faster.append(create_member(clinic.services, CALLER, person, _told, None).member)
        raise Conflicted

    clinic.line.fates = [created]

    late = create_member(clinic.services, CALLER, person, _told, KEY)

    assert [late.member] == faster
    assert late.done.answer.body == f"{late.member} 1 {NOW}".encode()
    again = create_member(clinic.services, CALLER, person, _told, KEY)
    # There was nothing to write, so nothing is on record; the same follows from the state.
    assert (again.member, again.done.answer) == (late.member, late.done.answer)
    assert list(clinic.line.members("clinic")) == faster


def test_claim_that_is_refused(clinic: Clinic) -> None:
    """It is told with the refusal that it carries, at once, and nothing is on record."""
    members = [clinic.create().member for _ in range(2)]
    for member in members:
        clinic.adjust(member, 10, None)
    keys = [IdempotencyKey(name * 64, b"f" * 32) for name in "xy"]
    first = clinic.redeem(members[0], keys[0])
    before = clinic.line.commits

    with pytest.raises(Conflict, match="out_of_stock"):
        clinic.redeem(members[1], keys[1])

    assert clinic.line.commits == before
    assert clinic.versions(members[1]) == 2
    assert clinic.line.remembered("clinic", [keys[1].key]) == (None,)
    # What was granted is answered as it was then, though now there would be none.
    assert clinic.redeem(members[0], keys[0]) == Done(first.answer, members[0], replayed=True)


def test_no_refusal_while_a_write_may_come(clinic: Clinic) -> None:
    """What was sent may still be done, so a refusal now is no final answer."""
    member = clinic.create().member
    clinic.adjust(member, 10)
    other, late = IdempotencyKey("o" * 64, b"o" * 32), IdempotencyKey("l" * 64, b"l" * 32)

    def spent(_commit: Commit) -> None:
        clinic.adjust(member, -10, other)

    clinic.line.fates = [spent]

    with pytest.raises(Unavailable):
        clinic.adjust(member, -5, late)
    with pytest.raises(Conflict, match="insufficient_points"):
        clinic.adjust(member, -5, late)


class TestTwoAccounts:
    """A decision that spans two accounts."""

    def test_answered_as_the_senders(self, clinic: Clinic) -> None:
        """It is on record as the sender's, with the sender's version, and moves value once."""
        sender, receiver = clinic.create().member, clinic.create().member
        clinic.adjust(sender, 30)
        key = IdempotencyKey("t" * 64, b"t" * 32)
        clinic.line.fates = [clinic.line.lost, clinic.line.written]

        done = clinic.transfer(sender, receiver, 20, key)

        assert done.answer.body == f"{sender} 3 {NOW}".encode()
        assert clinic.transfer(sender, receiver, 20, key) == Done(
            done.answer, sender, replayed=True
        )
        assert (clinic.versions(sender), clinic.versions(receiver)) == (3, 2)

    def test_time_runs_backwards_on_neither(self, clinic: Clinic) -> None:
        """Where one server's clock is behind, both events take effect at the later instant."""
        sender, receiver = clinic.create().member, clinic.create().member
        clinic.adjust(sender, 30)
        clinic.now += DAY
        clinic.adjust(receiver, 1, None)
        clinic.now -= DAY

        done = clinic.transfer(sender, receiver, 20, IdempotencyKey("t" * 64, b"t" * 32))

        assert done.answer.body == f"{sender} 3 {NOW + DAY}".encode()
        for member in (sender, receiver):
            (last,) = clinic.line.events("clinic", member, newest_first=True, limit=1)
            assert last.effective_at == NOW + DAY

    @pytest.mark.parametrize(
        ("of_sender", "of_receiver", "commits"),
        [(90, 0, 2), (0, 90, 2), (50, 50, 2), (30, 30, 1), (100, 100, 3)],
    )
    def test_much_fell_due(
        self, clinic: Clinic, of_sender: int, of_receiver: int, commits: int
    ) -> None:
        """What one transaction does not hold goes ahead in transactions of its own."""
        sender, receiver = clinic.with_lots(of_sender), clinic.with_lots(of_receiver)
        clinic.adjust(sender, 30, None)
        before = clinic.line.commits
        clinic.now += 400 * DAY

        clinic.transfer(sender, receiver, 20)

        assert clinic.line.commits - before == commits
        assert clinic.versions(sender) == 2 * of_sender + 3
        assert clinic.versions(receiver) == 2 * of_receiver + 2

    @pytest.mark.parametrize(("due", "waits"), [(SETTLE_MAX - 1, False), (SETTLE_MAX, True)])
    def test_what_is_only_asked(self, clinic: Clinic, due: int, *, waits: bool) -> None:
        """It is decided at once however much fell due; what is to be written may have to wait."""
        member = clinic.with_lots(due)
        clinic.now += 400 * DAY
        command = Adjust(member=member, programme="clinic", currency="points", amount=5, reason="r")
        attempt = Attempt(clinic.services, CALLER, (command,), test_clock=False)
        read = load_for(attempt)
        asked, written = weigh(attempt, read), weigh(attempt, read, bounded=True)

        assert not asked.decided.is_new
        assert not written.decided.is_new
        assert (asked.unfinished, len(asked.decided.results)) == (False, 1)
        assert (written.unfinished, len(written.decided.results)) == (waits, int(not waits))

    def test_refused(self, clinic: Clinic) -> None:
        """A refused transfer writes nothing, not even what fell due on either side."""
        sender, receiver = clinic.with_lots(2), clinic.with_lots(2)
        clinic.now += 400 * DAY

        with pytest.raises(Conflict, match="insufficient_points"):
            clinic.transfer(sender, receiver, 20)

        assert (clinic.versions(sender), clinic.versions(receiver)) == (3, 3)


class TestBirthday:
    """The directory answers for it and the account goes by it: one transaction writes both."""

    def test_new_member(self, clinic: Clinic) -> None:
        """Whatever is lost on the way, the same request makes one member with one birthday."""
        person = NewMember(external_id=("emr", "4711"), birthday="02-29")
        clinic.line.fates = [clinic.line.lost, clinic.line.written]

        made = create_member(clinic.services, CALLER, person, _told, KEY)

        assert clinic.birthdays(made.member) == ("02-29", "02-29")
        again = create_member(clinic.services, CALLER, person, _told, KEY)
        assert again.done == Done(made.done.answer, made.member, replayed=True)

    def test_known_member(self, clinic: Clinic) -> None:
        """A profile is completed in both places, and what is there already stays in both."""
        for birthday, lost in (("", False), ("02-29", True), ("03-01", False)):
            clinic.line.fates = [clinic.line.lost] * lost
            person = NewMember(external_id=("emr", "4711"), birthday=birthday)
            member = create_member(clinic.services, CALLER, person, _told, None).member

        assert clinic.birthdays(member) == ("02-29", "02-29")

    @pytest.mark.parametrize("birthday", ["03-01", ""])
    def test_change_that_was_not_done(self, clinic: Clinic, birthday: str) -> None:
        """It is sent again."""
        member = clinic.born("02-29")
        clinic.line.fates = [clinic.line.lost, clinic.line.lost]

        clinic.change(member, birthday, 1)

        assert clinic.birthdays(member) == (birthday, birthday)

    def test_change_that_was_not_heard_of(self, clinic: Clinic) -> None:
        """It is found done in both places, also when it is sent again, and another is refused."""
        member = clinic.born("02-29")
        clinic.line.fates = [clinic.line.written]

        for _ in range(2):
            clinic.change(member, "03-01", 1)

            assert clinic.birthdays(member) == ("03-01", "03-01")
        with pytest.raises(Stale):
            clinic.change(member, "04-01", 1)

    def test_two_changes_at_once(self, clinic: Clinic) -> None:
        """Who is late is refused, and changes neither place."""
        member = clinic.born("02-29")

        def faster(_commit: Commit) -> None:
            clinic.change(member, "03-01", 1)
            raise Conflicted

        clinic.line.fates = [faster]

        with pytest.raises(Stale):
            clinic.change(member, "04-01", 1)
        assert clinic.birthdays(member) == ("03-01", "03-01")

    def test_account_that_moved_on(self, clinic: Clinic) -> None:
        """A change waits for another request on the account, and is done after it."""
        member = clinic.born("02-29")

        def faster(_commit: Commit) -> None:
            clinic.adjust(member, 10)
            raise Conflicted

        clinic.line.fates = [faster]
        clinic.change(member, "03-01", 1)

        assert clinic.birthdays(member) == ("03-01", "03-01")
        assert clinic.versions(member) == 3


def test_consent_given_again(clinic: Clinic) -> None:
    """A consent that is in force already is evidence all the same, of a newer text say."""
    member = clinic.create().member
    clinic.consent(member, "v1", KEY)
    again = IdempotencyKey("a" * 64, b"a" * 32)

    first = clinic.consent(member, "v2", again)

    profile = clinic.services.directory.profile("clinic", member)
    assert profile is not None
    assert [consent.text_version for consent in profile.consents] == ["v1", "v2"]
    assert clinic.versions(member) == 2
    assert clinic.consent(member, "v2", again) == Done(first.answer, member, replayed=True)


def test_nothing_to_do_though_something_is_due(clinic: Clinic) -> None:
    """An answer to what changes nothing tells of no event that nobody wrote."""
    member = clinic.with_lots(2)
    clinic.now += 400 * DAY

    told = change_account(clinic.services, CALLER, ChangeProfile(member=member), _told).answer

    assert told.body.decode() == f"{member} {clinic.versions(member)} {clinic.now}"
    assert clinic.versions(member) == 3


def _told(decided: Decided) -> Answer:
    return Answer(201, f"{decided.member} {decided.version} {decided.now}".encode())


@pytest.mark.parametrize(
    ("left_ms", "commits"),
    [
        (RESERVE_MS - 1, 1),
        (RESERVE_MS + 9, 1),
        (RESERVE_MS + 10, 2),
        (RESERVE_MS + 199, 6),
        (30_000, ATTEMPTS_MAX),
    ],
)
def test_no_time_is_left(clinic: Clinic, left_ms: int, commits: int) -> None:
    """T: who is overtaken tries again while there is time, and says that it may be sent again."""
    member = clinic.create().member
    pauses: list[float] = []
    tries = 0

    def overtaken(_commit: Commit) -> None:
        nonlocal tries
        tries += 1
        raise Conflicted

    clinic.line.fates = [overtaken] * ATTEMPTS_MAX
    services = clinic.services._replace(jitter=lambda: 0.5, pause_ms=pauses.append)
    caller = replace(CALLER, remaining_ms=lambda: left_ms)
    command = Adjust(member=member, programme="clinic", currency="points", amount=5, reason="r")

    with pytest.raises(Unavailable) as refusal:
        change_account(services, caller, command, _told, KEY)

    assert (refusal.value.code, tries, len(pauses)) == ("unavailable", commits, commits - 1)
    # Each pause is half of a ceiling that doubles, up to 400 ms.
    assert pauses == [10, 20, 40, 80, 160, *[200] * 6][: commits - 1]
    assert clinic.adjust(member, 5).answer.status == 201


def test_trouble_is_counted(
    clinic: Clinic, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Overtaken once, of unknown outcome once, then written: one of each, two more attempts."""
    member = clinic.create().member
    metrics.flush()
    monkeypatch.setenv(metrics.NAMESPACE, "Tessera/test")

    def overtaken(_commit: Commit) -> None:
        raise Conflicted

    clinic.line.fates = [overtaken, clinic.line.lost]
    clinic.adjust(member, 5)
    capsys.readouterr()
    metrics.flush()

    (line,) = capsys.readouterr().out.splitlines()
    result = json.loads(line)
    assert {name: result[name] for name in ("Conflicts", "UnknownOutcomes", "Retries")} == {
        "Conflicts": [1],
        "UnknownOutcomes": [1],
        "Retries": [2],
    }
