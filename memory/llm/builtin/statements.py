"""Which of a person's sentences state something of them that will still matter in a year."""

import re

from memory.llm.builtin.text import is_content, prose, sentences, tokens
from memory.llm.builtin.vocabulary import GREETINGS, PETS, RELATIONS, SEVERAL_RELATIONS

_LONGEST = 45
"""Words; a longer sentence is a story, not a fact."""

_LEAD = re.compile(
    rf"^(?:(?:{GREETINGS}|also|and|but|so|plus|actually|honestly|personally|anyway|by the way|btw|fun fact|yes|"
    r"to be honest|in fact|as you know|lately|oh yeah|not much|same here|me too|still|besides|though|although)\b"
    r"[\s,:.!\-–]*)+",
    re.IGNORECASE,
)
_TIME_LEAD = (
    r"(?:(?:yesterday|today|tonight|last \w+|this \w+|next \w+|recently|lately|currently|nowadays|now|every \w+|"
    r"in (?:\w+ )?\d{4}|in [A-Z]\w+|on \w+(?: \w+)?|on my \w+|(?:\w+ )?\w+ (?:day|week|month|year)s? ago|these days|"
    r"for (?:the )?(?:past|last)? ?\w+ \w+|since \w+|after \w+|before \w+|growing up|as a (?:kid|child)),? )?"
)
_SPLIT = re.compile(
    r"\s*;\s+|\s+[-–—]+\s+|(?:,\s*|\s+)(?:and|but|so)\s+(?=(?:I|I'm|I've|I'll|I'd|my|we|we're|we've)\b)"
    r"|,\s+(?=(?:I|I'm|I've)\b)",
)
_SUBORDINATE = re.compile(
    r"^(?:if|when|whenever|while|since|because|as|although|though|after|before|until|unless|once|whether)\b",
    re.IGNORECASE,
)
_HYPOTHETICAL = re.compile(
    r"\b(?:I|we) (?:wish|wonder|guess|suppose|bet|doubt|assume|imagine|might|may|could|should|"
    r"would(?! (?:love|like)\b))\b"
    r"|\b(?:maybe|perhaps|imagine|suppose|what if|if I|if we|as if|let's|let me|would've|could've|should've)\b"
    r"|\bI'd (?!(?:love|like) to (?!know|hear|see|thank|say|ask|talk|think)|rather|been|had|never)",
    re.IGNORECASE,
)
_ADDRESSED = re.compile(r"\b(?:you|your|yours|yourself|you'\w+|ya|u|y'all|anda|kamu)\b", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”")
_FIRST_PERSON = re.compile(r"\b(?:I|I'\w+|my|we)\b")
_LONGEST_TITLE = 6
_POINTING = re.compile(
    r"\b(?:this|these|those)\b(?! (?:week|month|year|weekend|summer|winter|spring|fall|autumn|morning|friends|"
    r"days)\b)"
    r"|\b(?:called|named|titled) by\b",
    re.IGNORECASE,
)
# "I painted it", "I chose them": true once, meaningless in a list.
_DANGLING = re.compile(
    r"^(?:\w+ )?(?:I|we)(?:'\w+)? (?:\w+ly |also |just |even )*\w+ (?:to |on |in |for |of |with )?"
    r"(?:it|this|that|them|these|those|him|her|one|here|there)(?!-)\b(?! \w+(?:ing|ed)?\b(?<! after)(?<! 'cause))",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"\b(?:I|I'\w+|we|we'\w+|my [\w ]+ (?:is|are|was|has|loves?))\b|^(?:they|it|he|she|this|that|there)\b",
    re.IGNORECASE,
)

_ADVERBS = (
    r"(?:(?:also|always|never|no longer|really|just|still|now|currently|often|usually|sometimes|recently|actually|only|"
    r"even|already|absolutely|totally|definitely|mostly|mainly|finally|once|both|all|\w+ly|do|don't|didn't|have|haven't|"
    r"can|can't|cannot|will|used to|do not|did not|would|not|am|was|been|to|gonna|going to|so|too|kinda) )*"
)
_STRONG = (
    r"love|loved|like|liked|enjoy|enjoyed|hate|hated|dislike|prefer|preferred|adore|own|owned|adopt|adopted|"
    r"buy|bought|"
    r"visit|visited|travel|travell?ed|move|moved|live|lived|work|worked|study|studied|teach|taught|play|played|"
    r"practice|practise|practiced|learn|learned|learnt|plan|planned|dream|met|marry|married|divorced|graduated|built|"
    r"build|write|wrote|paint|painted|ran|joined|volunteer|volunteered|applied|won|lost|quit|retired|grew|"
    r"speak|drive|drink|eat|smoke|stopped \w+ing|"
    r"cook|cooked|bake|baked|collect|collected|swim|swam|hike|hiked|attend|attended|created|decided|chose|"
    r"transitioned|started|began|finished|opened|launched|published|performed|eat|drink|drank|smoke|exercise|read|"
    r"watch|watched|listen|suffer|suffered|broke|injured|hurt|named|founded|run|hosted|organized|organised|"
    r"signed|enrolled|passed|failed|competed|camped|climbed|explored|redecorated|renovated|sold|planted|designed|"
    r"released|recorded|developed|proposed|celebrated|was born|raised|got (?:married|engaged|divorced|promoted|hired|"
    r"fired|laid off|accepted|into|an? |my |the |some |two |new )|hope to|want to (?:become|be|learn|study|"
    r"move|travel|"
    r"visit|start|open|write|build|adopt|buy|get|run|work|create|help|make)|need (?:glasses|insulin|medication)|"
    r"have (?:an? |two |three |four |five |\d+ |been |no (?:kids|children|pets|siblings)|diabetes|asthma|adhd|"
    r"anxiety|"
    r"depression|kids|children|family|severe|chronic)|had (?:an? |my |surgery|to (?:move|quit|leave|sell))|"
    r"went (?:to|on|for|back|camping|hiking|skiing|swimming|surfing|fishing|sailing|biking|through|with|kayaking)|"
    r"go (?:to|on|for|camping|hiking|skiing|swimming|running|surfing|fishing|biking)|made (?:an? |the |my |"
    r"some |it to )|"
    r"took (?:an? |my |the |up |part|our |some )|found (?:an? |my |out )|gave (?:an? |my |up |birth)|attended|"
    r"ended up|signed up|set up|took up|gave up|came out|know (?:how to|\w+ for)|need to (?:avoid|take)"
)
_STATES = (
    r"(?:an? (?!bit|little|lot|few|big part|mess|good|great)|the (?:father|mother|owner|founder|head|oldest|"
    r"youngest)|"
    r"allergic|vegetarian|vegan|pescatarian|diabetic|married|single|divorced|engaged|pregnant|retired|bilingual|"
    r"left-handed|gay|lesbian|bisexual|trans\w*|queer|non-?binary|born|from [A-Z]|originally|afraid of|"
    r"scared of|into "
    r"|keen on|interested in|passionate about|good at|fluent|living|working (?:on|as|at|for|in|with|towards?)|"
    r"studying|learning|training|"
    r"planning|looking (?:for|into|to)|moving|getting (?:married|divorced|into)|writing|building|saving|"
    r"researching|starting|taking|"
    r"going to|gonna|teaching|volunteering|running|applying|preparing|painting|reading|creating|making|\d|raised|"
    r"named|dating|currently|considering|hoping to|expecting|attending|opening|practicing|playing|developing|on an? )"
)
_FACT = re.compile(
    rf"^{_TIME_LEAD}(?:(?:I|[Mm]y [\w' -]{{2,30}} and I|[Ww]e) {_ADVERBS}(?:{_STRONG})\b"
    rf"|(?:I'm|I am|I was|[Ww]e're|[Ww]e are|[Ww]e were) {_ADVERBS}{_STATES}"
    rf"|(?:I've|I have|[Ww]e've) (?:also |just |recently |always |never |already |been |finally |"
    rf"only )*(?:been|known|had|lived|worked|\w+ing\b|\w+ed\b|"
    r"taken|written|made|got|gotten|done|met|bought|begun|seen|read|won|lost)\b"
    r"|(?:I'll|we'll|We'll) (?:be \w+ing|start|begin|move|visit|go to|have|get|finish|graduate)\b"
    r"|I'd (?:also )?(?:love|like) to\b|I'd rather\b)",
    re.IGNORECASE,
)
_OWNED = (
    rf"{RELATIONS}|{SEVERAL_RELATIONS}|{PETS}|goal|dream|job|boss|company|business|store|shop|studio|birthday|hobby|"
    r"hobbies|passion|house|home|apartment|car|bike|degree|major|thesis|team|band|novel|blog|wedding|anniversary|"
    r"hometown|home ?country|name|allergy|allergies|doctor|guitar|piano|violin|church|childhood|condition|surgery|"
    r"(?:\w+ )?favou?rite(?: \w+){1,3}|biggest \w+|first \w+|new \w+|big \w+|next \w+|ex|best friend|"
    r"specialty|go-to(?: \w+)+"
)
_MINE = re.compile(
    rf"^{_TIME_LEAD}(?:my|our) (?:\w+ )?(?:{_OWNED})(?:'s name)?(?: [A-Z][\w'-]+)?(?: and (?:I|\w+))? "
    r"(?:\w+ly |also |just |always |now |recently |still )*"
    r"(?:is|are|was|were|has|have|had|loves?|likes?|hates?|enjoys?|prefers?|works?|lives?|died|passed|got|"
    r"moved|plays?|"
    r"turned|started|taught|gave|bought|made|means|wants?|won|studies|goes|went|collects?|graduated|helps|ran|"
    r"runs)\b",
    re.IGNORECASE,
)
# Talk that has the form of a fact: "I love it", "I had a great time", "I was a bit tired".
_TALK = re.compile(
    r"^(?:I|we)(?:'m| am| was|'re| are|'ve| have|'ll|'d)? (?:\w+ly |just |so |also |really )*(?:"
    r"(?:love|like|enjoy|hate|get|got|did|made|appreciate|know|need|want) (?:it|that|this|them|those|these|"
    r"how|the way|what|when|seeing|hearing)\b"
    r"|(?:love|like) to (?:hear|see|know|think)\b"
    r"|(?:have|had) (?:an?|so much|lots of|some|the|such an?) (?:\w+ly |really |pretty )?(?:great |good |"
    r"nice |awesome |lovely |amazing |wonderful |\w+ )?"
    r"(?:time|blast|fun|day|question|feeling|idea|point|lot|look|chat|moment|thought|go|ball|experience|great time)\b"
    r"|have (?:to|no)\b|got (?:the|a) chance\b|looking forward\b|been blessed\b|got (?:some|lots|loads)\b|"
    r"(?:got|get) (?:the|your) (?:point|idea|hang)|made my day|learn(?:ed)? a lot\b"
    r"|run into|ran into some|(?:been|be) (?:thinking|good|great|well|fine|doing|having|feeling|meaning|"
    r"keeping|up to|really|busy|swamped|loving|there)\b"
    r"|(?:not )?(?:gonna|going to) (?:keep|give|stay|let|be|make|do|show|chat|try|check|see|need|have)\b"
    r"|a (?:bit|little|(?:huge |big )?fan[.!]*$)|love too\b|reading as\b|been stumped\b|know (?:how (?:you|it|"
    r"much|hard)|what|that|you))",
    re.IGNORECASE,
)
_FOREIGN = re.compile(
    r"^(?:saya|aku) (?:sangat |suka |sudah |sedang |akan |tidak |juga )*(?:suka|bekerja|tinggal|punya|mempunyai|"
    r"membeli|pindah|belajar|kuliah|lahir|menikah|alergi|benci|ingin|bermain|mengajar|berasal)\b",
    re.IGNORECASE,
)


def is_question(sentence: str) -> bool:
    """Say whether a sentence asks."""
    return sentence.rstrip("\"'”’) ").endswith(("?", "？"))


def _title(found: re.Match[str]) -> str:
    """A short quotation is the title of something; a long one, or one that says "I", is someone's speech."""
    inside = found.group()[1:-1]
    speech = len(inside.split()) > _LONGEST_TITLE or _FIRST_PERSON.search(inside)
    return "" if speech else found.group()


def _clauses(sentence: str) -> list[str]:
    """Return the independent statements of a sentence; a clause that leans on another stays with it."""
    if _SUBORDINATE.match(sentence):
        return [sentence]
    parts: list[str] = []
    start = 0
    for split in _SPLIT.finditer(sentence):
        head = sentence[start : split.start()]
        # "My wife and I moved", "the day when I met her and I ...": only a whole statement is split off.
        if len(head.split()) > 1 and _WHOLE.search(head):
            parts.append(head)
            start = split.end()
    return [*parts, sentence[start:]]


def _without_names(sentence: str, names: frozenset[str]) -> str:
    """Return the sentence without the names by which it addresses someone."""
    for name in names:
        sentence = re.sub(rf",\s*{re.escape(name)}\b(?=\s*[.!?,…]|\s*$)|^{re.escape(name)}[,!]\s+", "", sentence)
    return sentence


def _is_lasting(clause: str) -> bool:
    if len(clause.split()) > _LONGEST or _ADDRESSED.search(clause) or _HYPOTHETICAL.search(clause):
        return False
    if _FOREIGN.match(clause):
        return True
    if _TALK.match(clause) or _DANGLING.match(clause) or _POINTING.search(clause):
        return False
    if not (_FACT.match(clause) or _MINE.match(clause)):
        return False
    return any(
        word.lower() in _LIFE_EVENTS or (is_content(word) and not _VERB_ALONE.fullmatch(word))
        for word in tokens(clause)[1:]
    )


_LIFE_EVENTS = frozenset({"married", "divorced", "engaged", "retired", "graduated", "promoted", "hired", "fired"})
_VERB_ALONE = re.compile(rf"(?:{_STRONG})", re.IGNORECASE)


def lasting_statements(message: str, names: frozenset[str] = frozenset()) -> list[str]:
    """Return the statements of a message that say something lasting of its writer, in the writer's words.

    No questions, no hypotheses, nothing that speaks of the person addressed (`names` are what they are
    called).
    """
    found: list[str] = []
    for sentence in sentences(prose(message)):
        if is_question(sentence):
            continue
        text = _without_names(_QUOTED.sub(_title, sentence), names)
        for clause in _clauses(_LEAD.sub("", text)):
            stripped = _LEAD.sub("", clause).strip(" ,")
            if stripped and _is_lasting(stripped):
                found.append(stripped)
    return found
