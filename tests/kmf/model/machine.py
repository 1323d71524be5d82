"""Random events of one conference, beside a model of who may hold what. After each event both must agree."""

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.db import DatabaseError, InterfaceError, connection
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from conferences.errors import ConferenceOver
from conferences.models import AuditEntry, Conference, Organisation, Participant
from conferences.selectors.key_holds import key_holds
from conferences.services.scheduling import end_conference
from kmf.authorization.models import Account
from kmf.errors import KMFError
from kmf.models import Endpoint, Epoch, KeyState
from kmf.push.state import read_change
from kmf.services.presence import leave, note_heartbeats
from kmf.services.sealing import unseal_ekt_key
from kmf.services.settle import settle
from roster.models import Membership, RosterDelta
from tests.kmf.model.crash import Crashed, CrashPoint, crashing
from tests.simulators.endpoint import EndpointSimulator

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PEOPLE = 5
people = st.integers(0, PEOPLE - 1)
# Where the process dies: at which statement or commit, if at all; and whether a commit still gets through.
never = st.just((0, False))
crashes = st.one_of(never, never, st.tuples(st.integers(1, 45), st.just(False)), st.tuples(st.integers(1, 3), st.just(True)))  # noqa: FBT003


class Conferring(RuleBasedStateMachine):
    """Joins, leaves, withdrawals, silence, looks of hubs and sweeps, crashes, the end."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.opened: dict[int, set[int]] = {}  # epoch → source ids that were present when it was opened
        self.told: dict[int, set[int]] = {}  # epoch → source ids that were really given its key
        self.left: dict[int, int] = {}  # source id → last epoch number when its leave was recorded
        self.ended = False
        self.events = 0

    @initialize(on_join=st.sampled_from(["rekey", "share"]), past_access=st.sampled_from(["none", "recording"]))
    def schedule(self, on_join: str, past_access: str) -> None:
        organisation = Organisation.objects.create(name="Weaver", slug=f"weaver-{uuid4().hex[:12]}")
        self.conference = Conference.objects.create(
            organisation=organisation,
            title="Model",
            initiator_identity="ada@weaver.example",
            initiator_name="Ada",
            time_zone="UTC",
            starts_at=START - timedelta(minutes=5),
            duration_min=60,
            created_at=START,
            on_join=on_join,
            past_access=past_access,
        )
        self.accounts = [
            Account.objects.create(email=f"p{number}-{uuid4().hex[:8]}@weaver.example", organisation=organisation)
            for number in range(PEOPLE)
        ]
        for account in self.accounts:
            Participant.objects.create(
                organisation=organisation,
                conference=self.conference,
                identity=account.email,
                invited_at=START,
                invited_by="Ada",
            )

    # --- events ------------------------------------------------------------------------------------------------------

    @rule(who=people, crash=crashes)
    def join(self, who: int, crash: tuple[int, bool]) -> None:
        simulator = EndpointSimulator(account=self.accounts[who], conference_id=self.conference.id)
        with self.event(crash):
            released = simulator.ask(self.now)
            stay = Endpoint.objects.get(jkt=simulator.jkt)
            epoch = Epoch.objects.get(key_id=released.key_id)
            assert simulator.keys[released.key_id] == unseal_ekt_key(epoch).expose()
            self.told.setdefault(int(epoch.number), set()).add(int(stay.membership.source_id))

    @rule(who=people, reason=st.sampled_from(["left", "closed", "line_cut"]), crash=crashes)
    def go(self, who: int, reason: str, crash: tuple[int, bool]) -> None:
        stay = Endpoint.objects.filter(account=self.accounts[who], membership__left_at=None).first()
        if stay is not None:
            with self.event(crash):
                leave(endpoint_id=stay.pk, reason=reason, now=self.now)

    @rule(who=people)
    def withdraw(self, who: int) -> None:
        self.participant(who).update(withdrawn_at=self.now)

    @rule(who=people)
    def invite_again(self, who: int) -> None:
        self.participant(who).update(withdrawn_at=None)

    @rule(active=st.booleans(), who=people)
    def switch_account(self, active: bool, who: int) -> None:  # noqa: FBT001  hypothesis gives it by name
        Account.objects.filter(pk=self.accounts[who].pk).update(is_active=active)

    @rule(milliseconds=st.sampled_from([1, 40, 99, 100, 101, 700, 5_000, 14_000, 16_000, 31_000, 299_000, 301_000, 601_000]))
    def wait(self, milliseconds: int) -> None:
        self.now += timedelta(milliseconds=milliseconds)

    @rule(who=st.sets(people))
    def heartbeat(self, who: set[int]) -> None:
        rows = Endpoint.objects.filter(account__in=[self.accounts[one] for one in who], membership__left_at=None)
        note_heartbeats(endpoint_ids=list(rows.values_list("pk", flat=True)), now=self.now)

    @rule(crash=crashes)
    def sweep(self, crash: tuple[int, bool]) -> None:
        with self.event(crash):
            settle(conference_id=self.conference.id, now=self.now)

    @rule()
    def watch(self) -> None:
        """Twenty quiet seconds in which somebody looks: whoever was not heard is silent then."""
        for _ in range(4):
            self.now += timedelta(seconds=5)
            self.sweep(crash=(0, False))

    @rule()
    def hub_tells(self) -> None:
        """What a hub would do now: the current key to everybody present, from one moment's state."""
        if KeyState.objects.filter(conference=self.conference).exists():
            refresh, _state = read_change(self.conference.id, -1, 0, self.now)
            if refresh is not None and refresh.key is not None:
                self.told.setdefault(refresh.key.number, set()).update(refresh.present)

    @precondition(lambda self: self.events > 15)
    @rule(crash=crashes)
    def end(self, crash: tuple[int, bool]) -> None:
        with self.event(crash):
            end_conference(conference_id=self.conference.id, reason="initiator", actor="ada", now=self.now)
        self.sweep(crash=(0, False))

    # --- agreement ---------------------------------------------------------------------------------------------------

    @invariant()
    def epochs_rise_without_a_gap_and_one_is_current(self) -> None:
        states = dict(self.epochs().values_list("number", "state"))
        assert sorted(states) == list(range(1, len(states) + 1))
        assert list(states.values()).count("current") <= 1
        assert all(number == len(states) for number, state in states.items() if state == "current")
        deltas = list(RosterDelta.objects.filter(conference=self.conference).order_by("number").values_list("number", flat=True))
        assert deltas == list(range(1, len(deltas) + 1))

    @invariant()
    def whoever_was_given_a_key_stands_in_the_hold_log(self) -> None:
        held = {one.source_id: set(one.epochs) for one in key_holds(self.conference).endpoints}
        for number, sources in self.told.items():
            for source_id in sources:
                assert number in held[source_id]
        for source_id, numbers in held.items():
            assert numbers == {number for number, sources in self.opened.items() if source_id in sources}

    @invariant()
    def nobody_holds_what_was_opened_after_his_leave(self) -> None:
        for source_id, last in self.left.items():
            assert not any(source_id in sources for number, sources in self.told.items() if number > last)
            assert not any(source_id in sources for number, sources in self.opened.items() if number > last)

    @invariant()
    def memberships_and_audit_agree(self) -> None:
        rows = Membership.objects.filter(conference=self.conference)
        began, ended = self.audited("key.released"), self.audited("endpoint.left")
        assert sorted(began) == sorted(rows.values_list("source_id", flat=True))
        assert sorted(ended) == sorted(rows.exclude(left_at=None).values_list("source_id", flat=True))

    @invariant()
    def what_is_over_cannot_be_opened(self) -> None:
        assert not self.epochs().filter(state="destroyed").exclude(sealed_key=None).exists()
        gone = Endpoint.objects.filter(conference=self.conference, membership__left_at__isnull=False)
        assert not gone.exclude(sealed_member_secret=None).exists()
        state = KeyState.objects.filter(conference=self.conference).first()
        if state is not None and state.closed_at is not None:
            assert not Membership.objects.filter(conference=self.conference, left_at=None).exists()
            assert not self.epochs().filter(state="current").exists()
            if self.conference.past_access == "none":
                assert not self.epochs().exclude(sealed_key=None).exists()

    def teardown(self) -> None:
        """Whatever happened: once somebody looks, the leavers are locked out and the numbers are whole."""
        if not hasattr(self, "conference"):
            return
        self.now += timedelta(milliseconds=100)
        with self.event((0, False)):
            settle(conference_id=self.conference.id, now=self.now)
        present = set(Membership.objects.filter(conference=self.conference, left_at=None).values_list("source_id", flat=True))
        current = self.epochs().filter(state="current").first()
        if current is not None and current.expires_at > self.now:
            assert self.opened[int(current.number)] >= present
            newest_leave = max(self.left.values(), default=0)
            assert not present or current.number > newest_leave
        self.epochs_rise_without_a_gap_and_one_is_current()
        self.whoever_was_given_a_key_stands_in_the_hold_log()

    # --- the model's own books ---------------------------------------------------------------------------------------

    @contextmanager
    def event(self, crash: tuple[int, bool]):
        """One event that may be refused or may crash. Then the books follow the rows of memberships, never the audit."""
        at, after_commit = crash
        before = int(self.epochs().order_by("-number").values_list("number", flat=True).first() or 0)
        self.events += 1
        try:
            with crashing(CrashPoint(at, after_commit=after_commit)):
                yield
        except (KMFError, ConferenceOver):
            pass
        except (DatabaseError, InterfaceError, Crashed):
            if not at:
                raise
        assert not connection.in_atomic_block
        self._follow(before)

    def _follow(self, before: int) -> None:
        rows = Membership.objects.filter(conference=self.conference)
        present = set(rows.filter(left_at=None).values_list("source_id", flat=True))
        newest = list(self.epochs().filter(number__gt=before).order_by("number"))
        for epoch in newest:
            at_opening = rows.filter(since__lte=epoch.opened_at).exclude(left_at__lte=epoch.opened_at)
            self.opened[int(epoch.number)] = set(at_opening.values_list("source_id", flat=True))
        current = self.epochs().filter(state="current").first()
        if current is not None:  # a joiner shares the epoch that he found
            fresh = present - set().union(*self.opened.values())
            self.opened[int(current.number)] |= fresh
        last = before + len(newest)
        for source_id in rows.exclude(left_at=None).values_list("source_id", flat=True):
            self.left.setdefault(source_id, last - len(self._after_leave(source_id, newest)))

    def _after_leave(self, source_id: int, newest: list[Epoch]) -> list[Epoch]:
        """Epochs of this event that were opened when the leave was recorded already."""
        return [epoch for epoch in newest if source_id not in self.opened[int(epoch.number)]]

    def epochs(self):
        return Epoch.objects.filter(conference=self.conference)

    def participant(self, who: int):
        return Participant.objects.filter(conference=self.conference, identity=self.accounts[who].email)

    def audited(self, event: str) -> list[int]:
        bodies = AuditEntry.objects.filter(chain=self.conference.id, event=event).values_list("body", flat=True)
        return [json.loads(body)["details"]["source_id"] for body in bodies]
