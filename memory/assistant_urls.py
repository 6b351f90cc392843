"""Addresses of assistants as such, under `/assistants/`."""

from django.urls import URLPattern, path

from memory.views.assistants import connecting

app_name = "assistants"

model = [
    path("<slug:assistant>/model/", connecting.AssistantModel.as_view(), name="model"),
    path("<slug:assistant>/model/test/", connecting.AssistantModelTest.as_view(), name="model-test"),
    path("<slug:assistant>/model/models/", connecting.AssistantModels.as_view(), name="model-list"),
    path("<slug:assistant>/model/disconnect/", connecting.AssistantModelDisconnect.as_view(), name="model-disconnect"),
]

urlpatterns: list[URLPattern] = [*model]
