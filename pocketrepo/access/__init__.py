"""Who may do what: a yes or no before any index is asked.

`Access` is the gate of a root. `accounts` knows users, their keys and roles, `entitlements` the read-only tokens of
each repository, `usage` what those have used up.
"""

from __future__ import annotations

from pocketrepo.access.accounts import Accounts, Key, Role, Scope
from pocketrepo.access.actor import ANONYMOUS, OWNER, Action, Actor
from pocketrepo.access.credential import Credential
from pocketrepo.access.entitlements import Entitlement
from pocketrepo.access.gate import ANY_PROJECT, Access, Reader

__all__ = [
    "ANONYMOUS",
    "ANY_PROJECT",
    "OWNER",
    "Access",
    "Accounts",
    "Action",
    "Actor",
    "Credential",
    "Entitlement",
    "Key",
    "Reader",
    "Role",
    "Scope",
]
