"""Files that come into a memory: given, looked at, confirmed, watched. Demo data comes and goes here, too."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext, ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from memory.domain import imports
from memory.domain.demo import load_demo, remove_demo
from memory.domain.importing.files import most_bytes, too_big
from memory.exceptions import DemoLoaded, ImportFault, ImportNotOpen, ImportTooBig, NothingToForget
from memory.models import Import
from memory.views.base import DashboardRequest, MemoryView
from memory.views.exporting import ExportView
from memory.views.import_words import in_words
from memory.views.previews import done_in_words, kept_in_words

_FORM_BYTES = 10_000
"""What a form adds to the file in it."""


# The check for forgery reads the whole body; what is too big is to be refused before.
@method_decorator(csrf_exempt, name="dispatch")
class Upload(ExportView):
    """A file that somebody wants in their memory."""

    http_method_names = ["get", "post"]

    def get(self, request: DashboardRequest) -> HttpResponse:
        return redirect("memory:export", self.memory.assistant.slug)

    def post(self, request: DashboardRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > most_bytes() + _FORM_BYTES:
            return self.refused(too_big(int(length), most_bytes()), 413)
        return csrf_protect(lambda checked: self.take(cast("DashboardRequest", checked)))(request)

    def take(self, request: HttpRequest) -> HttpResponseBase:
        """Receive the file and lead to where it is looked at."""
        file = request.FILES.get("file")
        if file is None:
            return self.refused(ImportFault(gettext("Choose a file first.")), 422)
        try:
            upload = imports.receive(self.memory, file, file.name or "", by=self.person, language=get_language() or "")
        except ImportTooBig as error:
            return self.refused(error, 413)
        except ImportFault as error:
            return self.refused(error, 422)
        return redirect("memory:import", self.memory.assistant.slug, upload.pk)

    def refused(self, error: ImportFault, status: int) -> HttpResponse:
        """Show the page again with what is wrong with the file."""
        return self.page("memory/export.html", {**self.shown(), "fault": str(error)}, status)


class ImportView(MemoryView):
    """One import of the person's own."""

    section = "export"

    def upload(self, pk: int) -> Import:
        """Return the import. Raises Http404 for one of another memory."""
        return get_object_or_404(self.memory.imports.select_related("memory__assistant", "by"), pk=pk)

    def told(self, upload: Import) -> dict[str, Any]:
        return {"upload": upload, "told": in_words(upload), "seen": f"{upload.state}-{upload.done}"}


class ShowImport(ImportView):
    """How far an import is; asked for again and again while a worker has something to do."""

    http_method_names = ["get"]

    def get(self, request: DashboardRequest, pk: int) -> HttpResponse:
        upload = self.upload(pk)
        told = self.told(upload)
        if not request.htmx:
            return self.page("memory/import.html", told)
        if request.GET.get("seen") == told["seen"]:
            return HttpResponse(status=204)
        return self.fragment("memory/_import.html", {**told, "moved": True})


class ImportDeed(ImportView):
    """Something that is done to an import."""

    http_method_names = ["post"]

    def deed(self, upload: Import) -> Import:
        """Do it. Raises ImportNotOpen."""
        raise NotImplementedError

    def post(self, request: DashboardRequest, pk: int) -> HttpResponse:
        status, upload = 200, self.upload(pk)
        try:
            upload = self.deed(upload)
        except ImportNotOpen as error:
            status = 409
            messages.error(request, str(error))
        if request.htmx:
            return self.fragment("memory/_import.html", self.told(self.upload(pk)), status)
        if status == 409:
            return self.page("memory/import.html", self.told(self.upload(pk)), status)
        return redirect("memory:import", self.memory.assistant.slug, upload.pk)


class ConfirmImport(ImportDeed):
    """Go on with what was shown."""

    def deed(self, upload: Import) -> Import:
        return imports.confirm(upload, by=self.person)


class RetryImport(ImportDeed):
    """Go on with what has failed in the middle."""

    def deed(self, upload: Import) -> Import:
        return imports.retry(upload, by=self.person)


class CancelImport(ImportDeed):
    """End it."""

    def deed(self, upload: Import) -> Import:
        return imports.cancel(upload, by=self.person)


class LoadDemo(MemoryView):
    """Demo data into the person's own memory."""

    http_method_names = ["post"]
    section = "export"

    def post(self, request: DashboardRequest) -> HttpResponse:
        try:
            count = load_demo(self.memory, by=self.person)
            said = ngettext("Demo data is loaded: %(count)d page.", "Demo data is loaded: %(count)d pages.", count)
            messages.success(request, said % {"count": count})
        except DemoLoaded as error:
            messages.info(request, str(error))
        return redirect("memory:overview", self.memory.assistant.slug)


class RemoveDemo(MemoryView):
    """Demo data out of it again."""

    http_method_names = ["post"]
    section = "export"

    def post(self, request: DashboardRequest) -> HttpResponse:
        try:
            done = remove_demo(self.memory, by=self.person)
            told = [gettext("The demo data is gone: %(what)s.") % {"what": done_in_words(done)}]
            if done.kept:
                kept = gettext("Because you changed them, these stayed: %(what)s.")
                told.append(kept % {"what": kept_in_words(done)})
            messages.success(request, " ".join(told))
        except NothingToForget:
            messages.info(request, gettext("There is no demo data here (any more)."))
        return redirect("memory:overview", self.memory.assistant.slug)
