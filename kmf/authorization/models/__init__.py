"""Accounts, links to their passwords, their company's names for them, what the OAuth server keeps, used proofs, and counts."""

from kmf.authorization.models.account import ROLE_FIELDS, Account
from kmf.authorization.models.company_link import CompanyLink
from kmf.authorization.models.company_session import CompanySession
from kmf.authorization.models.directory_token import DirectoryToken
from kmf.authorization.models.enrolled_key import EnrolledKey
from kmf.authorization.models.guest_code import GuestCode
from kmf.authorization.models.mailbox_code import MailboxCode
from kmf.authorization.models.oauth import AccessToken, Application, Grant, IDToken, RefreshToken
from kmf.authorization.models.password_link import PasswordLink
from kmf.authorization.models.rate_count import RateCount
from kmf.authorization.models.room_code import RoomCode
from kmf.authorization.models.saml_request import SamlRequest
from kmf.authorization.models.used_proof import UsedProof

__all__ = [
    "ROLE_FIELDS",
    "AccessToken",
    "Account",
    "Application",
    "CompanyLink",
    "CompanySession",
    "DirectoryToken",
    "EnrolledKey",
    "Grant",
    "GuestCode",
    "IDToken",
    "MailboxCode",
    "PasswordLink",
    "RateCount",
    "RefreshToken",
    "RoomCode",
    "SamlRequest",
    "UsedProof",
]
