"""Random events of one conference: what people, the initiator, hubs and sweeps do, at the product and in the model's book.

The book is written by the model's own rules (``keys``, ``door``, ``events``, ``moderation``) and never from the product's rows.
"""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conferences.services.invitations import invite_participant, withdraw_invitation
from conferences.services.plan import Invitee
from conferences.services.scheduling import end_conference
from kmf.authorization.models import Account
from kmf.errors import KMFError
from kmf.push.state import read_change, read_welcome
from kmf.services.attach import attach_endpoints
from kmf.services.denials import Denial, record_denials
from kmf.services.destroy import destroy_due
from kmf.services.due import settle_if_due
from kmf.services.moderation import Door, moderate
from kmf.services.presence import leave, note_heartbeats
from kmf.services.release import check_invited, release_ekt_keys
from kmf.services.settle import settle
from protocol.moderation import Order
from tests.kmf.model import events, moderation
from tests.kmf.model.beside import NEVER, Beside, Crash, nothing, word
from tests.kmf.model.stage import DEVICES, MINUTE, PEOPLE

people, devices = st.integers(0, PEOPLE - 1), st.integers(0, DEVICES - 1)
joiners = st.sampled_from([0, 0, *range(PEOPLE)])  # without the initiator nobody is let in
stays = st.integers(0, 40)
LAPSES_MS = [1, 40, 99, 100, 101, 700, 3_000, 5_000, 14_000, 16_000, 31_000, 61_000, 299_000, 301_000, 601_000]
REASONS = ["left", "closed", "line_cut"]
lapses = st.sampled_from(LAPSES_MS)
never = st.just(NEVER)
before, after = st.sampled_from([False]), st.sampled_from([True])  # the commit that it dies at
crashes = st.one_of(never, never, never, st.tuples(st.integers(1, 45), before), st.tuples(st.integers(1, 4), after))


