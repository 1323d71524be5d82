"""Connections to a directory: encrypted and to whom it says, quick to give up, and never led on elsewhere.

Spec: RFC 4511 section 4.14 (StartTLS), 4.1.10 (referrals); RFC 4513 sections 3 and 5.1.2.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException
from pyasn1.error import PyAsn1Error

from kmf.authorization.ldap.configuration import LdapDirectory
from kmf.authorization.ldap.errors import DirectoryAway, WrongPassword

CONNECT_S, ANSWER_S = 3, 3
_SUCCESS = 0
# What a server says of a person (RFC 4511 appendix A): constraintViolation, noSuchObject, invalidDNSyntax,
# inappropriateAuthentication, invalidCredentials, insufficientAccessRights, unwillingToPerform.
_REFUSALS = {19, 32, 34, 48, 49, 50, 53}
_FAILURES = (LDAPException, PyAsn1Error, OSError, ValueError)


@contextmanager
def bound(directory: LdapDirectory, dn: str, password: str) -> Iterator[Any]:
    """A connection that is bound as ``dn``.

    Raises:
        WrongPassword: the directory does not take this password for this name.
        DirectoryAway: everything else; also what goes wrong while the connection is used.

    """
    if not password:  # a bind without one succeeds, as nobody (RFC 4513 section 5.1.2)
        raise WrongPassword("no password")
    try:
        connection = ldap3.Connection(
            _server(directory),
            user=dn,
            password=password,
            authentication=ldap3.SIMPLE,
            client_strategy=ldap3.SYNC,
            auto_bind=ldap3.AUTO_BIND_NONE,
            auto_referrals=False,
            check_names=False,
            read_only=True,
            receive_timeout=ANSWER_S,
            raise_exceptions=False,
        )
        try:
            connection.open(read_server_info=False)
            if directory.security == "starttls" and not connection.start_tls(read_server_info=False):
                raise DirectoryAway("directory refuses StartTLS")
            connection.bind(read_server_info=False)
            _check_bound(connection)
            yield connection
        finally:
            with suppress(*_FAILURES):
                connection.unbind()
    except _FAILURES:
        raise DirectoryAway("directory does not answer, or cannot be trusted") from None


class _VerifiedLine(ldap3.Tls):  # type: ignore[misc]  # ldap3 is untyped
    """A line whose certificate Python itself checks, name and all: ldap3 does that by functions that Python has given up."""

    def wrap_socket(self, connection: Any, do_handshake: bool = True) -> None:  # noqa: FBT001, FBT002  ldap3's signature
        """Put TLS on the connection's socket.

        Raises:
            ssl.SSLError: nobody who is trusted vouches for this name.

        """
        context = ssl.create_default_context(cafile=self.ca_certs_file)
        connection.socket = context.wrap_socket(
            connection.socket, server_hostname=connection.server.host, do_handshake_on_connect=do_handshake
        )


def _server(directory: LdapDirectory) -> Any:
    tls = _VerifiedLine(validate=ssl.CERT_REQUIRED, ca_certs_file=directory.authority or None)
    return ldap3.Server(
        directory.host,
        port=directory.port,
        use_ssl=directory.security == "tls",
        tls=None if directory.security == "none" else tls,
        get_info=ldap3.NONE,
        connect_timeout=CONNECT_S,
        allowed_referral_hosts=[],
    )


def _check_bound(connection: Any) -> None:
    code = (connection.result or {}).get("result")
    if code == _SUCCESS and connection.bound:
        return
    if code in _REFUSALS:
        raise WrongPassword("directory does not take the password")
    raise DirectoryAway("directory cannot tell now")  # busy, unavailable, somewhere else
