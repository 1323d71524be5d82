"""The auth origin's URLs with that of an instance that has a company's provider."""

from django.urls import path

from config.urls_auth import urlpatterns as usual
from kmf.authorization.company.logout_views import back_channel_logout

urlpatterns = [*usual, path("sign-in/with/<slug:provider_id>/logout", back_channel_logout)]
