"""Sign-ins: ending them where somebody may not use the installation any more."""

from __future__ import annotations

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone


def end_sign_ins(user: User) -> int:
    """Delete a person's stored sessions, so that they are signed out everywhere and their sockets close; return how
    many there were. Reads every session: they do not say whose they are.
    """
    store = SessionStore()
    sessions = Session.objects.filter(expire_date__gt=timezone.now()).iterator(chunk_size=1000)
    theirs = [row.pk for row in sessions if store.decode(row.session_data).get(SESSION_KEY) == str(user.pk)]
    Session.objects.filter(pk__in=theirs).delete()
    return len(theirs)
