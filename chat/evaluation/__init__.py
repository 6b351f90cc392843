"""Measurements of the chat, for people who run or change it. Nothing of the product imports this."""
