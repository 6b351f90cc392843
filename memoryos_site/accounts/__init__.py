"""Accounts: signing up and in, passwords, two-step sign-in and sessions, on top of django-allauth."""
