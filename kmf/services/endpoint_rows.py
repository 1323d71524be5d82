"""Locks on rows of endpoints, in one order for everybody (ADR 0037).

Who takes several locks takes them in this order: the conference's key state, the conference, its participants, its endpoints by
rising id, and the audit's chains last, by name.
"""

from collections.abc import Iterable

from kmf.models import Endpoint


def lock_endpoints(endpoint_ids: Iterable[int]) -> list[int]:
    """Lock these rows until the transaction ends, by rising id: no two callers wait for each other. Returns those found."""
    return _lock(endpoint_ids, skip_locked=False)


def lock_free_endpoints(endpoint_ids: Iterable[int]) -> list[int]:
    """Lock those of these rows that nobody holds, and wait for none: for what is as well done a little later."""
    return _lock(endpoint_ids, skip_locked=True)


def _lock(endpoint_ids: Iterable[int], *, skip_locked: bool) -> list[int]:
    rows = Endpoint.objects.select_for_update(no_key=True, skip_locked=skip_locked).filter(pk__in=list(endpoint_ids))
    return list(rows.order_by("pk").values_list("pk", flat=True))
