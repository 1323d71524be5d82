"""What was asked of a provider."""

from dataclasses import dataclass
from datetime import datetime

from kmf.authorization.saml.configuration import SamlProvider


@dataclass(frozen=True)
class Asked:
    """One request: only an answer to it is one.

    Attributes:
        provider: who was asked.
        request_id: what the answer must name.
        audience: our name towards the provider.
        answer_url: where the answer is to go.
        forced_at: when it was asked, if the provider is to ask the person again whatever session he has there.

    """

    provider: SamlProvider
    request_id: str
    audience: str
    answer_url: str
    forced_at: datetime | None
