"""Word lists of the rules: what carries no topic, what is a name for someone, what people ask about."""


def word_set(words: str) -> frozenset[str]:
    """Return the words of a list written as people write one, between blanks."""
    return frozenset(words.split())


LIGHT_WORDS = word_set(
    """absolutely actually again ago agree ahead almost along already alright also always amaze amazed
    amazing another answer anymore anyone anything anyway around ask asked asking away awesome awhile
    awful back bad badly basically beautiful became become beginning behind believe best bet better big
    bit bring brings brought call called came can't cant care cause certain chance change check chill
    clear close come comes coming completely congrats congratulations cool could couple course crazy cute
    dang day days deal dear deep deeply definitely despite difference different doing dont done dude each
    early easy either else end enjoy enjoyed enjoying enough entire especially etc even evening ever
    every everyone everything exactly excited exciting experience extra fact fantastic far fast favorite
    favourite feel feeling feelings feels felt few find fine finally first five follow forget forgot
    forward found four free fun funny gave get gets getting gimme give given gives giving glad goes going
    gone gonna good goodbye gosh got gotta gotten grab great greet grow guess guy guys had haha half hand
    hang happen happened happening happens happy hard hardly hear heard heck hello help helped helpful
    helping helps hey high hmm hold hope hopefully hoping hot how's huge hundred idea imagine important
    impressive incredible indeed inspire inspired inspiring instead interesting it'd it'll journey just
    keen keep keeps kept kidding kind kinda kindness knew know known knows large last late lately later
    least leave left less let lets lighten like liked likes literally little lol long longer look looked
    looking looks lot lots love loved lovely loves loving lucky made main make makes making man many
    matter may maybe mean meaningful means meant meet might mind moment moments month months morning
    mostly move much must name near nearly need needed needs never new next nice night nope nothing
    nowadays obviously often okay old omg one ones oops open order others otherwise part particular pass
    past people perfect perfectly perhaps person pic pick picture pics photo photos place plan plans
    please plus point positive possible power powerful pretty probably proud put question quick quite
    rather reach read ready real realize realized really reason recent recently remember reminder reminds
    right say saying says second see seeing seem seemed seems seen sense set several shall share shared
    sharing she'd show showed shown side since small somehow someone something sometimes somewhere soon
    sorry sort sound sounds special spend spent stand start started starting starts stay still story
    stuff stunning such super supportive sure sweet take taken takes taking talk talked talking tell
    telling terrific than thank thankful thanks that'll that'd thing things think thinking thinks third
    thoughts thought thousand thrilled through ton tons time times today together told tomorrow tonight
    took top totally touch toward towards tried tries true truly try trying turn turned two type ugh
    unbelievable understand unique upon use used useful uses using usual usually value various vibe vibes
    wait wanna want wanted wanting wants way ways week weekend weeks weird welcome well went what'd
    whatever whenever wherever whether whole wish within without woman wonder wonderful won't word words
    world worth would wow yay yeah year years yep yes yesterday yet you'd yup monday tuesday wednesday
    thursday friday saturday sunday now busy swamped phew worked whoa appreciate cherish thankfully
    nicely xx apologize per via yang dan di ke dari untuk dengan saya aku kamu anda ini itu ada tidak
    bukan akan sudah apa"""
)
"""Words of talk. They are no keywords, no topics, and no object that makes a fact worth keeping."""

GREETINGS = (
    "hey|hi|hello|thanks|thank you|thx|wow|yeah|yep|yup|yes|no|nope|ok|okay|bye|goodbye|congrats|congratulations|"
    "sorry|sure|absolutely|definitely|exactly|totally|totally agree|good morning|good evening|good night|aw|aww|"
    "oh|ah|hmm|well|cheers|dear|great|nice|cool|awesome|right|true|agreed|woohoo|yay|haha|lol|no worries|"
    "no problem|of course|no doubt|bro|dude|man"
)

RELATIONS = (
    "wife|husband|spouse|partner|girlfriend|boyfriend|fiance|fiancee|fiancé|fiancée|mother|mom|mum|mama|father|dad|"
    "papa|daughter|son|kid|child|baby|brother|sister|sibling|twin|grandmother|grandma|grandfather|grandpa|aunt|"
    "uncle|cousin|niece|nephew|roommate|flatmate|best friend|mother-in-law|father-in-law|stepson|stepdaughter"
)
SEVERAL_RELATIONS = "kids|children|daughters|sons|brothers|sisters|parents|siblings|twins|grandparents"
PETS = (
    "dog|cat|puppy|pup|kitten|kitty|hamster|rabbit|bunny|parrot|bird|horse|pony|turtle|tortoise|goldfish|fish|snake|"
    "lizard|gecko|guinea pig|ferret|labrador|retriever|poodle|beagle|bulldog|terrier|shepherd|corgi|dachshund|husky"
)

