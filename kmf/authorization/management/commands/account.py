"""``manage.py account``: organisations and the accounts of their people. Passwords are never typed here."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Q, QuerySet

from conferences.models import Organisation
from kmf.authorization.accounts.making import add_person, make_organisation, read_person
from kmf.authorization.accounts.password_link import mail_link, show_link
from kmf.authorization.accounts.roles import change_roles
from kmf.authorization.accounts.switching import Side, switch_off, switch_on
from kmf.authorization.errors import AccountRefused
from kmf.authorization.models import ROLE_FIELDS, Account
from kmf.authorization.second_factor.account import remove_all

_BY = "operator"


class Command(BaseCommand):
    """Organisations and accounts."""

    help = "Organisations and the accounts of their people: make them, show them, give roles, switch them off and on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One subcommand for each thing that an operator does."""
        what = parser.add_subparsers(dest="what", required=True)
        made = what.add_parser("organisation", help="make an organisation")
        made.add_argument("name", help="as people see it")
        made.add_argument("--slug", default="", help="by which commands and sign-in.toml name it; usually made of the name")
        adding = what.add_parser("add", help="make the account of a person, and mail a link by which he writes his password")
        adding.add_argument("address", help="e-mail address")
        adding.add_argument("--organisation", required=True, metavar="SLUG")
        adding.add_argument("--name", required=True, help="as everybody will see it")
        adding.add_argument("--role", action="append", default=[], choices=list(ROLE_FIELDS), help="may be repeated")
        listing = what.add_parser("list", help="show accounts")
        listing.add_argument("--organisation", metavar="SLUG")
        listing.add_argument("--search", default="", metavar="TEXT", help="in name or address")
        linking = what.add_parser("link", help="mail another link: the earlier one is over")
        for one in (adding, linking):
            one.add_argument("--show", action="store_true", help="print the link, once, in place of mailing it")
        roles = what.add_parser("role", help="give and take roles")
        for name, words in (("--give", "a role that he gets"), ("--take", "a role that he loses")):
            roles.add_argument(name, action="append", default=[], choices=list(ROLE_FIELDS), help=f"{words}; may be repeated")
        lost = what.add_parser("lost", help="remove every second factor of somebody who has lost his; he is out everywhere")
        off = what.add_parser("off", help="end every right of an account, everywhere, and let nobody sign in with it")
        on = what.add_parser("on", help="let somebody sign in with it again, whoever switched it off")
        for one in (linking, roles, lost, off, on):
            one.add_argument("address", help="e-mail address of the account")

    def handle(self, *_arguments: Any, what: str, **options: Any) -> None:
        """Do it; a refusal is one line, its code first, and exit 1. Then nothing has changed."""
        do = {
            "organisation": self._organisation,
            "add": self._add,
            "list": self._list,
            "link": self._link,
            "role": self._role,
            "lost": self._lost,
            "off": self._off,
            "on": self._on,
        }[what]
        try:
            with transaction.atomic():
                do(options, datetime.now(UTC))
        except AccountRefused as refusal:
            message = f"{refusal.code}: {refusal.reason}"
            raise CommandError(message) from None

    def _organisation(self, options: dict[str, Any], now: datetime) -> None:
        self.stdout.write(make_organisation(options["name"], slug=options["slug"], by=_BY, now=now).slug)

    def _add(self, options: dict[str, Any], now: datetime) -> None:
        person = read_person(address=options["address"], name=options["name"], roles=options["role"])
        account = add_person(person, organisation=_organisation(options["organisation"]), by=_BY, now=now)
        try:
            self._give_link(account, options, now)
        except AccountRefused as refusal:
            if refusal.code != "no_passwords":
                raise
            self.stdout.write("made; nobody signs in with a password here: join it by `manage.py company_link`")

    def _list(self, options: dict[str, Any], _now: datetime) -> None:
        slug = options["organisation"]
        for account in _found(options["search"], None if slug is None else _organisation(slug)):
            state = "on" if account.is_active else f"off by {account.switched_off_by or 'somebody'}"
            seen = f"{account.last_login:%Y-%m-%d %H:%M}" if account.last_login else "never signed in"
            kind = "guest" if account.is_guest else account.kind
            columns = (account.email, account.name, account.organisation.slug, kind, ",".join(account.roles) or "-", state, seen)
            self.stdout.write("\t".join(columns))

    def _link(self, options: dict[str, Any], now: datetime) -> None:
        self._give_link(_account(options["address"]), options, now)

    def _role(self, options: dict[str, Any], now: datetime) -> None:
        if not options["give"] and not options["take"]:
            raise AccountRefused("nothing_to_do", "Say which roles to --give or to --take.")
        account = change_roles(_account(options["address"]), give=options["give"], take=options["take"], by=_BY, now=now)
        self.stdout.write(",".join(account.roles) or "-")

    def _lost(self, options: dict[str, Any], now: datetime) -> None:
        self.stdout.write(f"removed: {remove_all(_account(options['address']), by=_BY, now=now)}")

    def _off(self, options: dict[str, Any], now: datetime) -> None:
        switch_off(_account(options["address"]), side=Side.OPERATOR, by=_BY, now=now)
        self.stdout.write("off")

    def _on(self, options: dict[str, Any], now: datetime) -> None:
        switch_on(_account(options["address"]), side=Side.OPERATOR, by=_BY, now=now)
        self.stdout.write("on")

    def _give_link(self, account: Account, options: dict[str, Any], now: datetime) -> None:
        if options["show"]:
            self.stdout.write(show_link(account, by=_BY, now=now))
        else:
            mail_link(account, by=_BY, now=now)
            self.stdout.write(f"a link goes to {account.email}")


def _organisation(slug: str) -> Organisation:
    found = Organisation.objects.filter(slug=slug).first()
    if found is None:
        raise AccountRefused("no_such_organisation", "There is no organisation of this slug.")
    return found


def _account(address: str) -> Account:
    found = Account.objects.select_related("organisation").filter(email=address.strip().lower()).first()
    if found is None:
        raise AccountRefused("no_such_account", "There is no account of this address.")
    return found


def _found(search: str, organisation: Organisation | None) -> QuerySet[Account]:
    rows = Account.objects.select_related("organisation").order_by("organisation__slug", "email")
    if organisation is not None:
        rows = rows.filter(organisation=organisation)
    return rows.filter(Q(email__icontains=search) | Q(name__icontains=search)) if search else rows
