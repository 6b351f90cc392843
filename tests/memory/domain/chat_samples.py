"""Short chat pages in many languages, written for these tests; a blank line parts them."""

_SAMPLES = {
    "english": """
Hey! How was your weekend with the kids?

I adopted two dogs last month, they are called Rex and Luna.

Take care! Talk soon.

Can you remind me what the doctor said about my knee?

Wow, that sounds great! I'm so proud of you.

ok thanks

def main(): return None if not args else run(args)

My sister works as a nurse in Berlin and loves Kaffee und Kuchen.""",
    "german": """
Wir haben seit gestern zwei Hunde, sie heißen Rex und Luna.

Kannst du mir sagen, wann ich zum Zahnarzt muss?

Meine Schwester arbeitet als Krankenschwester in Paris und kommt im Mai zu Besuch.

Ich hab heute keine Lust zu kochen, was gibt es noch im Kühlschrank?

Das war ein toller Film! Hast du ihn auch schon gesehen?

Wie kann ich diese Funktion in Python schneller machen?
```python
for item in items: return item if not None else the_default
```

koennen wir uns naechste woche treffen? ich bin ab mittwoch wieder da

Danke dir, das hat mir sehr geholfen.""",
    "dutch": """
Ik heb gisteren een nieuwe fiets gekocht en hij rijdt heerlijk.

Kun je me eraan herinneren dat ik morgen naar de tandarts moet?

Mijn zus woont al drie jaar in Gent, ze werkt daar als lerares.

Wat vond je van het concert? Ik vond het echt geweldig.

We gaan in de zomer met de hele familie naar Zeeland.

Hoe laat komt de trein aan en wie haalt ons op?""",
    "french": """
J'ai adopté deux chiens la semaine dernière, ils s'appellent Rex et Luna.

Tu peux me rappeler ce que le médecin m'a dit pour mon genou ?

Ma sœur travaille à l'hôpital depuis trois ans et elle aime beaucoup ça.

Qu'est-ce qu'on mange ce soir ? Je n'ai pas envie de cuisiner.

C'était un très beau film, je l'ai vu deux fois.

je suis alle a l'ecole avec lui quand on etait petits

Merci beaucoup, c'est exactement ce que je cherchais.""",
    "spanish": """
Ayer adoptamos dos perros, se llaman Rex y Luna.

¿Me puedes recordar lo que dijo el médico sobre mi rodilla?

Mi hermana trabaja en un hospital desde hace tres años y le gusta mucho.

No tengo ganas de cocinar hoy, ¿qué hay en la nevera?

La película estuvo muy bien, la vimos dos veces.

que te parece si vamos al cine esta noche con los niños

Estoy aprendiendo a tocar la guitarra con mi primo.""",
    "italian": """
Ieri abbiamo adottato due cani, si chiamano Rex e Luna.

Mi puoi ricordare che cosa ha detto il medico del mio ginocchio?

Mia sorella lavora in ospedale da tre anni e le piace molto.

Non ho voglia di cucinare stasera, cosa c'è nel frigo?

Che bel film! L'ho visto due volte al cinema dell'università.

perche non andiamo al mare con i bambini questo fine settimana

Sto imparando a suonare la chitarra con mio cugino.""",
    "portuguese": """
Ontem adotamos dois cachorros, eles se chamam Rex e Luna.

Você pode me lembrar do que o médico disse sobre o meu joelho?

A minha irmã trabalha num hospital há três anos e gosta muito.

Não tenho vontade de cozinhar hoje, o que tem na geladeira?

O filme foi muito bom, já o vi duas vezes.

Estou aprendendo a tocar violão com o meu primo.

voce acha que a gente pode ir ao cinema com as criancas amanha""",
    "catalan": """
Ahir vam adoptar dos gossos, es diuen Rex i Luna.

Em pots recordar què va dir el metge del meu genoll?

La meva germana treballa en un hospital des de fa tres anys i li agrada molt.

No tinc ganes de cuinar avui, què hi ha a la nevera?

Estic aprenent a tocar la guitarra amb el meu cosí.""",
    "romanian": """
Ieri am adoptat doi câini, îi cheamă Rex și Luna.

Poți să-mi amintești ce a spus doctorul despre genunchiul meu?

Sora mea lucrează la spital de trei ani și îi place foarte mult.

Nu am chef să gătesc azi, ce mai avem în frigider?

Filmul a fost foarte bun, l-am văzut de două ori.""",
    "swedish": """
Igår skaffade vi två hundar, de heter Rex och Luna.

Kan du påminna mig om vad läkaren sa om mitt knä?

Min syster har jobbat på sjukhuset i tre år och hon trivs väldigt bra.

Jag orkar inte laga mat idag, vad finns det i kylen?

Filmen var jättebra, jag har sett den två gånger.""",
    "danish": """
I går fik vi to hunde, de hedder Rex og Luna.

Kan du minde mig om, hvad lægen sagde om mit knæ?

Min søster har arbejdet på hospitalet i tre år, og hun er meget glad for det.

Jeg gider ikke lave mad i dag, hvad er der i køleskabet?

Hvordan har du det efter din rejse til Aarhus?""",
    "norwegian": """
I går fikk vi to hunder, de heter Rex og Luna.

Kan du minne meg på hva legen sa om kneet mitt?

Søsteren min har jobbet på sykehuset i tre år, og hun trives veldig godt.

Jeg orker ikke å lage mat i dag, hva har vi i kjøleskapet?

Hvordan har du det etter turen til Bergen? Jeg har tenkt mye på deg.""",
    "finnish": """
Eilen meille tuli kaksi koiraa, niiden nimet ovat Rex ja Luna.

Voitko muistuttaa minua siitä, mitä lääkäri sanoi polvestani?

Siskoni on ollut sairaalassa töissä kolme vuotta ja hän pitää siitä kovasti.

En jaksa laittaa ruokaa tänään, mitä jääkaapissa on?

Elokuva oli todella hyvä, olen nähnyt sen kaksi kertaa.""",
    "estonian": """
Eile võtsime endale kaks koera, nende nimed on Rex ja Luna.

Kas sa saad mulle meelde tuletada, mida arst minu põlve kohta ütles?

Minu õde on kolm aastat haiglas töötanud ja talle meeldib seal väga.

Ma ei viitsi täna süüa teha, mis meil külmkapis on?""",
    "hungarian": """
Tegnap örökbe fogadtunk két kutyát, a nevük Rex és Luna.

Emlékeztetnél, hogy mit mondott az orvos a térdemről?

A nővérem három éve dolgozik a kórházban, és nagyon szereti.

Nincs kedvem ma főzni, mi van még a hűtőben?

Nagyon jó volt a film, már kétszer is láttam.""",
    "polish": """
Wczoraj adoptowaliśmy dwa psy, nazywają się Rex i Luna.

Możesz mi przypomnieć, co lekarz powiedział o moim kolanie?

Moja siostra pracuje w szpitalu od trzech lat i bardzo to lubi.

Nie chce mi się dzisiaj gotować, co jest w lodówce?

Film był bardzo dobry, widziałem go już dwa razy.""",
    "czech": """
Včera jsme si pořídili dva psy, jmenují se Rex a Luna.

Můžeš mi připomenout, co říkal doktor o mém koleni?

Moje sestra pracuje v nemocnici už tři roky a moc ji to baví.

Dnes se mi nechce vařit, co je ještě v lednici?

Ten film byl opravdu dobrý, viděl jsem ho dvakrát.""",
    "slovak": """
Včera sme si zaobstarali dvoch psov, volajú sa Rex a Luna.

Môžeš mi pripomenúť, čo povedal lekár o mojom kolene?

Moja sestra pracuje v nemocnici už tri roky a veľmi ju to baví.""",
    "serbian": """
Juče smo udomili dva psa, zovu se Reks i Luna.

Možeš li da me podsetiš šta je lekar rekao o mom kolenu?

Моја сестра ради у болници већ три године и то јој се веома свиђа.

Данас ми се не кува, шта има у фрижидеру?""",
    "slovenian": """
Včeraj smo posvojili dva psa, ime jima je Reks in Luna.

Me lahko spomniš, kaj je zdravnik rekel o mojem kolenu?

Moja sestra že tri leta dela v bolnišnici in ji je zelo všeč.""",
    "lithuanian": """
Vakar priglaudėme du šunis, jų vardai Reksas ir Luna.

Ar gali man priminti, ką gydytojas sakė apie mano kelį?

Mano sesuo jau trejus metus dirba ligoninėje ir jai labai patinka.

Šiandien nenoriu gaminti, kas yra šaldytuve?""",
    "latvian": """
Vakar mēs paņēmām divus suņus, viņus sauc Rekss un Luna.

Vai tu vari man atgādināt, ko ārsts teica par manu celi?""",
    "turkish": """
Dün iki köpek sahiplendik, adları Rex ve Luna.

Doktorun dizim hakkında ne dediğini bana hatırlatır mısın?

Kız kardeşim üç yıldır hastanede çalışıyor ve işini çok seviyor.

Bugün yemek yapmak istemiyorum, buzdolabında ne var?

Film çok güzeldi, onu iki kez izledim.""",
    "indonesian": """
Kemarin kami mengadopsi dua anjing, namanya Rex dan Luna.

Bisa ingatkan saya apa yang dokter katakan tentang lutut saya?

Adik saya sudah tiga tahun bekerja di rumah sakit dan dia sangat senang.

Hari ini aku tidak mau masak, ada apa di kulkas?""",
    "irish": """
Fuair muid dhá mhadra inné, Rex agus Luna atá orthu.

An féidir leat a mheabhrú dom cad a dúirt an dochtúir faoi mo ghlúin?

Tá mo dheirfiúr ag obair san ospidéal le trí bliana anuas.""",
    "basque": """
Atzo bi txakur hartu genituen, Rex eta Luna dira haien izenak.

Gogoratuko didazu zer esan zuen medikuak nire belaunari buruz?

Nire ahizpak hiru urte daramatza ospitalean lanean eta asko gustatzen zaio.""",
    "esperanto": """
Hieraŭ ni adoptis du hundojn, ili nomiĝas Rex kaj Luna.

Ĉu vi povas memorigi min pri tio, kion la kuracisto diris pri mia genuo?

Mia fratino laboras en hospitalo jam tri jarojn kaj ŝi tre ŝatas ĝin.""",
    "sesotho": """
Maobane re nkile dintja tse pedi, mabitso a tsona ke Rex le Luna.

Na o ka nkgopotsa hore ngaka e itseng ka lengole la ka?

Kgaitsedi ya ka o sebetsa sepetlele ka dilemo tse tharo mme o e rata haholo.""",
    "vietnamese": """
Hôm qua chúng tôi đã nhận nuôi hai con chó, tên là Rex và Luna.

Bạn có thể nhắc tôi bác sĩ đã nói gì về đầu gối của tôi không?""",
    "swahili": """
Jana tulichukua mbwa wawili, majina yao ni Rex na Luna.

Unaweza kunikumbusha daktari alisema nini kuhusu goti langu? Nina wasiwasi sana kwa sababu ya maumivu.""",
    "russian": """
Вчера мы взяли двух собак, их зовут Рекс и Луна.

Напомни мне, пожалуйста, что врач сказал про моё колено?

Моя сестра уже три года работает в больнице, и ей очень нравится.

Сегодня не хочу готовить, что есть в холодильнике?

Привет""",
    "ukrainian": """
Вчора ми взяли двох собак, їх звати Рекс і Луна.

Нагадай мені, будь ласка, що лікар сказав про моє коліно?

Моя сестра вже три роки працює в лікарні, і їй дуже подобається.""",
    "bulgarian": """
Вчера си взехме две кучета, казват се Рекс и Луна.

Можеш ли да ми напомниш какво каза лекарят за коляното ми?

Сестра ми работи в болницата от три години и много ѝ харесва.""",
    "greek": """
Χθες υιοθετήσαμε δύο σκύλους, τους λένε Ρεξ και Λούνα.

Μπορείς να μου θυμίσεις τι είπε ο γιατρός για το γόνατό μου;""",
    "arabic": """
أمس تبنينا كلبين، اسمهما ركس ولونا.

هل يمكنك أن تذكرني بما قاله الطبيب عن ركبتي؟

أختي تعمل في المستشفى منذ ثلاث سنوات وهي سعيدة جدا.""",
    "persian": """
دیروز دو تا سگ گرفتیم، اسم‌شان رکس و لونا است.

می‌توانی یادم بیندازی که دکتر درباره زانوی من چه گفت؟

خواهرم سه سال است که در بیمارستان کار می‌کند.""",
    "urdu": """
کل ہم نے دو کتے پالے، ان کے نام ریکس اور لونا ہیں۔

کیا آپ مجھے یاد دلا سکتے ہیں کہ ڈاکٹر نے میرے گھٹنے کے بارے میں کیا کہا تھا؟""",
    "hebrew": """
אתמול אימצנו שני כלבים, קוראים להם רקס ולונה.

אתה יכול להזכיר לי מה הרופא אמר על הברך שלי?""",
    "yiddish": """
נעכטן האבן מיר גענומען צוויי הינט, זיי הייסן רעקס און לונא.

קענסטו מיר דערמאנען וואס דער דאקטאר האט געזאגט וועגן מיין קני?""",
    "armenian": """
Երեկ երկու շուն վերցրինք, նրանց անունները Ռեքս և Լունա են։

Կարո՞ղ ես հիշեցնել, թե ինչ ասաց բժիշկը իմ ծնկի մասին։""",
    "hindi": """
कल हमने दो कुत्ते गोद लिए, उनके नाम रेक्स और लूना हैं।

क्या तुम मुझे याद दिला सकते हो कि डॉक्टर ने मेरे घुटने के बारे में क्या कहा था?""",
    "nepali": """
हिजो हामीले दुईवटा कुकुर ल्यायौं, तिनीहरूको नाम रेक्स र लुना हो।

डाक्टरले मेरो घुँडाको बारेमा के भन्नुभएको थियो, मलाई सम्झाउन सक्छौ?""",
    "tamil": """
நேற்று இரண்டு நாய்களை தத்தெடுத்தோம், அவற்றின் பெயர்கள் ரெக்ஸ் மற்றும் லூனா.

என் முழங்காலைப் பற்றி மருத்துவர் என்ன சொன்னார் என்று நினைவூட்ட முடியுமா?""",
    "chinese": """
昨天我们领养了两只狗，它们叫雷克斯和露娜。

你能提醒我医生怎么说我的膝盖吗？我用 Python 写了一个程序。""",
    "japanese": """
昨日、犬を二匹引き取りました。名前はレックスとルナです。

膝について医者が何と言ったか教えてくれる？""",
    "korean": """
어제 강아지 두 마리를 입양했어요. 이름은 렉스와 루나예요.

의사가 제 무릎에 대해 뭐라고 했는지 알려 줄래?""",
    "thai": """
เมื่อวานเรารับเลี้ยงสุนัขสองตัว ชื่อเร็กซ์กับลูน่า""",
    "georgian": """
გუშინ ორი ძაღლი ავიყვანეთ, მათ რექსი და ლუნა ჰქვიათ.""",
}
CHAT_SAMPLES = [(language, page) for language, text in _SAMPLES.items() for page in text.strip().split("\n\n")]