NOT_NAMES = word_set(
    """american english british irish scottish welsh french german dutch spanish italian portuguese greek
    turkish russian ukrainian polish czech swedish norwegian danish finnish indian pakistani chinese
    japanese korean thai vietnamese indonesian malaysian filipino australian canadian mexican brazilian
    argentinian egyptian nigerian kenyan african asian european arab jewish muslim christian catholic
    buddhist hindu atheist swiss austrian belgian israeli iranian latino latina hispanic monday tuesday
    wednesday thursday friday saturday sunday january february march april may june july august september
    october november december i the a an my your our her his their this that it its we you he she they
    god ok okay lgbtq lgbtq+ ai it's not so very really just currently now also here there back sorry
    glad happy sure fine good great well tired sick busy going trying looking working living based from
    in on at allergic married single divorced engaged vegan vegetarian retired pregnant afraid interested
    christmas easter halloween thanksgiving covid english-speaking both all always never still and but or
    if when"""
)

LANGUAGES = (
    "English|French|German|Dutch|Spanish|Italian|Portuguese|Greek|Turkish|Russian|Ukrainian|Polish|Czech|Swedish|"
    "Norwegian|Danish|Finnish|Hindi|Urdu|Bengali|Tamil|Telugu|Mandarin|Cantonese|Chinese|Japanese|Korean|Thai|"
    "Vietnamese|Indonesian|Malay|Tagalog|Arabic|Hebrew|Persian|Farsi|Swahili|Hungarian|Romanian|Catalan|Welsh|"
    "Irish|Javanese|Sundanese|Bahasa Indonesia|Sign Language|ASL"
)

PROFESSIONS = (
    "accountant|actor|actress|analyst|animator|architect|artist|assistant|astronaut|attorney|author|baker|banker|"
    "barber|barista|bartender|biologist|bookkeeper|builder|butcher|carer|carpenter|cashier|ceo|chef|chemist|cleaner|"
    "clerk|coach|composer|consultant|contractor|cook|copywriter|counselor|counsellor|courier|cto|curator|dancer|"
    "dentist|designer|developer|dietitian|director|doctor|driver|economist|editor|electrician|engineer|entrepreneur|"
    "farmer|filmmaker|firefighter|fisherman|florist|founder|freelancer|gardener|geologist|guard|guide|hairdresser|"
    "headteacher|historian|illustrator|instructor|interpreter|investor|janitor|journalist|judge|lawyer|lecturer|"
    "librarian|lifeguard|machinist|magician|manager|marketer|mathematician|mechanic|midwife|miner|model|musician|"
    "nanny|novelist|nurse|nutritionist|officer|operator|optician|painter|paralegal|paramedic|pastor|pharmacist|"
    "photographer|physicist|pianist|pilot|plumber|poet|policeman|policewoman|politician|postman|potter|priest|"
    "principal|producer|professor|programmer|psychiatrist|psychologist|realtor|receptionist|recruiter|reporter|"
    "researcher|retailer|sailor|salesman|saleswoman|salesperson|scientist|screenwriter|sculptor|seamstress|"
    "secretary|seller|shopkeeper|singer|social worker|soldier|specialist|statistician|stylist|surgeon|surveyor|"
    "tailor|teacher|technician|tester|therapist|trader|trainer|translator|tutor|undertaker|vet|veterinarian|"
    "videographer|waiter|waitress|warehouse worker|webmaster|welder|writer|yoga teacher|zookeeper|student|intern|"
    "apprentice|pensioner|homemaker|housewife|stay-at-home mom|stay-at-home dad"
)

ASKED_ABOUT: dict[str, str] = {
    "occupation": "job work working worked occupation career profession employer employed employment company "
    "business boss colleague office salary hire pekerjaan kerja bekerja",
    "location": "home live living lives city location address town country place where reside moved move "
    "neighbourhood neighborhood apartment house origin from born grow hometown tinggal rumah kota",
    "name": "name called call who nama",
    "family": "family wife husband spouse partner girlfriend boyfriend kid kids child children son daughter mother "
    "mom mum father dad parents brother sister sibling married relationship relatives cousin aunt uncle "
    "keluarga istri suami anak",
    "pets": "pet pets dog cat puppy kitten animal animals hamster rabbit parrot horse hewan",
    "birthday": "birthday age old born birth years umur usia",
    "diet": "food foods eat allergy allergies allergic diet vegetarian vegan meal dish cook cooking makanan",
    "interests": "hobby hobbies interest interests interested like likes love loves enjoy enjoys passion hobi suka",
    "language": "language languages speak speaks fluent tongue",
    "health": "health sick illness doctor medication injury hospital allergic",
    "study": "study studies studying university college school degree course class learn learning education",
    "travel": "trip travel travels travelled vacation holiday visit visited abroad journey",
}
"""Groups of words people use for one thing when they ask what is remembered of it."""
