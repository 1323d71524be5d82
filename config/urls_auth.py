"""URLs of the auth origin: sign-in, authorization requests, account page."""

from allauth.account import views as allauth_views
from django.urls import path

from config.health import health, readiness
from config.probes import trusted
from kmf.authorization import device_views, enrolment_views, views
from kmf.authorization.directory import views as directory
from kmf.authorization.room_code import views as room_code

urlpatterns = [
    path("", views.account, name="account"),
    path("authorize", views.authorize, name="authorize"),
    path("sign-in", allauth_views.login, name="account_login"),
    path("confirm", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("sign-out", allauth_views.logout, name="account_logout"),
    path("inactive", allauth_views.account_inactive, name="account_inactive"),
    path("end-everywhere", views.everywhere, name="account_end_everywhere"),
    path("end-device/<int:grant_id>", device_views.end_own_device, name="end_own_device"),
    path("accounts", device_views.accounts, name="accounts"),
    path("accounts/<str:account_id>", device_views.one_account, name="one_account"),
    path("accounts/<str:account_id>/end-device/<int:grant_id>", device_views.end_device_of, name="end_device_of"),
    path("accounts/<str:account_id>/end-everywhere", device_views.end_account, name="end_account"),
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
