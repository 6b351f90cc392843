"""Words that stand for a person spoken to or of, in the languages people use most: where one of them stands in an
entry that other people will see, the entry is not about the assistant alone.

Left out are words that mean something harmless in a neighbouring language, English above all ("on", "ton", "ta").
"""

from memory.domain.lexical import words

_NOUNS = tuple(
    # One string reads, and changes, better than twenty quoted words.
    """user pengguna usuari usuári nutzer benutzer utilisateur utilisatrice utente utenti gebruiker kullanıcı użytkown
    пользовател користувач مستخدم المستخدم उपयोगकर्ता""".split()  # noqa: SIM905
)
"""Beginnings of "the user"."""

_PRONOUNS = frozenset(
    """you your yours yourself yourselves he him his himself she her hers herself them their theirs themself themselves
    dich dir dein deine deinem deinen deiner deines sie ihr ihre ihrem ihren ihrer ihres ihnen ihn ihm sein seine
    seinem seinen seiner seines euch euer eure
    tu tus tuyo tuya usted ustedes su sus suyo suya él ella ellos ellas vosotros vuestro vuestra
    vous votre vos toi tes tien tienne elle elles lui leur leurs ses
    tuo tua tuoi tue suo sua suoi sue lei loro voi vostro vostra
    você vocês teu teus tuas seu seus suas ele ela eles elas dele dela
    jij jou jouw uw hij haar jullie
    ты тебя тебе тобой твой твоя твоё твои вы вас вам вами ваш ваша ваше ваши он она его ее её ему ей ним ней их
    тебе твій твоя ви ваш ваша він вона його її йому їй
    ty ciebie tobie twój twoja twoje jego jej wasz
    sen senin sana siz sizin onun
    kamu anda kalian dia beliau bạn
    أنت أنتم هو هي له لها
    आप आपका आपकी तुम तुम्हारा वह उसका उसकी""".split()  # noqa: SIM905
)
_UNSPACED = (
    "你", "您", "他", "她", "用户", "用戶", "使用者", "あなた", "彼", "ユーザー", "사용자", "당신", "그녀", "คุณ",
)  # fmt: skip


def names_a_person(text: str) -> bool:
    """Say whether a text calls someone by pronoun or as "the user"."""
    spoken = {word.partition("'")[0] for word in words(text)}
    if spoken & _PRONOUNS or any(word.startswith(noun) for word in spoken for noun in _NOUNS if word):
        # "used", "useful", "usable" share no beginning with "user"; "username" is about one as well.
        return True
    return any(mark in text for mark in _UNSPACED)
