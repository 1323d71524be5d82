"""URLs of the auth origin: sign-in, authorization requests, account page."""

from allauth.account import views as allauth_views
from django.conf import settings
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from config.health import health, readiness
from config.probes import trusted
from kmf.authorization import device_views, enrolment_views, views
from kmf.authorization.accounts import views as accounts
from kmf.authorization.accounts.password_views import set_password
from kmf.authorization.directory import views as directory
from kmf.authorization.guests import views as guests
from kmf.authorization.room_code import views as room_code
from kmf.authorization.saml import views as saml
from kmf.authorization.second_factor import mailbox_views as mailbox
from kmf.authorization.second_factor import views as second_factor

_form = require_http_methods(["GET", "HEAD", "POST"])  # a form view of Django's takes PUT, too

urlpatterns = [
    path("", views.account, name="account"),
    path("authorize", views.authorize, name="authorize"),
    path("sign-in", views.sign_in, name="account_login"),
    path("sign-in/passkey", second_factor.sign_in_by_passkey, name="mfa_login_webauthn"),
    path("sign-in/code", guests.ask_for_code, name="ask_for_code"),
    path("sign-in/code/enter", guests.enter_code, name="enter_code"),
    path("sign-in/saml/<slug:provider_name>", saml.begin, name="saml_login"),
    path("sign-in/saml/<slug:provider_name>/answer", saml.answer, name="saml_answer"),
    path("sign-in/saml/<slug:provider_name>/finish", saml.finish, name="saml_finish"),
    path("sign-in/saml/<slug:provider_name>/metadata", saml.metadata, name="saml_metadata"),
    path("sign-in/second-factor", second_factor.second_factor_step, name="mfa_authenticate"),
    path("confirm", _form(allauth_views.reauthenticate), name="account_reauthenticate"),
    path("confirm/code", second_factor.confirm_by_code, name="mfa_reauthenticate"),
    path("confirm/passkey", second_factor.confirm_by_passkey, name="mfa_reauthenticate_webauthn"),
    path("confirm/saml", saml.confirm, name="confirm_saml"),
    path("second-factor", views.second_factor_needed, name="second_factor_needed"),
    path("second-factor/mail", mailbox.show_mailbox, name="show_mailbox"),
    path("second-factor/app", second_factor.add_app, name="mfa_activate_totp"),
    path("second-factor/passkey", second_factor.add_passkey, name="mfa_add_webauthn"),
    path("second-factor/recovery-codes", second_factor.recovery_codes, name="recovery_codes"),
    path("second-factor/<int:factor_id>/remove", second_factor.remove, name="remove_factor"),
    path("set-password", set_password, name="set_password"),
    path("sign-out", _form(allauth_views.logout), name="account_logout"),
    path("inactive", require_safe(allauth_views.account_inactive), name="account_inactive"),
    path("end-everywhere", views.everywhere, name="account_end_everywhere"),
    path("end-device/<int:grant_id>", device_views.end_own_device, name="end_own_device"),
    path("accounts", accounts.accounts, name="accounts"),
    path("accounts/<str:account_id>", accounts.one_account, name="one_account"),
    path("accounts/<str:account_id>/end-device/<int:grant_id>", device_views.end_device_of, name="end_device_of"),
    path("accounts/<str:account_id>/end-everywhere", device_views.end_account, name="end_account"),
    path("accounts/<str:account_id>/off", accounts.switch_off, name="switch_account_off"),
    path("accounts/<str:account_id>/on", accounts.switch_on, name="switch_account_on"),
    path("rooms", enrolment_views.rooms, name="rooms"),
    path("rooms/revoke/<str:kid>", enrolment_views.revoke, name="revoke_room_key"),
    path("room-code", room_code.room_code, name="room_code"),
    path("scim/v2/Users", directory.users, name="scim_users"),
    path("scim/v2/Users/<str:account_id>", directory.one_user, name="scim_user"),
    path("scim/v2/ServiceProviderConfig", directory.config, name="scim_config"),
    path(".well-known/oauth-authorization-server", views.metadata, name="metadata"),
    path("health", health),
    path("ready", readiness(needed=trusted.NEEDED, helpful=trusted.HELPFUL)),
]
if settings.COMPANY_PROVIDERS:
    from kmf.authorization.company import logout_views
    from kmf.authorization.company import views as company  # needs an app that is installed only then

    urlpatterns += [
        path("sign-in/with/<slug:provider_id>", company.begin, name="openid_connect_login"),
        path("sign-in/with/<slug:provider_id>/callback", company.callback, name="openid_connect_callback"),
        path("sign-in/with/<slug:provider_id>/logout", logout_views.back_channel_logout, name="back_channel_logout"),
        path("confirm/company", company.confirm, name="confirm_company"),
    ]
if settings.LDAP_DIRECTORIES:
    from kmf.authorization.ldap import views as ldap  # needs a package that may not be installed

    urlpatterns += [
        path("sign-in/ldap/<slug:directory_name>", ldap.sign_in, name="ldap_login"),
        path("confirm/ldap/<slug:directory_name>", ldap.confirm, name="confirm_ldap"),
    ]
