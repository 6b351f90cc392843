"""Function words by language: what a text is recognised by, and what is not worth an index entry.

Every word is case-folded as `lexical.words` does it. The lists hold articles, pronouns, prepositions, conjunctions,
auxiliary verbs and question words only; a word that also names a thing ("été", "sommer") is left out.
"""

# Strings read, and change, better than thousands of quoted words.
_LISTS = {
    "english": """
        a about above after again against all am an and any are aren't as at be because been before being below
        between both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each
        few for from further had hadn't has hasn't have haven't having he he'd he'll he's her here here's hers herself
        him himself his how how's i i'd i'll i'm i've if in into is isn't it it's its itself let's me more most
        mustn't my myself no nor not of off on once only or other ought our ours ourselves out over own same shan't
        she she'd she'll she's should shouldn't so some such than that that's the their theirs them themselves then
        there there's these they they'd they'll they're they've this those through to too under until up very was
        wasn't we we'd we'll we're we've were weren't what what's when when's where where's which while who who's whom
        why why's will with won't would wouldn't you you'd you'll you're you've your yours yourself yourselves
    """,
    "german": """
        aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bin bis bist da
        dabei damit dann das dass dein deine deinem deinen deiner dem den denn der des dich die dies diese diesem
        diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwas euch euer für gegen
        gewesen hab habe haben hast hat hatte hatten hier hin ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins
        ist ja jede jedem jeden jeder jedes jetzt kann kannst kein keine keinen können könnte mal man manche mehr mein
        meine meinem meinen meiner mich mir mit muss müssen nach nicht nichts noch nun nur ob oder ohne sehr sein
        seine seinem seinen seiner seit sich sie sind so soll sollte sondern sonst über um und uns unser unsere unter
        viel vom von vor wann war waren warst warum was weil welche welcher wenn wer werde werden wie wieder will wir
        wird wirst wo wollen worden wurde wurden während zu zum zur zwar zwischen
    """,
    "dutch": """
        aan al alle alles als altijd andere ben bent bij daar dan dat de der deze die dit doch doen door dus een eens
        en er ge geen geweest haar had hadden heb hebben hebt heeft hem het hier hij hoe hun iemand iets ik in is ja
        je jij jou jouw jullie kan kon kunnen kunt maar me meer men met mij mijn moet moeten mogen na naar niet niets
        nog nou nu of om omdat onder ons onze ook op over reeds te tegen toch toen tot u uit uw van vanaf veel voor
        waar waarom wanneer want waren was wat we wel welke werd wezen wie wij wil willen worden wordt zal ze zelf
        zich zij zijn zo zonder zou zouden zullen
    """,
    "french": """
        ai aie ainsi alors après as assez au aucun aucune aura aurais aussi autre autres aux avais avait avant avec
        avez avoir avons beaucoup bien c car ce ceci cela celle celles celui ces cet cette ceux chaque chez comme
        comment d dans de depuis des dont du elle elles en encore entre es est et étais étaient était étant êtes être
        eu eux fait fut il ils j jamais je l la là laquelle le lequel les leur leurs lui m ma mais me même mes moi mon
        n ne ni nos notre nous on ont ou où par parce pas pendant peu peut peux plus pour pourquoi pourrais qu quand
        que quel quelle quelles quels qui quoi rien s sa sans se sera serait ses si sinon soi soit sommes son sont
        sous souvent suis sur t ta tandis te tes toi ton toujours tous tout toute toutes très trop tu un une va vers
        veux voici voilà vos votre vous vraiment y ça
    """,
    "spanish": """
        a ahora al algo alguien algún alguna algunas algunos allí ante antes aquel aquella aquí así aún aunque bien
        cada como cómo con contra cual cuál cuando cuándo de del desde donde dónde dos durante e el él ella ellas
        ellos en entonces entre era eran eres es esa esas ese eso esos esta está estaba estado están estar estas este
        esto estos estoy fue fueron fui ha había habían han has hasta hay he hemos la las le les lo los más me mi mí
        mientras mis mucha mucho muchos muy nada ni no nos nosotros nuestra nuestro nunca o os otra otras otro otros
        para pero poco por porque puede puedo pues que qué quien quién quiero se sea ser si sí sido siempre sin sobre
        solo sólo somos son soy su sus también tampoco tan tanto te tengo tenía ti tiene tienen tienes toda todas todo
        todos tu tú tus un una unas uno unos usted va voy y ya yo
    """,
    "italian": """
        a abbiamo ad adesso agli ai al alla alle allo allora anche ancora avere aveva avevo avevano avete bene c che
        chi ci ciò coi col come con contro cosa così cui d da dagli dai dal dalla dalle dallo degli dei del della
        delle dello dentro di dopo dove e è ed era erano eravamo ero essere fa fino fra fu già gli ha hai hanno ho i
        il in io l la le lei li lo loro lui ma me mentre mi mia mie miei mio molta molti molto ne negli nei nel nella
        nelle nello niente no noi non nostra nostro nulla o ogni oppure per perché perciò però più poco poi possiamo
        posso prima può qua quale quali qualche quando quanto quella quelle quelli quello questa queste questi questo
        qui quindi s sarà se sei sempre senza si sì sia siamo siete solo sono sopra sotto sta stata stato stati sto su
        sua sue sugli sui sul sulla sulle suo suoi t te ti tra troppo tu tua tue tuo tuoi tutta tutte tutti tutto un
        una uno vi voi voglio vostra vostro
    """,
    "portuguese": """
        a à agora ainda algo alguém algum alguma ali ao aos apenas aquela aquele aquilo aqui as às até bem cada com
        como contra da daquele das de dela dele deles depois desde dessa desse desta deste disso do dos e é ela elas
        ele eles em então entre era eram essa essas esse esses esta está estão estar estava estavam este estes estive
        estou eu foi fomos for foram fui há isso isto já la lhe lhes lo mais mas me mesmo meu meus minha minhas muita
        muito muitos na nada não nas nem nenhum nessa nesse nesta neste no nos nós nossa nosso num numa nunca o onde
        os ou outra outras outro outros para pela pelas pelo pelos pode por porque porquê posso pouco pra pro qual
        quando quanto que quem quê quero se seja sem sempre ser será seu seus só sobre somos sou sua suas também tão
        te tem têm tenho ter teu tinha toda todas todo todos tu tua tudo um uma umas uns vai você vocês vos vou
    """,
    "catalan": """
        a abans això al algú alguna als altra altre altres amb amic aquest aquesta aquestes aquests aquell aquella
        aquí ara així bé cada com contra d da dalt de del dels des després dins doncs el ella elles ells em en encara
        ens entre era eren eres és ésser està estan estic et fa faig fer fins ha havia han has hauria he hem heu hi ho
        i ja jo l la les li llavors llur lo m ma mai malgrat massa més meu meus meva meves mentre molt molta molts n
        ni no nosaltres nostra nostre o on per perquè però poc podem potser puc qual quan quant que què qui s sa
        sempre sense ser seu seus seva seves si sí sóc sobre som són sota sou t també tan tant té teu teva tinc tot
        tota totes tots tu un una unes uns us va vaig van vam vas volen vosaltres vostra vostre vull
    """,
    "romanian": """
        a abia acea aceasta această aceea acel acela acele acesta aceste acești acolo acum ai aia aici al ale alt alta
        am ar are aș așa asta astfel asupra ați atât atunci au avea aveam avem avut bine ca că când care cât câte
        către ce cea cei cel cele cine cineva cu cui cum da dacă dar de deci deja deoarece departe despre din după ea
        ei el ele era eram erau este ești eu există face fără fi fie fiecare fost iar îi il îl îmi în încă înainte
        între își îți la le li lor lui mă mai mea mei mele mereu meu mi mult multe mulți ne ni nici nimeni nimic niște
        noastră noi nostru nu o ori pe pentru peste poate pot prea prin sa să sau se si și sînt spre sub sunt suntem
        sunteți ta tău te ți toate tot toți totuși tu un una unde unei unii unor unu unui va vă voi vom vor vreau vrei
    """,
    "swedish": """
        alla allt andra att av bara blev bli blir de dem den denna deras dess det detta dig din dina ditt du där då
        efter ej eller en er era ett från få får för förut gick gör göra ha hade han hans har henne hennes hon honom
        hur här i icke igen in inga ingen inget innan inte ja jag ju kan kom kommer kunde lite man med mellan men mig
        min mina mitt mot mycket ned nej ni nog nu någon något några när och också om oss på samma sedan sen sig sin
        sina sitt själv ska skall skulle som så sådan till under upp ut utan vad var vara varför varit varje vem vi
        vid vilja vilka vill vilken vår våra vårt är än även åt över
    """,
    "danish": """
        fik gik ad af aldrig alle alt altid at bare begge blev blive bliver da de dem den denne der deres det dette
        dig din dine disse dit dog du efter ej eller en end er et flere for fordi fra få får før godt gøre gør ham han
        hans har havde have hej hende hendes her hos hun hvad hvem hver hvilken hvis hvor hvordan hvorfor hvornår i
        igen ikke ind ingen intet ja jeg jer jeres jo kan kom kommer kunne lidt man mange med meget mellem men mig min
        mine mit mod må ned nej noget nogen nogle nok nu når og også om op os over på selv sig sin sine skal skulle
        som sådan så til ud uden under var ved vi vil ville vores være været
    """,
    "norwegian": """
        veldig fikk gikk alle alt andre at av bare begge ble blei bli blir da de deg dem den denne der dere deres det
        dette di din disse ditt du eg ein eit eller en enn er et ett etter for fordi fra få får før gjør gjøre ha
        hadde han hans har hei hennes henne her hos hun hva hvem hver hvilken hvis hvor hvordan hvorfor i igjen ikke
        ikkje ingen inn ja jeg jo kan kom kommer kunne litt man mange med meg meget mellom men mer min mine mitt mot
        mye må nei noe noen nok nå når og også om opp oss over på seg selv sin sine sitt skal skulle slik som så til
        um under ut uten var ved vel vi vil ville vår våre vært være
    """,
    "icelandic": """
        að af allt annað bara eða ef eftir ég ein einn eitt ekki en engin enn er eru frá fyrir hann hans hefur hér hjá
        hún hvað hvar hver hvernig í með meira mér mig minn mín mjög nú og okkur sem sér sig sína sinn sitt svo til um
        upp var vera verið við vil það þá þar þau þegar þeir þeirra þess þessi þetta þér þið þú því á án át yfir
    """,
    "finnish": """
        aina ei eikä ein eivät eli emme en enemmän ennen entä ette että ettei hän hänellä hänen hänet he heidän hei
        heille hyvin ihan ilman itse ja jälkeen jo joita joka jonka jos joskus jossa jota jotain jotka joku joo kai
        kaikki kanssa kaksi kerran keskellä kiitos koko koska koskaan kuin kuinka kuitenkin kuka kun kuten kyllä lähes
        liian lisäksi me meidän meillä meille mikä miksi millä millainen milloin minä minua minulla minun minulle
        minut minkä missä mistä mitä mitään mihin moni mukaan mun mutta muu muut myös mä ne näin nämä niiden niin
        niitä noin nyt oikein ole olen olemme olet oletko oli olin olisi olivat olla ollut on onko ovat paljon pitää
        pois se sekä sen siellä siihen siinä siis siitä sillä silti sinä sinulla sinun sitä sitten sun tai tähän tämä
        tämän tässä tästä tätä te teidän tuo vain vaikka vielä voi voin voisi ympäri yli
    """,
    "estonian": """
        aga ainult alati all ega ehk ei et ette ennast enne ent ees hea igal iga ikka ilma ise ja jah järel juba
        juures ka kas kellele kelle kes kogu koos kui kuid kuidas kuigi kus küll läbi ma mida miks mille millal
        milline mina mind minu minul minule mis mitte mu mul mulle muidu mõni mõned nad nagu nende need neid nii ning
        nüüd ole oled oleks oleme olen oli olid olin olla olnud oma on palju pärast peab pean peale pole praegu saab
        saan sa sai see seda sel selle selles sellest selline sest siin siis sina sind sinu sinna sisse su sul sulle
        ta tahan tal talle te teda teie tema temal tuleb vaid vastu veel vist või väga välja üks üle
    """,
    "hungarian": """
        a abban ahhoz ahogy ahol aki akik akkor alatt amely amelyek ami amikor amit annak arra attól át az azért azok
        azon azonban azt aztán azzal be belül benne biztosan csak de e ebben egy egyik együtt el elég ellen előtt én
        engem ennek ennyi erre ez ezek ezen ezért ezt ezzel fel felé ha hanem hát hogy hogyan hol honnan ide igen is
        itt jól ki kell kellett kérem két kicsit köszönöm között közül le legyen lehet lenne lesz lett ma magát már
        más meg mellett melyik mert mi miatt miért mikor milyen mind minden mindig mint mit most ne néha nekem neked
        neki nekünk nélkül nem nincs nagyon olyan ők ön ő össze őt rá rajta sem semmi soha sok szerint te téged több
        tudom úgy után vagy vagyok vagyunk való van vannak velem veled vele vissza volna volt voltak voltam
    """,
    "polish": """
        a aby ale albo ani az aż bardzo bez bo by być był była było były będzie będę chcę ci ciebie cię co coś czego
        czemu czy czyli dla dlaczego dlatego do gdy gdzie go i ich ile im ja jak jaka jaki jakie jako je jego jej jemu
        jest jestem jesteś jeszcze jeśli jeżeli już każdy kiedy kto która które którego której który których którzy
        lub ma mają mam mamy masz mi między mną mnie mój moja moje mogę może można mu my na nad nam nami nas nasz
        nasza nawet nic nich nie niego niej nigdy nim niż o od on ona oni ono oraz po pod ponieważ poza przed przez
        przy raz również są sam się skąd swoje swój ta tak taka taki takie tam te teraz też tego tej tem temu ten to
        tobie tobą toteż tu twoja twoje twój ty tych tylko tym u w was wam wasz we więc właśnie wszystko wszystkie wy
        z za zawsze ze żaden że żeby
    """,
    "czech": """
        a aby ale ani ano asi až bez bude budeme budou budu by být byl byla byli bylo byly bych bychom co což či další
        dnes do ho i já jak jaké jako jaký je jeho jej její jejich jen ještě ji jí jim jinak jiné jsem jsi jsme jsou
        jste k kam každý kde kdo kdy když ke která které který kteří kterou má mají mám máme máš mě mezi mi mít mně
        mnou moc mohl mohu může můžu můj moje my na nad nám námi nás náš naše ne nebo nebyl než nic nich něco někdo
        nějak nějaký není nevím o od on ona oni ono pak po pod podle pokud potom pouze právě pro proč proto protože
        před přes při s se si snad sobě své svůj ta tak také takže tam tato tě tebe ted teď ten tento to toho tohle
        tom tomu toto tu tuto tvůj ty tyto u už v vám vás váš vaše ve více všechno všichni však vy vždy z za zde ze že
    """,
    "slovak": """
        a aby ako aj ale alebo ani asi až bez bol bola boli bolo bude budem by byť čo či ďalší do ešte ho hoci i iba
        ich im ja je jeho jej kde každý kto ktorá ktoré ktorý keď k ku ma má majú mám máme mať medzi mi mne mnou môj
        moja moje môže môžem my na nad nám nás náš naša nie než nič niečo o od on ona oni po pod podľa potom prečo
        pred pri pre preto pretože s sa sám si som ste sme sú svoj svoje ta tak takže tam táto ten tento teraz tie
        tiež to toho tom tomu toto tu tvoj ty u už v vám vás váš veľmi viac však všetko vy vždy z za že
    """,
    "serbian": """
        a ako ali bez bih bila bile bili bilo bio bismo biste bi biti bude budem ću će ćemo ćeš čak čega do dok da
        danas dobro ga gde gdje hoće i iako ih ili im iz ipak ja je jedan jedna jedno jer jesam jesi još kad kada kako
        kao kod koga koja koje koji koju ko kojeg kojih li mi me meni mene mnogo mogu može moj moja moje mora mu na
        nad nakon nam nas naš naša ne nego neka neki nešto ni nije nikad nisam nisi nismo nisu ništa nju njega njegov
        njen njih o od on ona onda oni ono oko pa po pod posle poslije pre pred prema pri prije sa sada sam samo se
        sebe si smo ste su svaki sve svi svoj šta što ta tada taj tako tamo te tebe tebi ti to toga toj tom tu tvoj u
        uz uvek uvijek vam vas vaš već veoma vi vrlo za zar zašto zato zbog zna žao
    """,
    "slovenian": """
        a ali ampak bi bil bila bili bilo biti bo bodo bom boš brez da do dokler ga gre h i iz imam ima in ja jaz je
        jih jim kadar kaj kako kakor kam kar kateri katera katero kdaj kdo ker ki kje ko kot lahko le me med mene meni
        mi moj moja moje moram mu na nad naj nam nas naš ne nekaj ni nič nisem nismo niso njegov njen njih o ob od on
        ona oni pa po pod potem pred pri prav pri proti s sam samo se sem sebi si smo so ste svoj ta tako tam te tega
        tej tem ti tisti to tudi tukaj tvoj u v vam vas vedno več vendar vi vse vsak z za zakaj zato zdaj zelo že
    """,
    "lithuanian": """
        aš ant apie ar arba bet beveik bus būti būtų bei buvau buvo buvę čia dabar dar daug dėl dėka ė gal gali galiu
        gerai ir iš iki į jai jam jau jei jeigu ji jie jiems jis jo jos jų juos jums jūs juk ką kad kada kai kaip kam
        kas kiek kiekvienas kita kitas kodėl kol koks kokia kur kuri kurie kurio kuris kurių labai mane man manęs mano
        mes mums mus mūsų mūsų nei nėra nebuvo ne nebe nes net niekada nieko nors nuo o pas paskui pat per po prie
        prieš sau sava savo su tai taip taigi tame tas tau tavo tave ten ta tie tiek tik to todėl tokia toks tos tu
        turi turiu turėjau tuo tuos už vėl viena vienas visada visai visas visi vis viskas yra šį ši šiandien šis šio
        šios
    """,
    "latvian": """
        ar arī bet bez bija biju būs būt caur dažreiz dēļ es esam esmu gan ir it jau ja jā kā kad kam kas kāds kāpēc
        ko kur kura kuri kurš labi ļoti man mani manis mans mēs mums mūsu nav ne nekad nē no nu pa pār par pat pēc pie
        pirms pret redz sev šis šī šo tā tad tādēļ tāpēc tagad tam tas tev tevi tie tikai to tomēr tu tur un uz vai
        vairāk vēl viņa viņam viņi viņš visi viss zem
    """,
    "turkish": """
        acaba ama ancak artık aslında az bana bazı belki ben bence beni benim bir biraz birçok birkaç biz bize bizi
        bizim böyle bu buna bundan bunu bunun bunlar burada çok çünkü da daha dahi de defa değil değilim diye dolayı
        en eğer evet fakat gibi göre hala hangi hani hatta hem henüz hep hepsi her herkes hiç için ile ise işte kadar
        karşı kendi kez ki kim kime kimse kimin mı mi mu mü misin mısın nasıl ne neden nerede nereye niye niçin o olan
        olarak oldu olduğu olduğunu olmak olur on ona ondan onlar onları onların onu onun orada oysa önce pek rağmen
        sadece sana sanki sen senden seni senin siz size sizi sizin sonra şey şimdi şöyle şu şunu tamam tüm üzere var
        vardı ve veya ya yani yok yoksa zaten
    """,
    "indonesian": """
        ada adalah agar akan aku anda antara apa apakah atas atau bagaimana bahwa banyak baru beberapa begitu belum
        berapa bisa boleh bukan dalam dan dapat dari dengan dia di dulu hanya harus hingga ini itu jadi jangan jika
        juga kah kalau kalian kami kamu karena kata ke kenapa kepada ketika kita lagi lain lalu lebih maka mana masih
        mau memang mengapa mereka mungkin namun nggak nya oleh orang pada paling para pernah pula pun saat saja sama
        sambil sampai sana sangat saya sebagai sebab sebelum sebuah sedang sedikit sehingga sejak sekali sekarang
        selalu semua seorang seperti serta sering setelah setiap siapa sini situ suatu sudah supaya tak tanpa tapi
        telah tentang terhadap tersebut tetapi tidak untuk ya yaitu yang
    """,
    "vietnamese": """
        anh ấy bạn bao bị bởi các cái cả cần càng chỉ chị cho chưa chúng có cô con còn cũng của cùng cứ dù dưới đã
        đang đâu đây để đến đều đi đó được em gì giờ hay hãy họ hoặc hơn không khi là lại làm lên lúc mà mình mới một
        mỗi muốn này nào nên nếu ngay nhất như nhưng những nó nơi nữa ở phải qua quá ra rằng rất rồi sao sau sẽ tại
        thì theo thế thôi tôi trên trong trước từ và vẫn vào về vì với vừa
    """,
    "swahili": """
        alikuwa ambao ambaye au baada bado basi bila cha hadi hajui haki halafu hapa hapana hata hayo hii hili hilo
        hivyo hiyo hizi huko huku hivi huyo huyu je jinsi juu kabisa kabla kama kati katika kila kitu kubwa kuhusu
        kule kuna kutoka kuwa kwa kwake kwamba kwamba kwani kwenye kweli la lakini lake leo mimi moja mengi mna mpaka
        na namna nami nani ndani ndiyo ndio ni nimekuwa nilikuwa nina ninataka nini nje pamoja pia sana sasa si sisi
        tu wa wakati wangu wako wake watu wao wapi wetu wewe wote ya yako yake yangu yao yeye yote za zake zaidi
    """,
    "tagalog": """
        ako aking amin ang ano anong at ay ayaw ba bakit dahil dapat din dito doon gusto hindi ibang ito iyan iyon
        isang ka kami kanila kanilang kanya kanyang kapag kaya kayo ko kung lahat lamang lang mga may mayroon mo muna
        na naman namin nang narito nasa natin ng ngayon nga ni nila nito niya niyang noon opo pa paano pala para pero
        po rin sa saan sabi saka sila sino siya sobrang sya tayo tulad tungkol upang wala walang yung
    """,
    "afrikaans": """
        aan al alles as baie by daar dan dat deur die dis dit een ek elke en ensovoorts gaan gee geen het hier hoe hom
        hulle hy in is ja jou jy julle kan maar me meer met moet my na nee net nie niks nog nou of om ons ook op oor
        self sal se sy so sonder te toe tot uit van vir voor waar wanneer want was wat weer wees wie wil word wou
    """,
    "welsh": """
        a ac am ar arall at beth bod bydd byddai chi chwi cael dal dan dim dw dyma dy ein ei eich er eu fe fel fi fod
        fy gan gyda hefyd hi hon hwn hynny i iawn mae maen mewn mi mor na nac nad ni nid nhw o oedd oes ond os pa pam
        pan pob pwy roedd rwy rwyf rydw rydym sut sy sydd ti trwy tua un wedi wrth y ydw ydy ydyn yma yn yng yna yno
        yr yw
    """,
    "irish": """
        a abair ach ag agam agat againn aige aici acu agus an ann anois anseo ansin ar aon arís as bhfuil bhí bíonn
        beidh b'fhéidir cá cad cathain cé céard chuig chun conas dá dár de den deir do don dom duit dúinn dó é éigin
        eile fad faoi fós gach gan go gur í iad idir ina inar is le leat léi leis liom linn ma má mar maith mé mo mór
        muid ná nach ní níl níor nó nuair ó os roimh sa san sé seo sí siad sibh sin sinn siúd sna sular tá tar táim
        tríd tú uaim um ba bhfuair raibh rud
    """,
    "basque": """
        al ala ari arte asko bada badut bai baina baino baizik bat batean baten batzuk behar berdin bere berriro beste
        bestea beti bezala da dago daude dela den denean dira direla dituzte ditut dizut du duen dugu dute duela dut
        duzu edo egin egon ere esan eta ez ezin eztaere gabe gaur gara gehiago gero gertatu gu gure gutxi haien hala
        han hara hau hauek hemen hor hori horiek horrela hura inoiz izan izango izaten ja jada kontra lehen lortu naiz
        nago nahi nahiz ni nik nintzen nire nola non nor noiz orain ordea oso pean zait zaitut zara zen zer zergatik
        zein ziren zuen zuten zuek zu zure
    """,
    "esperanto": """
        aliaj alia almenaŭ ambaŭ ankaŭ ankoraŭ antaŭ apud aŭ ĉar ĉe ĉi ĉio ĉiu ĉiuj ĉiam ĉu da de dum do eble eĉ
        ekster el en estas estis estos estus esti for ĝi ĝia ĝis ĝin ha havas havis hieraŭ hodiaŭ ia ial iam ie iel
        ili ilia ilin inter io iu ja jam je jes ju ĵus ke kia kial kiam kie kiel kien kies kio kion kiu kiuj kiun
        kontraŭ krom kun kvankam la laŭ li lia lin mem mi mia miaj mian min malgraŭ multe nek nenio nenion neniam
        neniu ni nia niaj nin ne nu nun nur ol oni per plej pli plu po por post povas povis preskaŭ preter pri pro se
        sed sen si sia sian ŝi ŝia ŝin sub super sur tamen tia tiam tie tiel tien tio tion tiu tiuj tiun tra trans tre
        tro tuj vi via viaj vin
    """,
    "sesotho": """
        a ba bile bo bona bohle e ea eena eka ena eno ho hona hape hae haholo ha hang haufi hore ya yena ja joalo
        joang joale jwale jwang ka kapa ke kea kena ko kwana la le lena leha li lona ma me mme mo mona moo na ne neng
        nna ntho ntle ng o oa oona pele rona sa se sena seo tla tlang tsa tse tsena tseo tsona u uena wa wena wona
        feela empa ebile ene bang batho
    """,
    "russian": """
        а без более больше будет будто бы был была были было быть в вам вас весь вдруг ведь во вот впрочем все всегда
        всего всех всю вы где да даже для до другой его ее ей ему если есть еще ж же за зачем здесь и из или им иногда
        их к как какая какой какие когда конечно которая которые который кто куда ли лучше между меня мне много может
        можно мой моя мои мы на над надо наш наша не него нее ней нельзя нет ни нибудь никогда ним них ничего но ну о
        об один он она они оно опять от очень перед по под после потом потому почему почти при про раз разве с сам
        свою свой себе себя сегодня сейчас со совсем так такой там тебе тебя тем теперь то тогда того тоже только том
        тот тут ты у уж уже хоть хочу чего чем через что чтобы чуть эта эти это этого этой этом этот эту я кажется
        хорошо
    """,
    "ukrainian": """
        а або але би був була були було бути в вас вам вже ви він від вона вони воно все всі всього де для до дуже є ж
        за з зі завжди зараз його й і із ій їй їм їх їхній та так також там тебе теж ти тим тобі тоді той того тому те
        ця ці це цей цього цьому що щоб щось у уже на над навіть нам нас наш не нема немає ні ніколи нічого ну о ось
        під після по при про перед потім саме свій свою себе собі сьогодні тут тільки хто хоча через чи чого чому ще
        як яка який які якщо якого коли кого куди ми мене мені мій моя мої може можна можу має маю більше без бо до
        між хочу
    """,
    "bulgarian": """
        а аз ако ала бе без беше би бих била били било бил бъде в вас ваш ви вие все всеки всички всичко във върху г
        ги го да дали до докато дори едва един една едно е ето за зад защо защото и из или им има имам искам й как
        каква какво какъв като кога когато кой която които който колко към ли май ме между мен мене ми много мога може
        моя моят му на над най нас наш не него нещо нея ни ние никога никой нищо но няма няколко обаче около от отново
        още по повече под после почти пред през при само се сега си са съм със сме сте само след също така такъв там
        тази те тези ти този то това тогава той толкова трябва тук ту тя тях у че често ще щом я
    """,
    "greek": """
        α αλλά αν ανάμεσα αντί απ από απο άρα αυτά αυτές αυτή αυτήν αυτό αυτοί αυτόν αυτός αυτού αυτούς αφού αχ για
        γιατί δε δεν δηλαδή δικό δικός δίχως εάν εγώ εδώ είμαι είμαστε είναι είσαι είχα είχαμε είχαν είχε εκεί εκείνη
        εκείνο εκείνος εμάς εμείς εμένα ένα έναν ένας εντάξει ενώ εξ έξω επειδή επί έπειτα εσάς εσείς εσένα εσύ έτσι
        έχει έχεις έχετε έχουμε έχουν έχω ή ήδη ήμουν ήταν η θα ίσως και κάθε καθώς και κάποια κάποιος κάποτε κάτι
        κατά κι κιόλας λοιπόν μα μας με μέσα μετά μέχρι μη μην μια μία μόνο μου μπορεί μπορώ να ναι ξανά ο οι όλα όλες
        όλη όλο όλοι όμως όπου όπως όσο όταν ότι ού ούτε όχι πάλι πάντα πάρα παρά πια πιο ποια ποιο ποιος ποτέ πότε
        πού που πολύ πριν προς πρέπει πώς πως σ σαν σας σε σου στα στη στην στις στο στον στους σήμερα τα τη την της
        τι τις το τόσο τότε του τους τώρα των τον τίποτα υπάρχει υπό χθες χωρίς ως ώστε θέλω
    """,
    "arabic": """
        أبدا إذا إلا إلى أم أما أمام أن أنا أنت أنتم أنها أنه إن إنها إنه أو أي أيضا أين أكثر الآن الذي الذين التي الى
        اليوم امس ان او اي بعد بعض بل بين به بها تحت تلك ثم جدا حتى حول حيث حين خلال دون ذلك رغم سوف ضد عليها عليه على
        علي عن عند عندما عندي غير فقط فوق في فيه فيها قبل قد كان كانت كذلك كل كلها كما كم كنت كيف لأن لا لدي لدى لذلك
        لقد لك لكن لكي له لها لهم لم لماذا لن لنا لو لي ليس ليست ما ماذا متى مثل مع من منذ منه منها نحن نعم هذا هذه هل
        هم هنا هناك هو هي و وقد ولا وهو وهي يا يكون يمكن يجب
    """,
    "persian": """
        آن آنها آنجا اش اگر اما امروز ام اند او ای ایم این اینجا اینکه با باید بار بدون بر برای بسیار بعد بله به بود
        بودم بودند بوده بی بیشتر بین پس پیش تا تو توانم تر ترین جا چرا چطور چند چه چون چیز چیزی حتی خود خودم خواهد
        خواهم خوب خیلی داد دارد دارم داری دارند داشت داشتم در درباره دو دیگر دیگه را رو روی زیر سپس شاید شد شده شما
        شود طور فقط قبل کجا کدام کرد کردم کردن کرده کسی کند کنم کنند که کی گر گفت ما مثل من می میشه نمی نه نیز نیست
        نیستم ها های هر هرگز هم همان همه همین همیشه هنوز هیچ هست هستم هستند و وقتی ولی یا یک یکی است
    """,
    "urdu": """
        آپ اب اس اسے اگر ان اور ایک بھی بہت پر پھر تک تم تو تھا تھی تھے جب جس جو جہاں چاہتا چکا دیا رہا رہی رہے سب سے
        صرف کا کب کچھ کر کرتا کرتے کرنے کس کسی کو کون کہ کہاں کی کیا کیوں کے گا گی گئی گیا لیکن لیے میں میرا میری میرے
        نے نہیں وہ والا والے ہاں ہر ہم ہو ہوا ہوں ہوتا ہوتی ہوئے ہی ہے ہیں یا یہ یہاں
    """,
    "hebrew": """
        אבל או אולי אותה אותו אותי אותך אותם אז אחר אחרי אחת אחד אין איך איפה אל אלא אלה אם אנחנו אני אף אפשר אצל את
        אתה אתם ב בגלל בין בלי בעוד גם די ה היא היה היו הייתה הייתי הזה הזאת הוא הם הן הנה הרבה ו ועוד זאת זה זו יותר
        יש כאן כבר כדי כי כך כל כמה כמו כן ככה ל לא לאן לה להם להיות לו לי לך לכם למה לנו לפני מ מאוד מה מי מאז מתי מן
        נגד עד עדיין על עם עכשיו עצמי פה פעם צריך ר רק ש שהוא שהיא שוב של שלא שלה שלו שלי שלך שלנו שם תמיד תחת
    """,
    "yiddish": """
        אבער אָבער אדער אָדער אויך אויס אויף אונדז אונדזער און אונטער אונז אומעטום אז אַז איך אים אין איר איז אַלע אלע
        אַלץ אַן אן אָן אַ אזוי אַזוי אפשר אצט איצט ביי בײַ ביז ביסט בין געווען געהאט גוט דא דאָ דאך דאס דאָס דארט
        דאַרף דו די דיין דיך דיר דעם דען דער דורך האב האָב האבן האָבן האט האָט הייַנט ווארט ווי וויל ווייל ווײַל ווער
        וועט וועלן ווען וואו וווּ וואס וואָס וואלט זאל זאָל זאלן זיי זיין זײַן זיך זי זיינען זענען זײַנען טאקע יא יאָ
        יעדער יעצט כדי מען מיט מיר מיך מיין מײַן מײַנע נאך נאָך נאר נאָר נישט ניט נו עס ער עפעס פאר פֿאַר פון פֿון
        פארוואס צו צווישן צום קיין קען קענען שוין
    """,
    "armenian": """
        այդ այլ այն այս այսօր այնտեղ այստեղ այդպես այո ամեն առանց ավելի արդեն բայց բոլոր գուցե դա դեռ դեպի դու դուք ե
        եթե ես եմ ենք եք են եղել եւ և երբ երբեք էլ էի էին էր էմ թե ըստ ի ին ինչ ինչու ինչպես ինձ իմ իր իսկ իրեն կա կամ
        կան կլինի համար հենց հետ հետո հիմա մեզ մեջ մեկ մեր մենք մի միայն միշտ մինչ մինչեւ մինչև միասին մոտ նա նաև նաեւ
        նախ ներ նման նույն նրա նրան նրանք որ որը որոնք որտեղ որպես ով ուզում ունեմ ունի ուր պետք պիտի շատ չի չեմ չեն
        չէ չկա չէր սա սակայն վրա քան քեզ քո ձեզ ձեր տակ հա ոչ ոչինչ լինել
    """,
    "hindi": """
        अगर अपना अपनी अपने अब अभी आज आप आपका आपकी आपके इन इस इसका इसकी इसके इसमें इसे इसलिए उन उनका उनकी उनके उन्हें
        उस उसका उसकी उसके उसने उसे एक ऐसा ऐसे और कई कब कभी कर करता करती करते करना करने करूँ का काफी कि कितना कितने
        किया किस किसी की कुछ के कैसे को कोई कौन क्या क्यों गई गए गया चाहिए जब जहाँ जा जिस जिसे जी जैसे जो तक तब तरह
        तुम तुम्हारा तो था थी थीं थे दिया दो द्वारा न नहीं ना ने पर पहले फिर बहुत बाद बारे बिना भी मगर मत मुझे मेरा
        मेरी मेरे में मैं मैंने यह यहाँ या ये रहा रही रहे लिए लेकिन लेकर वह वहाँ वाला वाली वाले वे सकता सकते सब सबसे
        साथ से सिर्फ हम हमारा हमें हमेशा हर हाँ ही हुआ हुई हुए हूँ हूं है हैं हो होता होती होते होना
    """,
    "nepali": """
        अझै अनि अब अर्को अहिले आज आफू आफ्नो आए इन ऊ उनको उनले उनी उनीहरू उसको उसले एउटा एक एकदम एवं ओ कसरी कसले कसैले
        का कि किन किनभने के केही को कुन कुनै कहाँ कहिले कहिल्यै गरे गरेको गरेका गर्छ गर्छु गर्दा गर्न गर्ने गरी गर्नु
        चाहन्छु छ छन् छु छैन छौ छौं जब जसले जस्तै जस्तो जुन जो तर तथा तपाईं तपाईंको तिनी तिमी तिम्रो तिमीलाई त्यस
        त्यसैले त्यहाँ त्यो थिए थिएन थियो थियौं देखि दिन दिए दुई धेरै न नै नजिक नभएको नि पछि पनि फेरि बाट बारे बारेमा
        बिना भएको भएका भए भन्दा भन्ने भने भयो म मा मात्र मलाई मेरो मेरा मैले यदि यस यसको यसमा यसले यही यहाँ यो र रहेको
        राम्रो रूपमा लाई लागि ले वा सँग संग सबै सम्म साथ साह्रै हामी हामीलाई हाम्रो हाल हुँ हुन हुने हुन्छ हुँदैन हो
        होइन
    """,
    "marathi": """
        आणि आता आपण आपल्या आम्ही आमच्या आहे आहेत आहेस इथे एक एका करणे करत करून का काय काही किंवा की कुठे केला केली
        केले कोण कोणी खूप गेला गेली गेले च चा ची चे च्या जर जे जो झाला झाली झाले तर तरी ता ती ते तेथे तो तुम्ही तुला
        तुझा त्या त्याने त्यांच्या त्यांना त्यांनी त्याला ना नाही नाहीत ने पण परंतु पाहिजे फक्त म्हणजे म्हणून मला माझा
        माझी माझे माझ्या मी मात्र या याने यांनी ला व वर सर्व सुद्धा हा ही हे होत होता होती होते
    """,
    "tamil": """
        அங்கே அதன் அதனால் அது அதை அந்த அப்படி அப்போது அல்லது அவர் அவர்கள் அவள் அவன் அன்று ஆகிய ஆகும் ஆனால் இங்கே இதன்
        இது இதை இந்த இப்படி இப்போது இரண்டு இருக்கிறது இருக்கிறேன் இருக்கும் இருந்த இருந்தது இருந்து இல்லை இவர் இன்று
        இன்னும் உங்கள் உன் உனக்கு உள்ள உள்ளது என என்ற என்று என்ன என்னை எங்கள் எங்கே எப்படி எப்போது எல்லாம் எனக்கு என்
        எனவே எனினும் ஏன் ஒரு ஒவ்வொரு ஓர் கூட சில தான் தன் தனது நாங்கள் நான் நாம் நீ நீங்கள் பல பற்றி பிறகு பின்
        பின்னர் போல் போன்ற மட்டும் மற்றும் மற்ற மிக மிகவும் முன் மேலும் மேல் யார் வரை வேண்டும் வேறு
    """,
}
STOP_WORDS_BY_LANGUAGE = {language: frozenset(text.split()) for language, text in _LISTS.items()}
"""Language (Snowball's name, else its English name) -> its function words."""
