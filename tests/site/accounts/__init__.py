"""Accounts: who gets in, how, and who is put out."""
