"""Accounts, what the OAuth server keeps, and the memory of used proofs."""

from kmf.authorization.models.account import Account
from kmf.authorization.models.oauth import AccessToken, Application, Grant, IDToken, RefreshToken
from kmf.authorization.models.used_proof import UsedProof

__all__ = ["AccessToken", "Account", "Application", "Grant", "IDToken", "RefreshToken", "UsedProof"]
