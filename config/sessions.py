"""Sessions whose keys do not stand in the database: a row is found by the hash of the cookie, and gives no cookie away."""

import hashlib
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession

_ROW_KEY_LENGTH = 40  # of Django's column; 160 bits of SHA-256 in hex


class SessionStore(DatabaseStore):
    """Django's database sessions, stored under a hash."""

    def exists(self, session_key: str) -> bool:
        """Whether a session of this cookie value is stored."""
        return super().exists(_row_key(session_key))

    async def aexists(self, session_key: str) -> bool:
        """Say whether a session of this cookie value is stored."""
        return await super().aexists(_row_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """Make the row of this session."""
        return self._hashed(super().create_model_instance(data))

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """Make the row of this session."""
        return self._hashed(await super().acreate_model_instance(data))

    def delete(self, session_key: str | None = None) -> None:
        """Delete the row of a cookie value, or of this session."""
        key = session_key or self.session_key
        if key is not None:
            super().delete(_row_key(key))

    async def adelete(self, session_key: str | None = None) -> None:
        """Delete the row of a cookie value, or of this session."""
        key = session_key or self.session_key
        if key is not None:
            await super().adelete(_row_key(key))

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        presented, self._session_key = self._session_key, _row_key(self._session_key)
        return self._presented(presented, super()._get_session_from_db())

    async def _aget_session_from_db(self) -> AbstractBaseSession | None:
        presented, self._session_key = self._session_key, _row_key(self._session_key)
        return self._presented(presented, await super()._aget_session_from_db())

    def _presented(self, key: str | None, found: AbstractBaseSession | None) -> AbstractBaseSession | None:
        self._session_key = key if found is not None else None
        return found

    @staticmethod
    def _hashed(row: AbstractBaseSession) -> AbstractBaseSession:
        row.session_key = _row_key(row.session_key)
        return row


def _row_key(session_key: str | None) -> str:
    return hashlib.sha256((session_key or "").encode()).hexdigest()[:_ROW_KEY_LENGTH]
