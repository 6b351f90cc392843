"""The fixed sentences of the built-in responder, in the languages it speaks, and how to know them again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from memory.domain.languages import ENGLISH as LANGUAGE_WHERE_UNSURE
from memory.domain.languages import detect_language
from memory.llm.builtin.dates import written_day

NAME = "built-in responder"


@dataclass(frozen=True, slots=True)
class Wording:
    """One language's sentences. `{day}` is a day as people write it there."""

    hello: str
    invitation: str
    remembered: str
    nothing: str
    noted: str
    not_kept: str
    paused: str
    no_model: str
    nothing_to_add: str
    you_said: str
    i_said: str
    you_said_here: str
    i_said_here: str
    profile: str
    knowledge: str
    about_me: str
    months: tuple[str, ...] = ()

    def day(self, day: date) -> str:
        """Return a day as people write it: 8 May 2023, 8 Mei 2023."""
        return f"{day.day} {self.months[day.month - 1]} {day.year}" if self.months else written_day(day)

    @property
    def openings(self) -> tuple[str, ...]:
        """How its answers begin."""
        return self.remembered, self.nothing, self.noted, self.not_kept, self.paused, self.hello


ENGLISH = Wording(
    hello="Hello!",
    invitation="Tell me something to remember, or ask what I remember.",
    remembered="Here is what I remember:",
    nothing="I don't remember anything about that.",
    noted="Thank you for telling me. I'll remember it.",
    not_kept="Thank you for telling me. This conversation adds nothing to my memory.",
    paused="Learning is paused, so I don't keep this. You can resume it where you see my memory.",
    no_model="No language model is connected, so I can only quote what you have told me.",
    nothing_to_add=" That was all.",
    you_said="On {day} you said",
    i_said="On {day} I said",
    you_said_here="Earlier in this conversation you said",
    i_said_here="Earlier in this conversation I said",
    profile="From your profile",
    knowledge="I noted",
    about_me="About me",
)
INDONESIAN = Wording(
    hello="Halo!",
    invitation="Ceritakan sesuatu untuk saya ingat, atau tanyakan apa yang saya ingat.",
    remembered="Inilah yang saya ingat:",
    nothing="Saya tidak ingat apa pun tentang itu.",
    noted="Terima kasih sudah memberi tahu. Saya akan mengingatnya.",
    not_kept="Terima kasih sudah memberi tahu. Percakapan ini tidak menambah apa pun ke memori saya.",
    paused="Pembelajaran dijeda, jadi saya tidak menyimpan ini. Anda dapat melanjutkannya di halaman memori saya.",
    no_model="Belum ada model bahasa yang terhubung, jadi saya hanya dapat mengutip apa yang pernah Anda katakan.",
    nothing_to_add=" Hanya itu.",
    you_said="Pada {day} Anda berkata",
    i_said="Pada {day} saya berkata",
    you_said_here="Tadi dalam percakapan ini Anda berkata",
    i_said_here="Tadi dalam percakapan ini saya berkata",
    profile="Dari profil Anda",
    knowledge="Saya catat",
    about_me="Tentang saya",
    months=tuple("Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split()),  # noqa: SIM905
)
_BY_LANGUAGE = {"indonesian": INDONESIAN}
# Words that no English text has; a greeting is too short for the detector.
_SURELY_INDONESIAN = re.compile(r"\b(?:halo|selamat|saya|aku|kamu|terima kasih|tolong)\b", re.IGNORECASE)
_OPENINGS = tuple(opening for wording in (ENGLISH, INDONESIAN) for opening in wording.openings)


def wording_for(text: str) -> Wording:
    """Return the sentences in the language in which somebody speaks, English where it is not spoken here."""
    if _SURELY_INDONESIAN.search(text) and detect_language(text) == LANGUAGE_WHERE_UNSURE:
        return INDONESIAN
    return _BY_LANGUAGE.get(detect_language(text), ENGLISH)


def is_builtin_answer(text: str) -> bool:
    """Say whether the built-in responder wrote this: then it only quotes memory and teaches nothing new."""
    return text.startswith(_OPENINGS)
