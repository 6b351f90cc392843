"""The set-up page of a new installation, the settings page, the pages of faults and the health check."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from memoryos_site import owner
from memoryos_site.accounts.person import signed_in_person
from memoryos_site.accounts.summary import account_summary
from memoryos_site.forms import InterfaceSection, Section
from memoryos_site.preferences import appearance

SECTIONS: tuple[type[Section], ...] = (InterfaceSection,)
"""What the settings page shows, in this order."""


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """Let the first person create the owner account and sign that person in; afterwards the link is void."""
    if not owner.setup_token_is_valid(token):
        raise Http404
    if owner.has_account():
        return render(request, "site/setup_over.html", status=410)
    form: UserCreationForm[User] = UserCreationForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return render(request, "site/setup.html", {"form": form}, status=200 if request.method == "GET" else 422)
    try:
        user = owner.create_owner(username=form.cleaned_data["username"], password=form.cleaned_data["password1"])
    except owner.OwnerExistsError:
        return render(request, "site/setup_over.html", status=410)
    login(request, user)
    return redirect("/")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    """Show what a person may set, section by section; save the section that was sent and show the page anew."""
    sections = [section(request) for section in SECTIONS]
    sent = next((section for section in sections if section.is_bound), None)
    if sent is None or not sent.is_valid():
        status = 422 if request.method == "POST" else 200
        context = {"sections": sections, "account": account_summary(signed_in_person(request))}
        return render(request, "site/settings.html", context, status=status)
    response = redirect("settings")
    sent.save(request, response)
    with translation.override(_language_after(request, response)):
        messages.success(request, translation.gettext("Saved."))
    return response


def _language_after(request: HttpRequest, response: HttpResponse) -> str:
    """Return the language of the page that the browser is sent to."""
    if cookie := response.cookies.get(settings.LANGUAGE_COOKIE_NAME):
        request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = cookie.value
    return translation.get_language_from_request(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what cannot be read, without asking the database who sent it."""
    return HttpResponse(render_to_string("400.html", appearance(request)), status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer after a fault of ours, which may be that the database is away."""
    return HttpResponse(render_to_string("500.html", appearance(request)), status=500)


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """Tell whether this process can serve: 200 when the database answers, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "the database does not answer"}, status=503)
    return JsonResponse({"status": "ok"})
