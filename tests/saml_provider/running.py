"""Starting and stopping it, and the instance's configuration that trusts it."""

import json
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from config.embedded.ports import free_port
from config.env import ROOT
from tests.simulators.saml_provider import TWO_FACTORS, key_and_certificate
from tests.stack import Stack

ISSUER = "https://saml.company.example/metadata"
PEOPLE = {
    "grace": {"mail": "grace@company.example", "displayName": "Grace Hopper", "groups": ["conclave-hosts", "everybody"]},
    "linus": {"mail": "linus@company.example", "displayName": "Linus", "groups": ["everybody"]},
    # He has written the address of an account that is here already into his profile there.
    "taker": {"mail": "auditor@demo.example", "displayName": "Taker", "groups": ["conclave-hosts"]},
    "nobody": {},
}
CONFIGURATION = """
methods = ["password", "totp", "passkey", "recovery_code", "saml"]

[[saml]]
name = "works"
words = "your company account"
entity_id = "{issuer}"
sign_in_url = "{sign_in_url}"
certificates = ['''
{certificate}''']
organisation = "demo"
domains = ["company.example", "demo.example"]
roles.initiator = ["conclave-hosts"]
roles.auditor = ["conclave-auditors"]
second_factor.contexts = ["{two_factors}"]
"""


@dataclass(frozen=True)
class RunningProvider:
    """Where it is, and what its signatures are verified with."""

    sign_in_url: str
    certificate: str


@contextmanager
def saml_provider() -> Generator[RunningProvider]:
    """Run a provider that knows `PEOPLE`."""
    port = free_port(0)
    key, certificate = key_and_certificate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    known = {"issuer": ISSUER, "key": pem, "certificate": certificate, "two_factors": TWO_FACTORS, "people": PEOPLE}
    with tempfile.TemporaryDirectory(prefix="conclave-saml-") as directory:
        description = Path(directory, "configuration.json")
        description.write_text(json.dumps(known))
        command = ["node", str(Path(__file__).with_name("provider.mjs")), str(port), str(description)]
        with Path(directory, "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)  # noqa: S603  our own program
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n", Path(directory, "log").read_text()
                yield RunningProvider(f"http://127.0.0.1:{port}/sso", certificate)
            finally:
                process.kill()
                process.wait()


def trust(stack: Stack, provider: RunningProvider) -> None:
    """Write the configuration of a stack that was not started yet."""
    stack.state.make_directories()
    text = CONFIGURATION.format(
        issuer=ISSUER, sign_in_url=provider.sign_in_url, certificate=provider.certificate, two_factors=TWO_FACTORS
    )
    (stack.state.root / "trusted/sign-in.toml").write_text(text)
