"""Every address of the site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from memory.views.assistants import connecting
from memory.views.joining import Join
from memoryos_site import views
from memoryos_site.accounts.views import too_many_requests
from memoryos_site.languages import Catalogue

handler400 = views.bad_request
handler429 = too_many_requests  # allauth's; Django itself has none
handler500 = views.server_error

# Past the admin's own sign-in page, which knows no limits and no second step.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("chat.urls")),
    path("memory/", include("memory.urls")),
    path("assistants/", include("memory.assistant_urls")),
    path("join/<str:token>/", Join.as_view(), name="join"),
    path("admin/", admin.site.urls),
    path("accounts/", include("memoryos_site.accounts.urls")),
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
