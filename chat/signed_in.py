"""Whether somebody is still signed in, for sockets: they outlive the request that opened them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone
from django.utils.crypto import constant_time_compare

_SESSION = """
    SELECT session.session_data, person.password
    FROM django_session AS session, auth_user AS person
    WHERE session.session_key = %s AND session.expire_date > %s AND person.id = %s AND person.is_active"""


def is_signed_in(user_id: int, session_key: str | None) -> bool:
    """Tell whether a session is a person's, has not ended, and is of their present password. One query.

    What `django.contrib.auth.get_user` asks in two, with instances; sockets ask it at each look.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SESSION, [session_key, timezone.now(), user_id])
        row = cursor.fetchone()
    if row is None:
        return False
    session_data, password = row
    return holds(session_data, password, user_id)


def holds(session_data: str, password: str, user_id: int) -> bool:
    """Tell whether a stored session is that of a person with this (hashed) password."""
    session = SessionStore().decode(session_data)
    if session.get(SESSION_KEY) != str(user_id):
        return False
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    person, known = User(pk=user_id, password=password), str(session.get(HASH_SESSION_KEY, ""))
    hashes = (person.get_session_auth_hash(), *person.get_session_auth_fallback_hash())
    return any(constant_time_compare(known, one) for one in hashes)
