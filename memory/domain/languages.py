"""Which language a text is in, by script, function words, letters and endings. Pure; knows no database.

A trained classifier (py3langid) is right a little more often and costs 77 MB of memory a process; measured in
docs/decisions.md. A wrong answer costs little here: a query is expanded to every language its memory holds.
"""

import re
from collections import Counter, defaultdict
from functools import lru_cache

from memory.domain.lexical import ELISION, fold, script_of, scripts_of, words
from memory.domain.stop_words import STOP_WORDS_BY_LANGUAGE

ENGLISH = "english"
_SAMPLE = 4000
"""Characters of a text that are looked at."""
_SURE = 1.3
"""Evidence from which a language other than English is believed; a word of one language only counts 1."""
_BEATS_ENGLISH = 1.25
_FOR_THE_SCRIPT = 0.3
"""Evidence a script other than Latin is for the language it is mostly written in."""
_LETTER = 0.3
_ENDING = 0.3

_KANA = re.compile("[\u3040-\u30ff]")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|\S+@\S+", re.DOTALL)

# English words of talk, too telling to be stop words: they keep "Take care!" from being read as Romanian.
_ENGLISH_TALK = """also always amazing back bye can care chat come day did enjoy even feel fun get glad go going gonna
    good got great guys happy has hear hey him hope idea just keep know last let like look lot love made make many men
    much need new nice now one pass people really right same say see so soon sounds sure take talk ten thank thanks
    them then thing think time travel try two want way week well wish work would wow yeah year yes yet""".split()  # noqa: SIM905

# Letters (or pairs of letters) that speak for some languages, where the function words of a short text may be silent.
_LETTERS = {
    "ß": "german",
    "äö": "german swedish finnish estonian",
    "ü": "german turkish hungarian estonian",
    "õ": "portuguese estonian",
    "ã": "portuguese",
    "å": "swedish danish norwegian",
    "æø": "danish norwegian",
    "ðþ": "icelandic",
    "ñ": "spanish",
    "ç": "french portuguese catalan turkish",
    "łążśźńć": "polish",
    "ę": "polish lithuanian",
    "řěů": "czech",
    "ľĺŕô": "slovak",
    "ý": "czech slovak icelandic",
    "šž": "czech slovak slovenian lithuanian latvian serbian",
    "č": "czech slovak slovenian lithuanian serbian",
    "đ": "serbian vietnamese",
    "őű": "hungarian",
    "ğşı": "turkish",
    "ăţț": "romanian",
    "ș": "romanian",
    "ėįų": "lithuanian",
    "āēīļķņģ": "latvian",
    "ĝĵŭĉŝĥ": "esperanto",
    "ŵŷ": "welsh",
    "ơưạếộấệảậ": "vietnamese",
    "àè": "french italian catalan",
    "ù": "french italian",
    "òï": "italian catalan",
    "ì": "italian",
    "êâ": "french portuguese",
    "é": "french spanish portuguese hungarian catalan",
    "áíóú": "spanish portuguese hungarian czech slovak icelandic irish",
    "î": "french romanian",
    "іїєґ": "ukrainian",
    "ыэё": "russian",
    "ъ": "bulgarian",
    "љњћђџј": "serbian",
    "پچگژ": "persian urdu",
    "کی": "persian urdu",
    "ٹڈڑںےہھ": "urdu",
    "ةيكىإأ": "arabic",
    "ײױװ": "yiddish",
    "ळ": "marathi",
}
_ENDINGS = {
    "finnish": "ssa ssä sta stä lla llä lta ltä lle nen een iin aan ään uus yys isen ksi vat vät sti mme tte",
    "estonian": "sse ste tud nud mine mise elt ast est sid gi",
    "hungarian": "nak nek ban ben val vel hoz hez ból ből ról ről tól től ság ség unk ünk",
    "turkish": "lar ler dan den yor mak mek lık lik ları leri ında inde acak ecek dım dim",
    "basque": "tzen aren etan arekin ean aren rekin tik tzea ak ek",
    "catalan": "ció ment itat",
    "spanish": "ción ciones dad mente",
    "portuguese": "ção ções dade mente",
    "italian": "zione zioni mente ità",
    "french": "tion eux euse ment",
    "german": "ung ungen keit heit lich isch",
    "dutch": "ijk heid ingen lijk",
    "swedish": "erna orna arna ning ligt",
    "danish": "erne hed ede",
    "norwegian": "ene ning het",
    "polish": "ość ych ego ami ach nie",
    "czech": "ého ích ých ání",
    "slovak": "ého ých ania ť",
    "serbian": "anje nost ima ama",
    "lithuanian": "as is us iai mas imas ės",
    "romanian": "ul ului ilor elor ție",
    "esperanto": "oj aj ojn ajn as os is on",
    "indonesian": "kan nya",
}

