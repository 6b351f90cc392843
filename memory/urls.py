"""Addresses of the dashboard, under `/memory/`."""

from typing import Any

from django.urls import URLPattern, path

from memory.views import (
    costs,
    exporting,
    forgetting,
    history,
    importing,
    knowledge,
    overview,
    pages,
    pausing,
    persona,
    segments,
    sharing,
    tiers,
    timeline,
    trait_list,
    trying,
)
from memory.views import knowledge_curating as curating
from memory.views import knowledge_list as lists
from memory.views.items import ItemView

AnyItemView = type[ItemView[Any]]

app_name = "memory"


def rows(kind: str, show: AnyItemView, edit: AnyItemView, delete: AnyItemView, forget: AnyItemView) -> list[URLPattern]:
    """Return the addresses of one row of a kind: to see, to edit, to delete, to forget."""
    base = f"<slug:assistant>/{kind}/<int:pk>"
    return [
        path(f"{base}/", show.as_view(), name=f"{kind}-row"),
        path(f"{base}/edit/", edit.as_view(), name=f"{kind}-edit"),
        path(f"{base}/delete/", delete.as_view(), name=f"{kind}-delete"),
        path(f"{base}/forget/", forget.as_view(), name=f"{kind}-forget"),
    ]


def switches(kind: str, **views: AnyItemView) -> list[URLPattern]:
    """Return the addresses that turn something of one row of a kind on or off, each by the name of its view."""
    base = f"<slug:assistant>/{kind}/<int:pk>"
    return [path(f"{base}/{name}/", view.as_view(), name=f"{kind}-{name}") for name, view in views.items()]


def together(
    kind: str, add: AnyItemView, bulk: AnyItemView, undelete: AnyItemView, merge: AnyItemView
) -> list[URLPattern]:
    """Return the addresses of what is done to facts beyond one row."""
    base = f"<slug:assistant>/{kind}"
    return [
        path(f"{base}/add/", add.as_view(), name=f"{kind}-add"),
        path(f"{base}/bulk/", bulk.as_view(), name=f"{kind}-bulk"),
        path(f"{base}/undelete/", undelete.as_view(), name=f"{kind}-undelete-all"),
        path(f"{base}/merge/", merge.as_view(), name=f"{kind}-merge"),
    ]


