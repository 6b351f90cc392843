"""Every address of the site."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path
from django.views.i18n import set_language

from memory.views.assistants import connecting
from memory.views.joining import Join
from memoryos_site import views
from memoryos_site.languages import Catalogue

handler400 = views.bad_request
handler500 = views.server_error

urlpatterns = [
    path("", include("chat.urls")),
    path("memory/", include("memory.urls")),
    path("assistants/", include("memory.assistant_urls")),
    path("join/<str:token>/", Join.as_view(), name="join"),
    path("admin/", admin.site.urls),
    path("accounts/login/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("settings/", views.settings_page, name="settings"),
    path("settings/model/", connecting.InstallationModel.as_view(), name="installation-model"),
    path("settings/model/test/", connecting.InstallationModelTest.as_view(), name="installation-model-test"),
    path("settings/model/models/", connecting.InstallationModels.as_view(), name="installation-model-list"),
    path(
        "settings/model/disconnect/",
        connecting.InstallationModelDisconnect.as_view(),
        name="installation-model-disconnect",
    ),
    path("language/", set_language, name="language"),
    path("i18n/<str:language>.js", Catalogue.as_view(), name="catalogue"),
    path("setup/<str:token>/", views.setup, name="setup"),
    path("healthz", views.healthz, name="healthz"),
]