class Conferring(Beside):
    """People who come, go, are let in, put out and fall silent; the initiator; hubs, sweeps, and the end."""

    # --- keys --------------------------------------------------------------------------------------------------------

    @rule(who=joiners, device=devices, crash=crashes)
    def join(self, who: int, device: int, crash: Crash) -> None:
        self._ask([(who, device)], crash)

    @rule(who=joiners, crash=crashes)
    def join_by_another_name(self, who: int, crash: Crash) -> None:
        """As ``join``: it is what happens most."""
        self._ask([(who, 0)], crash)

    @rule(who=st.sets(people, min_size=2), device=devices, crash=crashes)
    def join_together(self, who: set[int], device: int, crash: Crash) -> None:
        self._ask([(one, device) for one in sorted(who)], crash)

    @rule(who=people)
    def hurry(self, who: int) -> None:
        """Seven times within a second."""
        for _ in range(7):
            self.now += timedelta(milliseconds=101)
            self._ask([(who, 0)], NEVER)

    def _ask(self, askers: list[tuple[int, int]], crash: Crash) -> None:
        def act() -> list[Any]:
            asked = [self.stage.asked(*asker, self.now) for asker in askers]
            outcomes: list[Any] = list(check_invited(asked))
            if denials := [one for one in outcomes if isinstance(one, Denial)]:
                record_denials(denials, now=self.now)
            going = [one for one in outcomes if not isinstance(one, Denial)]
            released = iter(release_ekt_keys(going, now=self.now) if going else [])
            return [one.refusal if isinstance(one, Denial) else next(released) for one in outcomes]

        def read(answers: list[Any]) -> list[Any]:
            return [self.given(*one) for one in zip(askers, answers, strict=True)]

        self.do(lambda book: events.ask(book, askers, self.now), act, crash, read=read)

    @rule(who=people, device=devices, crash=crashes)
    def hello(self, who: int, device: int, crash: Crash) -> None:
        """A socket of a device whose token is good."""
        if not self.book.people[who].is_active or (who, device) in self.book.revoked:
            return  # the token's own checks have it
        verified = self.stage.simulators[who, device].verified(self.now)

        def act() -> Any:
            found = attach_endpoints(verified=[verified], conference_id=self.conference.pk, now=self.now)[0]
            return word(found) if isinstance(found, KMFError) else self.sight.endpoints.index(found[0].pk)

        self.do(lambda book: events.hello(book, who, device, self.now), act, crash)

    @rule()
    def hub_tells(self) -> None:
        """What a hub would send now, and what a ``welcome`` would say: to whom, and which key."""
        if not self.book.is_begun:
            return
        refresh, _state = read_change(self.conference.pk, -1, 0, self.now)
        assert refresh is not None
        for said in (refresh, read_welcome(self.conference.pk, self.now)):
            assert sorted(map(self.sight.number_of, said.present)) == self.book.present
            assert said.closed == (self.book.closed_at is not None)
            current = self.book.current
            if current is None or current.expires_at <= self.now:
                assert said.key is None
                continue
            assert said.key is not None
            assert (said.key.number, said.key.expires_at) == (current.number, current.expires_at)
            assert set(self.book.present) <= current.holders
            self.opened(current.number, said.key.ekt_key.expose())

    # --- leaves ------------------------------------------------------------------------------------------------------

    @rule(stay=stays, reason=st.sampled_from(REASONS), crash=crashes)
    def go(self, stay: int, reason: str, crash: Crash) -> None:
        """A leave, or one that is said once more."""
        if self.book.stays:
            number = stay % len(self.book.stays)
            endpoint_id = self.sight.endpoints[number]
            self.do(
                lambda book: events.leave(book, number, reason, self.now),
                lambda: leave(endpoint_id=endpoint_id, reason=reason, now=self.now),
                crash,
            )

    @rule(who=st.sets(people))
    def heartbeat(self, who: set[int]) -> None:
        numbers = [number for number, stay in enumerate(self.book.stays) if stay.who in who]
        ids = [self.sight.endpoints[number] for number in numbers]
        self.do(lambda book: events.beat(book, numbers, self.now), lambda: note_heartbeats(endpoint_ids=ids, now=self.now), NEVER)

    @rule(milliseconds=lapses)
    def wait(self, milliseconds: int) -> None:
        self.now += timedelta(milliseconds=milliseconds)

    # --- looks -------------------------------------------------------------------------------------------------------

    @rule(crash=crashes)
    def sweep(self, crash: Crash) -> None:
        def act() -> None:
            settle(conference_id=self.conference.pk, now=self.now)
            destroy_due(now=self.now)

        self.do(lambda book: events.sweep(book, self.now), act, crash)

    @rule(crash=crashes)
    def hub_looks(self, crash: Crash) -> None:
        """It spares itself what is not due; nothing else is different."""
        self.do(
            lambda book: events.look(book, self.now),
            lambda: settle_if_due(conference_id=self.conference.pk, now=self.now),
            crash,
        )

    @rule()
    def watch(self) -> None:
        """Twenty quiet seconds in which somebody looks: whoever was not heard is silent then."""
        for _ in range(4):
            self.now += timedelta(seconds=5)
            self.hub_looks(crash=NEVER)

    # --- rights ------------------------------------------------------------------------------------------------------

    @rule(who=people, crash=crashes)
    def withdraw(self, who: int, crash: Crash) -> None:
        act = {
            "conference_id": self.conference.pk,
            "participant_id": self.stage.participant_id(who),
            "actor": "ada",
            "now": self.now,
        }
        self.do(lambda book: events.withdraw(book, who, self.now), lambda: nothing(withdraw_invitation(**act)), crash)

    @rule(who=people, crash=crashes)
    def invite(self, who: int, crash: Crash) -> None:
        by = {"conference_id": self.conference.pk, "actor": "ada", "actor_name": "Ada", "now": self.now}
        invitee = Invitee(self.accounts[who].email)
        self.do(
            lambda book: events.invite(book, who, self.now), lambda: nothing(invite_participant(invitee=invitee, **by)), crash
        )

    @rule(who=people, tries=st.booleans())
    def invite_anew(self, who: int, tries: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
        """Withdrawn, and invited again: what was decided of him before is another matter."""
        admitted = self._admitted()
        who = admitted[who % len(admitted)] if admitted else who
        self.withdraw(who=who, crash=NEVER)
        if tries:
            self._ask([(who, 0)], NEVER)
        self.now += timedelta(seconds=1)
        self.invite(who=who, crash=NEVER)
        self._ask([(who, 0)], NEVER)

    @rule(who=people)
    def suspend(self, who: int) -> None:
        """His account is switched off for a minute, in which he tries, and in which somebody may look."""
        for is_active in (False, True):
            Account.objects.filter(pk=self.accounts[who].pk).update(is_active=is_active)
            self.book.people[who].is_active = is_active
            self._ask([(who, 0)], NEVER)
            if who % 2:
                self.hub_looks(crash=NEVER)
            self.now += MINUTE

    @rule(who=people, device=st.just(DEVICES - 1))
    def revoke(self, who: int, device: int) -> None:
        self.stage.revoke(who, device, self.now)
        self.book.revoked.add((who, device))

    # --- the initiator -----------------------------------------------------------------------------------------------

    @rule(
        action=st.sampled_from([*moderation.OF_ALL, *moderation.OF_ONE, "admit"]), who=people, fresh=st.booleans(), crash=crashes
    )
    def order(self, action: str, who: int, fresh: bool, crash: Crash) -> None:  # noqa: FBT001  hypothesis gives it by name
        self._order(action, who, crash, is_fresh=fresh)

    @rule(
        action=st.sampled_from(["admit", "admit", "decline", "remove", "ban", "lock", "unban"]), who=people, tries=st.booleans()
    )
    def fitting_order(self, action: str, who: int, tries: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
        """As ``order``, of somebody whom it can concern, and nothing is in its way; he may come and try."""
        if self.book.stay_at(0, 0) is None:
            self._ask([(0, 0)], NEVER)
        if action in ("admit", "decline") and not events.waiting(self.book, self.now):
            self._ask([(who, 0)], NEVER)
        who = self._fitting(action, who)
        self._order(action, who, NEVER, is_fresh=True)
        if tries:
            self._ask([(who, 1)], NEVER)

    def _admitted(self) -> list[int]:
        return [number for number, person in enumerate(self.book.people) if person.admitted_at is not None]

    def _fitting(self, action: str, who: int) -> int:
        present = [self.book.stays[number].who for number in self.book.present]
        fitting = {
            "admit": events.waiting(self.book, self.now),
            "decline": events.waiting(self.book, self.now),
            "unban": [number for number, person in enumerate(self.book.people) if person.is_banned],
            "lock": [one for one in self._admitted() if one not in present],
        }.get(action, [one for one in present if one != 0])
        return fitting[who % len(fitting)] if fitting else who

    def _order(self, action: str, who: int, crash: Crash, *, is_fresh: bool) -> None:
        device = next((device for device in range(DEVICES) if self.book.stay_at(0, device) is not None), 0)
        signed_in = self.now if is_fresh else self.now - 11 * MINUTE
        verified = self.stage.simulators[0, device].verified(self.now, signed_in=signed_in)
        said = Order(action, self.accounts[who].email if action in moderation.OF_ONE else "")

        def act() -> Door:
            return moderate(verified=verified, conference_id=self.conference.pk, order=said, now=self.now)

        def read(door: Door | str) -> Any:
            if isinstance(door, str):
                return door
            waiting = [self.sight.who[row.participant.identity] for row in door.waiting]
            kept_out = [self.sight.who[row.identity] for row in door.kept_out]
            return waiting, kept_out, door.conference.locked_at is not None

        rule_of = moderation.order
        self.do(lambda book: rule_of(book, device, action, who, is_fresh=is_fresh, now=self.now), act, crash, read=read)

    @precondition(lambda self: self.count > 12)
    @rule(crash=crashes)
    def end(self, crash: Crash) -> None:
        end_it = {"conference_id": self.conference.pk, "reason": "initiator", "actor": "ada", "now": self.now}
        self.do(lambda book: events.end(book, self.now), lambda: nothing(end_conference(**end_it)), crash)
