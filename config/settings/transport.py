"""HTTPS as both sites see it: which requests are secure, what is promised to browsers, whom a call to the other site trusts."""

import ssl

import certifi

from config.env import Environment, MissingSetting
from config.settings.origins import Origins, host_name, is_local_name

TWO_YEARS_S = 2 * 365 * 86400
ONE_HOUR_S = 3600  # a browser must be able to come back to plain development on the same names


def strict_transport_s(origins: Origins) -> int:
    """Seconds for which browsers are to insist on HTTPS: none on plain origins, an hour on ``*.localhost``, else two years."""
    if not origins.secure:
        return 0
    local = any(is_local_name(host_name(origin)) for origin in origins.public.values())
    return ONE_HOUR_S if local else TWO_YEARS_S


def proxy_header(env: Environment) -> tuple[str, str] | None:
    """The header by which a proxy says that its client came by HTTPS; none is believed where no proxy is configured."""
    return ("HTTP_X_FORWARDED_PROTO", "https") if env.number("CONCLAVE_TRUSTED_PROXIES", 0) > 0 else None


def back_channel_trust(env: Environment) -> ssl.SSLContext:
    """Whom calls to internal ``https`` addresses trust: the authorities in ``CONCLAVE_CA_FILE`` alone, else the public ones.

    The certificate must name the public origin, whatever the internal address is: the name is given with each call.

    Raises:
        MissingSetting: the file is not there or holds no certificate.

    """
    authorities = env.text("CONCLAVE_CA_FILE", certifi.where())
    try:
        trust = ssl.create_default_context(cafile=authorities)
    except OSError:  # ssl.SSLError is one
        raise MissingSetting("CONCLAVE_CA_FILE cannot be read, or holds no certificate") from None
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    return trust
