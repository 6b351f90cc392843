"""The set-up page of a new installation and the health check."""

from django.contrib.auth import login
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from memoryos_site import owner


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
