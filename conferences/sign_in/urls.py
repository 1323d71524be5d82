"""URLs of sign-in at the core application; ``config.urls_core`` includes them."""

from django.urls import path

from conferences.sign_in import views

urlpatterns = [
    path("sign-in", views.sign_in, name="sign-in"),
    path("signed-in", views.signed_in, name="signed-in"),
    path("sign-out", views.sign_out, name="sign-out"),
]