# Scripts of one language, or of one that all others are told apart from by their evidence.
_BY_SCRIPT = {
    "LATIN": ENGLISH,
    "CYRILLIC": "russian",
    "GREEK": "greek",
    "ARABIC": "arabic",
    "ARMENIAN": "armenian",
    "DEVANAGARI": "hindi",
    "TAMIL": "tamil",
    "HEBREW": "hebrew",
    "CJK": "chinese",
    "HIRAGANA": "japanese",
    "HANGUL": "korean",
}
_TO_CYRILLIC = [
    *(("lj", "љ"), ("nj", "њ"), ("dž", "џ"), ("đ", "ђ"), ("ć", "ћ"), ("č", "ч"), ("š", "ш"), ("ž", "ж")),
    *zip("abvgdezijklmnoprstufhc", "абвгдезијклмнопрстуфхц", strict=True),
]


def detect_language(text: str) -> str:
    """Return the language of a text: Snowball's name where it has a stemmer, else the English name in lower case.

    Latin text that is short or tells nothing is "english"; text without letters too. In a mixed text the script
    with most letters decides, code and addresses not counted. About 30 microseconds for a chat page.
    """
    scripts: Counter[str] = Counter()
    evidence: defaultdict[str, float] = defaultdict(float)
    # A word said twice tells no more: "My dog likes dogs. Good dog!" is not Danish.
    for word, count in Counter(words(_CODE.sub(" ", text[:_SAMPLE]))).items():
        script, weights = _evidence(word)
        scripts[script] += count * len(word)
        for language, weight in weights:
            evidence[language] += weight
    del scripts[""]
    if not scripts:
        return ENGLISH
    if scripts["HIRAGANA"]:
        scripts["HIRAGANA"] += scripts.pop("CJK", 0)
    script = max(scripts, key=scripts.__getitem__)
    fallback = _BY_SCRIPT.get(script, script.lower())
    if script != "LATIN":
        evidence[fallback] += _FOR_THE_SCRIPT
    fitting = {language: weight for language, weight in evidence.items() if script in scripts_of(language)}
    best = max(fitting, key=fitting.__getitem__, default=fallback)
    if script == "LATIN" and (fitting.get(best, 0.0) < _SURE or fitting[best] < _BEATS_ENGLISH * evidence[ENGLISH]):
        return ENGLISH
    return best


def _serbian_cyrillic(word: str) -> str:
    for latin, cyrillic in _TO_CYRILLIC:
        word = word.replace(latin, cyrillic)
    return word


def _word_weights() -> dict[str, tuple[tuple[str, float], ...]]:
    lists = {language: set(words(" ".join(found))) for language, found in STOP_WORDS_BY_LANGUAGE.items()}
    lists[ENGLISH].update(_ENGLISH_TALK)
    lists["serbian"].update(map(_serbian_cyrillic, tuple(lists["serbian"])))
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for language, found in lists.items():
        for word in found:
            holders[word].add(language)
    unaccented: defaultdict[str, set[str]] = defaultdict(set)
    for word, languages in holders.items():
        if (plain := fold(word)) not in holders:
            unaccented[plain] |= languages
    return {
        word: tuple((language, share / len(languages) ** 0.5) for language in sorted(languages))
        for found, share in ((holders, 1.0), (unaccented, 0.7))
        for word, languages in found.items()
    }


_WORDS = _word_weights()
_OF_LETTER = {letter: tuple(found.split()) for letters, found in _LETTERS.items() for letter in letters}
_OF_ENDING: dict[str, tuple[str, ...]] = {
    ending: tuple(language for language, found in _ENDINGS.items() if ending in found.split())
    for found in _ENDINGS.values()
    for ending in found.split()
}


@lru_cache(maxsize=65536)
def _evidence(word: str) -> tuple[str, tuple[tuple[str, float], ...]]:
    """Return the script of a word and what it says for which languages; Japanese counts as written in kana."""
    script = "HIRAGANA" if _KANA.search(word) else script_of(word)
    if word not in _WORDS:
        word = ELISION.sub("", word)
    if word in _WORDS:
        found: dict[str, float] = dict(_WORDS[word])
    else:
        found = {}
        for length in range(2, min(5, len(word) - 2) + 1):
            languages = _OF_ENDING.get(word[-length:], ())
            for language in languages:
                found[language] = _ENDING * length / 3 / len(languages) ** 0.5
    for letter in set(word) if not word.isascii() else ():
        languages = _OF_LETTER.get(letter, ())
        for language in languages:
            found[language] = found.get(language, 0.0) + _LETTER / len(languages) ** 0.5
    return script, tuple(found.items())
