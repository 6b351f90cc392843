"""The addresses of accounts: ours first, allauth's for the rest."""

from allauth.mfa.totp.views import activate_totp
from django.urls import include, path
from django.views.decorators.cache import never_cache

from memoryos_site.accounts import views

urlpatterns = [
    path("login/", views.SignInView.as_view(), name="account_login"),
    path("signup/", views.SignUpView.as_view(), name="account_signup"),
    path("password/reset/", views.PasswordResetView.as_view(), name="account_reset_password"),
    path("email/", views.EmailView.as_view(), name="account_email"),
    path("delete/", views.DeleteAccountView.as_view(), name="account_delete"),
    path("sessions/", views.SessionsView.as_view(), name="usersessions_list"),
    path("sessions/<int:pk>/end/", views.EndSessionView.as_view(), name="session-end"),
    # It shows the secret.
    path("2fa/totp/activate/", never_cache(activate_totp), name="mfa_activate_totp"),
    path("2fa/", include("allauth.mfa.urls")),
    path("", include("allauth.account.urls")),
]