urlpatterns = [
    path("", overview.Home.as_view(), name="home"),
    path("<slug:assistant>/", overview.Overview.as_view(), name="overview"),
    path("<slug:assistant>/try/", trying.TryQuestion.as_view(), name="try"),
    path("<slug:assistant>/live/", overview.Live.as_view(), name="live"),
    path("<slug:assistant>/jobs/<int:pk>/retry/", overview.RetryJob.as_view(), name="job-retry"),
    path("<slug:assistant>/costs/", costs.CostsPage.as_view(), name="costs"),
    path("<slug:assistant>/learning/pause/", pausing.PauseLearning.as_view(), name="learning-pause"),
    path("<slug:assistant>/learning/resume/", pausing.ResumeLearning.as_view(), name="learning-resume"),
    path("<slug:assistant>/recall/pause/", pausing.PauseRecall.as_view(), name="recall-pause"),
    path("<slug:assistant>/recall/resume/", pausing.ResumeRecall.as_view(), name="recall-resume"),
    path("<slug:assistant>/timeline/", timeline.Timeline.as_view(), name="timeline"),
    path("<slug:assistant>/calls/<int:pk>/", timeline.ShowCall.as_view(), name="call"),
    path("<slug:assistant>/forget/", forgetting.ForgetEverything.as_view(), name="forget-everything"),
    path("<slug:assistant>/short-term/", tiers.ShortTerm.as_view(), name="short-term"),
    path("<slug:assistant>/segments/", segments.SegmentList.as_view(), name="segments"),
    path("<slug:assistant>/segments/<int:pk>/", segments.ShowSegment.as_view(), name="segment"),
    path("<slug:assistant>/segments/<int:pk>/state/", segments.SegmentState.as_view(), name="segment-state"),
    path("<slug:assistant>/segments/<int:pk>/analyse/", segments.AnalyseSegment.as_view(), name="segment-analyse"),
    path("<slug:assistant>/segments/<int:pk>/archive/", segments.ArchiveSegment.as_view(), name="segment-archive"),
    path("<slug:assistant>/segments/<int:pk>/restore/", segments.RestoreSegment.as_view(), name="segment-restore"),
    path("<slug:assistant>/segments/<int:pk>/forget/", forgetting.ForgetSegment.as_view(), name="segment-forget"),
    path("<slug:assistant>/pages/forget/", forgetting.ForgetPages.as_view(), name="pages-forget"),
    path("<slug:assistant>/pages/<int:pk>/", pages.ShowPage.as_view(), name="page"),
    path("<slug:assistant>/pages/<int:pk>/forget/", forgetting.ForgetPage.as_view(), name="page-forget"),
    path("<slug:assistant>/pages/<int:pk>/disable/", pages.DisablePage.as_view(), name="page-disable"),
    path("<slug:assistant>/pages/<int:pk>/enable/", pages.EnablePage.as_view(), name="page-enable"),
    path("<slug:assistant>/profile/", persona.ProfileList.as_view(), name="profile"),
    path("<slug:assistant>/profile/add/", persona.AddProfile.as_view(), name="profile-add"),
    *rows("profile", persona.ShowProfile, persona.EditProfile, persona.DeleteProfile, forgetting.ForgetProfile),
    *switches("profile", disable=persona.DisableProfile, enable=persona.EnableProfile),
    path("<slug:assistant>/traits/", trait_list.TraitList.as_view(), name="traits"),
    path("<slug:assistant>/traits/add/", trait_list.AddTrait.as_view(), name="traits-add"),
    *rows("traits", persona.ShowTrait, persona.EditTrait, persona.DeleteTrait, forgetting.ForgetTrait),
    *switches("traits", disable=persona.DisableTrait, enable=persona.EnableTrait),
    path("<slug:assistant>/knowledge/", lists.KnowledgeList.as_view(), name="knowledge"),
    *together(
        "knowledge",
        curating.AddKnowledge,
        curating.BulkKnowledge,
        curating.UndeleteAllKnowledge,
        curating.MergeKnowledge,
    ),
    path("<slug:assistant>/knowledge/<int:pk>/replace/", curating.ReplaceKnowledge.as_view(), name="knowledge-replace"),
    *rows(
        "knowledge",
        knowledge.ShowKnowledge,
        knowledge.EditKnowledge,
        knowledge.DeleteKnowledge,
        forgetting.ForgetKnowledge,
    ),
    *switches(
        "knowledge",
        disable=knowledge.DisableKnowledge,
        enable=knowledge.EnableKnowledge,
        pin=knowledge.PinKnowledge,
        unpin=knowledge.UnpinKnowledge,
        archive=knowledge.ArchiveKnowledge,
        unarchive=knowledge.UnarchiveKnowledge,
        reinstate=knowledge.ReinstateKnowledge,
        share=sharing.ShareKnowledge,
        withdraw=sharing.WithdrawKnowledge,
    ),
    path(
        "<slug:assistant>/assistant-knowledge/",
        lists.AssistantKnowledgeList.as_view(),
        name="assistant-knowledge",
    ),
    *together(
        "assistant-knowledge",
        curating.AddAssistantKnowledge,
        curating.BulkAssistantKnowledge,
        curating.UndeleteAllAssistantKnowledge,
        curating.MergeAssistantKnowledge,
    ),
    path(
        "<slug:assistant>/assistant-knowledge/<int:pk>/replace/",
        curating.ReplaceAssistantKnowledge.as_view(),
        name="assistant-knowledge-replace",
    ),
    *rows(
        "assistant-knowledge",
        knowledge.ShowAssistantKnowledge,
        knowledge.EditAssistantKnowledge,
        knowledge.DeleteAssistantKnowledge,
        forgetting.ForgetAssistantKnowledge,
    ),
    *switches(
        "assistant-knowledge",
        disable=knowledge.DisableAssistantKnowledge,
        enable=knowledge.EnableAssistantKnowledge,
        pin=knowledge.PinAssistantKnowledge,
        unpin=knowledge.UnpinAssistantKnowledge,
        archive=knowledge.ArchiveAssistantKnowledge,
        unarchive=knowledge.UnarchiveAssistantKnowledge,
        reinstate=knowledge.ReinstateAssistantKnowledge,
        approve=knowledge.ApproveKnowledge,
        decline=knowledge.DeclineKnowledge,
    ),
    *switches(
        "profile",
        lock=history.LockProfile,
        unlock=history.UnlockProfile,
        undelete=history.UndeleteProfile,
        restore=history.RestoreProfile,
    ),
    *switches(
        "traits",
        lock=history.LockTrait,
        unlock=history.UnlockTrait,
        undelete=history.UndeleteTrait,
        restore=history.RestoreTrait,
    ),
    *switches(
        "knowledge",
        lock=history.LockKnowledge,
        unlock=history.UnlockKnowledge,
        undelete=history.UndeleteKnowledge,
        restore=history.RestoreKnowledge,
    ),
    *switches(
        "assistant-knowledge",
        lock=history.LockAssistantKnowledge,
        unlock=history.UnlockAssistantKnowledge,
        undelete=history.UndeleteAssistantKnowledge,
        restore=history.RestoreAssistantKnowledge,
    ),
    path("<slug:assistant>/export/", exporting.Export.as_view(), name="export"),
    path("<slug:assistant>/export/memory.json", exporting.ExportJson.as_view(), name="export-json"),
    path("<slug:assistant>/export/memory.md", exporting.ExportMarkdown.as_view(), name="export-markdown"),
    path("<slug:assistant>/export/import/", importing.Upload.as_view(), name="import-upload"),
    path("<slug:assistant>/export/import/<int:pk>/", importing.ShowImport.as_view(), name="import"),
    path("<slug:assistant>/export/import/<int:pk>/confirm/", importing.ConfirmImport.as_view(), name="import-confirm"),
    path("<slug:assistant>/export/import/<int:pk>/retry/", importing.RetryImport.as_view(), name="import-retry"),
    path("<slug:assistant>/export/import/<int:pk>/cancel/", importing.CancelImport.as_view(), name="import-cancel"),
    path("<slug:assistant>/export/demo/load/", importing.LoadDemo.as_view(), name="demo-load"),
    path("<slug:assistant>/export/demo/remove/", importing.RemoveDemo.as_view(), name="demo-remove"),
]
