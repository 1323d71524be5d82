"""Starting and stopping it, and the instance's configuration that trusts it."""

import json
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from config.embedded.ports import free_port
from config.env import ROOT
from tests.stack import Stack

SECRET = "of-the-client-at-the-company"
PEOPLE = {
    "grace": {"name": "Grace Hopper", "email": "grace@company.example", "email_verified": True, "groups": ["conclave-hosts"]},
    "linus": {"name": "Linus", "email": "linus@company.example", "email_verified": True, "groups": ["everybody"]},
    "mallory": {"name": "Mallory", "email": "mallory@elsewhere.example", "email_verified": True},
    # He has written the address of an account that is here already into his profile there.
    "taker": {"name": "Taker", "email": "auditor@demo.example", "email_verified": True, "groups": ["conclave-hosts"]},
    "vague": {"name": "Vague", "email": "vague@company.example", "email_verified": False},
}
CONFIGURATION = """
methods = ["password", "totp", "passkey", "recovery_code", "openid_connect", "email_code"]

[[openid_connect]]
name = "company"
words = "your company account"
issuer = "{issuer}"
client_id = "conclave"
organisation = "demo"
domains = ["company.example", "demo.example"]
roles.initiator = ["conclave-hosts"]
roles.auditor = ["conclave-auditors"]
second_factor.amr = ["mfa"]
"""


@contextmanager
def company_provider(*, auth_origin: str, people: dict[str, dict[str, object]]) -> Generator[str]:
    """Run a provider that knows one client and ``people``; yields its issuer."""
    port = free_port(0)
    with tempfile.TemporaryDirectory(prefix="conclave-idp-") as directory:
        description = Path(directory, "configuration.json")
        redirect_uri = f"{auth_origin}/sign-in/with/company/callback"
        logout_uri = f"{auth_origin}/sign-in/with/company/logout"
        client = {"client_id": "conclave", "client_secret": SECRET, "redirect_uri": redirect_uri}
        description.write_text(json.dumps({**client, "backchannel_logout_uri": logout_uri, "people": people}))
        command = ["node", str(Path(__file__).with_name("provider.mjs")), str(port), str(description)]
        with Path(directory, "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)  # noqa: S603  our own program
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n", Path(directory, "log").read_text()
                yield f"http://127.0.0.1:{port}"
            finally:
                process.kill()
                process.wait()


def trust(stack: Stack, issuer: str) -> None:
    """Write the configuration of a stack that was not started yet."""
    stack.state.make_directories()
    (stack.state.root / "trusted/sign-in.toml").write_text(CONFIGURATION.format(issuer=issuer))
    secret = stack.state.root / "trusted/secrets/openid-connect-company"
    secret.write_text(SECRET)
    secret.chmod(0o600)
