"""A real LDAP server (OpenLDAP's slapd) on loopback with a few people in it."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config.embedded.ports import free_port
from config.embedded.tls_certificates import make_leaf
from tests.authority import authority

SUFFIX = "dc=company,dc=example"
SERVICE, SERVICE_PASSWORD = f"cn=conclave,ou=services,{SUFFIX}", "of-the-service-account"
PASSWORD = "correct horse battery"
ODD = "o*(\\)&|é"  # a user name that would be a filter, if it were read as one
# It lets everybody bind without a password, as many do: who asks must not take that for a sign-in.
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {directory}/slapd.pid
argsfile {directory}/slapd.args
TLSCACertificateFile {directory}/ca.pem
TLSCertificateFile {directory}/leaf.pem
TLSCertificateKeyFile {directory}/leaf.key
allow bind_anon_cred bind_anon_dn
database mdb
maxsize 10485760
suffix "{suffix}"
directory {directory}/data
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{service}" read by * none
"""
PEOPLE = """
dn: {suffix}
objectClass: organization
objectClass: dcObject
o: Company
dc: company

dn: ou=people,{suffix}
objectClass: organizationalUnit
ou: people

dn: ou=services,{suffix}
objectClass: organizationalUnit
ou: services

dn: ou=groups,{suffix}
objectClass: organizationalUnit
ou: groups

dn: {service}
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: conclave
userPassword: {service_password}

dn: uid=elsewhere,ou=people,{suffix}
objectClass: referral
objectClass: extensibleObject
uid: elsewhere
ref: ldap://127.0.0.1:{elsewhere}/uid=grace,ou=people,{suffix}
"""
PERSON = """
dn: {rdn},ou=people,{suffix}
objectClass: inetOrgPerson
uid: {uid}
cn: {name}
sn: {name}
mail: {mail}
userPassword: {password}
"""
GROUP = """
dn: cn={name},ou=groups,{suffix}
objectClass: groupOfNames
cn: {name}
member: uid={member},ou=people,{suffix}
"""


@dataclass(frozen=True)
class LdapServer:
    """Where it listens, and whose certificates its clients trust; ``elsewhere`` is to where it would send them."""

    port: int
    tls_port: int
    authority: Path
    elsewhere: socket.socket
    process: subprocess.Popen[bytes]

    def led_somebody_on(self) -> bool:
        """Whether anybody has connected to where it refers to."""
        with suppress(BlockingIOError):
            self.elsewhere.accept()[0].close()
            return True
        return False


@contextmanager
def ldap_server() -> Iterator[LdapServer]:
    """Run one."""
    with tempfile.TemporaryDirectory(prefix="conclave-ldap-") as name, socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0)
        directory = Path(name)
        (directory / "data").mkdir()
        key, leaf = make_leaf(authority(), ["localhost"], datetime.now(UTC))
        (directory / "leaf.key").write_text(key)
        (directory / "leaf.pem").write_text(leaf)
        (directory / "ca.pem").write_bytes(authority().certificate_pem.encode())
        known = {"suffix": SUFFIX, "service": SERVICE, "directory": directory}
        (directory / "slapd.conf").write_text(CONFIGURATION.format(**known))
        (directory / "people.ldif").write_text(_entries(elsewhere.getsockname()[1]))
        of_it = ["-f", str(directory / "slapd.conf")]
        subprocess.run(["/usr/sbin/slapadd", *of_it, "-l", str(directory / "people.ldif")], check=True, capture_output=True)  # noqa: S603  our own command
        port, tls_port = free_port(0), free_port(0)
        listens = f"ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tls_port}"
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(["/usr/sbin/slapd", *of_it, "-h", listens, "-d", "0"], stdout=log, stderr=log)  # noqa: S603
            try:
                _wait_for(port, directory / "log")
                yield LdapServer(port, tls_port, directory / "ca.pem", elsewhere, process)
            finally:
                process.kill()
                process.wait()


def _entries(elsewhere: int) -> str:
    given = {"suffix": SUFFIX, "service": SERVICE, "service_password": SERVICE_PASSWORD, "elsewhere": elsewhere}
    odd = ODD.replace("\\", "\\\\")
    people = [
        ("uid=grace", "grace", "Grace Hopper", "grace@company.example"),
        ("uid=linus", "linus", "Linus", "linus@company.example"),
        ("cn=first twin", "twin", "First twin", "twin@company.example"),
        ("cn=second twin", "twin", "Second twin", "twin@company.example"),
        ("uid=taker", "taker", "Taker", "ada@weaver.example"),  # the address of an account that is here already
        ("uid=mallory", "mallory", "Mallory", "mallory@elsewhere.example"),
        (f"uid={odd}", ODD, "Odd", "odd@company.example"),
    ]
    entries = [PEOPLE.format(**given)]
    entries += [
        PERSON.format(rdn=rdn, uid=uid, name=name, mail=mail, password=PASSWORD, **given) for rdn, uid, name, mail in people
    ]
    entries += [GROUP.format(name=name, member=member, **given) for name, member in (("hosts", "grace"), ("all", "linus"))]
    return "".join(entries)


def _wait_for(port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())
