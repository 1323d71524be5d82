"""``/conferences/new``: scheduling as a person does it."""

from collections.abc import Callable

import pytest
from django.test import Client

from conferences.models import AuditEntry, Conference, Organisation, OutboxItem
from tests.conferences.conftest import ADA, BEN

Visitor = Callable[..., Client]
GOOD = {
    "title": "Quarterly figures",
    "date": "2030-12-02",
    "time": "14:30",
    "time_zone": "Europe/Berlin",
    "duration_min": "60",
    "invitees": "ben@weaver.example",
}


def test_scheduling_leads_to_the_conference(visitor: Visitor, organisation: Organisation) -> None:
    client = visitor(ADA, "initiator")
    response = client.post("/conferences/new", GOOD, follow=True)
    conference = Conference.objects.get()
    assert response.redirect_chain == [(f"/conferences/{conference.id}", 302)]
    page = response.content.decode()
    assert "The invitations are on their way" in page
    assert "Monday, 2 December 2030, 14:30\N{EN DASH}15:30" in page
    assert f"/c/{conference.id}" in page
    assert BEN in page


def test_the_form_sent_twice_makes_one(visitor: Visitor, organisation: Organisation) -> None:
    client = visitor(ADA, "initiator")
    form_id = client.get("/conferences/new").context["form"].initial["form_id"]
    targets = {client.post("/conferences/new", GOOD | {"form_id": form_id})["Location"] for _ in range(2)}
    assert len(targets) == 1
    assert Conference.objects.count() == 1


def test_a_forged_form_id_is_not_used(visitor: Visitor, organisation: Organisation) -> None:
    visitor(ADA, "initiator").post("/conferences/new", GOOD | {"form_id": "A" * 22})
    assert Conference.objects.get().id != "A" * 22


def test_wrong_input_is_kept_and_explained(visitor: Visitor, organisation: Organisation) -> None:
    wrong = GOOD | {"time_zone": "Berln", "invitees": "nonsense", "title": "<b>Figures</b>"}
    response = visitor(ADA, "initiator").post("/conferences/new", wrong)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Did you mean Europe/Berlin?" in page
    assert "“nonsense” is not an e-mail address." in page
    assert 'value="&lt;b&gt;Figures&lt;/b&gt;"' in page
    assert "Berln" in page
    assert 'aria-describedby="time_zone-error time_zone-help"' in page
    assert not Conference.objects.exists()
    assert not AuditEntry.objects.exists()
    assert not OutboxItem.objects.exists()


def test_a_repeated_hour_offers_the_choice(visitor: Visitor, organisation: Organisation) -> None:
    client = visitor(ADA, "initiator")
    again = GOOD | {"date": "2030-10-27", "time": "02:30"}
    page = client.post("/conferences/new", again).content.decode()
    assert 'name="which"' in page
    assert client.post("/conferences/new", again | {"which": "second"}).status_code == 302
    assert Conference.objects.get().starts_at.isoformat() == "2030-10-27T01:30:00+00:00"


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_the_role_nothing_is_scheduled(visitor: Visitor, organisation: Organisation, method: str) -> None:
    response = getattr(visitor(BEN, "auditor"), method)("/conferences/new", GOOD)
    assert response.status_code == 403
    assert "initiator" in response.content.decode()
    assert not Conference.objects.exists()


def test_keys_are_kept_for_recordings_as_long_as_the_form_says(visitor: Visitor, organisation: Organisation) -> None:
    client = visitor(ADA, "initiator")
    kept = GOOD | {"past_access": "recording", "keys_kept_days": "90"}
    assert (
        "The keys are kept 90 days for recordings, then destroyed"
        in client.post("/conferences/new", kept, follow=True).content.decode()
    )
    conference = Conference.objects.get()
    assert (conference.past_access, conference.keys_kept_days) == ("recording", 90)
    body = AuditEntry.objects.get(event="conference.scheduled").body
    assert '"keys_kept_days":90,"on_join":"rekey","past_access":"recording"' in body


def test_a_wrong_number_of_days_is_kept_and_explained(visitor: Visitor, organisation: Organisation) -> None:
    wrong = GOOD | {"past_access": "recording", "keys_kept_days": "3651"}
    response = visitor(ADA, "initiator").post("/conferences/new", wrong)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Write a number of days from 1 to 3650." in page
    assert 'value="3651"' in page
    assert not Conference.objects.exists()


def test_without_a_word_keys_are_destroyed_at_the_end(visitor: Visitor, organisation: Organisation) -> None:
    page = visitor(ADA, "initiator").post("/conferences/new", GOOD, follow=True).content.decode()
    assert "The keys are destroyed" in page
    assert Conference.objects.get().past_access == "none"
    assert "keys_kept_days" not in AuditEntry.objects.get(event="conference.scheduled").body


def test_a_foreign_form_is_refused(visitor: Visitor, organisation: Organisation) -> None:
    response = visitor(ADA, "initiator", csrf=True).post("/conferences/new", GOOD)
    assert response.status_code == 403
    assert not Conference.objects.exists()


def test_an_unknown_organisation_is_told(visitor: Visitor, organisation: Organisation) -> None:
    response = visitor(ADA, "initiator", organisation="nowhere").post("/conferences/new", GOOD)
    assert response.status_code == 422
    assert "Your organisation is not known" in response.content.decode()
    assert not Conference.objects.exists()


def test_no_inline_script_or_style(visitor: Visitor, organisation: Organisation) -> None:
    response = visitor(ADA, "initiator").get("/conferences/new")
    page = response.content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert " onclick" not in page
    assert page.count("<script") == page.count('<script type="module" src="/static/core/main.js"></script>') == 1
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "no-store"


def test_the_initiator_says_how_people_must_have_signed_in(visitor: Visitor, organisation: Organisation) -> None:
    demanding = GOOD | {"sign_in": "second_factor"}
    page = visitor(ADA, "initiator").post("/conferences/new", demanding, follow=True).content.decode()
    assert "<dt>Signing in</dt><dd>With a second factor</dd>" in page
    assert Conference.objects.get().sign_in == "second_factor"
    assert '"sign_in":"second_factor"' in AuditEntry.objects.get(event="conference.scheduled").body


def test_without_a_word_any_sign_in_does(visitor: Visitor, organisation: Organisation) -> None:
    visitor(ADA, "initiator").post("/conferences/new", GOOD)
    assert Conference.objects.get().sign_in == "any"
