"""X.509 of the local authority: pure, PEM in and out. P-256 throughout."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from secrets import token_hex

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=397)  # what browsers take at most
RENEWED_BEFORE = timedelta(days=200)  # a leaf with less left is made anew; an authority with less than a leaf's life too
CLOCKS_DIFFER = timedelta(hours=1)


class Unusable(Exception):
    """A stored key or certificate cannot be used any longer. Safe to log."""


@dataclass(frozen=True, repr=False)
class Authority:
    """Key and certificate that sign the leaves."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def read(cls, key_pem: str, certificate_pem: str, now: datetime) -> "Authority":
        """Read a stored authority.

        Raises:
            Unusable: damaged, not a pair, or too old to sign another leaf.

        """
        key, certificate = _read_pair(key_pem, certificate_pem)
        if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - LEAF_LIFE:
            raise Unusable("authority is worn")
        return cls(key, certificate)

    @property
    def key_pem(self) -> str:
        """PKCS #8."""
        return _key_pem(self.key)

    @property
    def certificate_pem(self) -> str:
        """The certificate, PEM."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def check_leaf(self, key_pem: str, certificate_pem: str, hosts: list[str], now: datetime) -> None:
        """Check that a stored leaf is ours, for exactly ``hosts``, and good for some time yet.

        Raises:
            Unusable: it is not.

        """
        _key, leaf = _read_pair(key_pem, certificate_pem)
        try:
            leaf.verify_directly_issued_by(self.certificate)
            names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            raise Unusable("leaf of another authority") from None
        if sorted(names.get_values_for_type(x509.DNSName)) != hosts:
            raise Unusable("leaf for other names")
        if not leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc - RENEWED_BEFORE:
            raise Unusable("leaf is worn")


def make_authority(now: datetime) -> Authority:
    """Make an authority that can vouch for ``*.localhost`` and no other name or address."""
    key = ec.generate_private_key(ec.SECP256R1())
    # A name of its own: browsers confuse authorities that share one.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Conclave on this machine {token_hex(4)}")])
    everywhere = [x509.IPAddress(ip_network(block)) for block in ("0.0.0.0/0", "::/0")]
    certificate = (
        _certificate(name, name, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(x509.NameConstraints([x509.DNSName("localhost")], everywhere), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(key, certificate)


def make_leaf(authority: Authority, hosts: list[str], now: datetime) -> tuple[str, str]:
    """Make a server's key and certificate for ``hosts``; PEM of both."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        _certificate(x509.Name([]), authority.certificate.subject, key.public_key(), now, LEAF_LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _key_pem(key), certificate.public_bytes(Encoding.PEM).decode()


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(now - CLOCKS_DIFFER + life)
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _read_pair(key_pem: str, certificate_pem: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    try:
        key = load_pem_private_key(key_pem.encode(), None)
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    except (ValueError, TypeError):
        raise Unusable("damaged") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or _public(key.public_key()) != _public(certificate.public_key()):
        raise Unusable("key and certificate do not belong together")
    return key, certificate


def _public(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Unusable("not P-256")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
