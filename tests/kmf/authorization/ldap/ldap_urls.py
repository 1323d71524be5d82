"""The auth origin's URLs with those of an instance that asks an LDAP directory."""

from django.urls import path

from config.urls_auth import urlpatterns as usual
from kmf.authorization.ldap import views

urlpatterns = [
    *usual,
    path("sign-in/ldap/<slug:directory_name>", views.sign_in, name="ldap_login"),
    path("confirm/ldap/<slug:directory_name>", views.confirm, name="confirm_ldap"),
]
