//! Names of the days of the week: those of D17's languages and some more, full and short, as CLDR
//! lists them for sentences and for standing alone.

/// In usual spelling; which day it is does not matter (D2).
pub(super) const NAMES: &str = "\
     Mon Monday Tue Tuesday Wed Wednesday Thu Thursday Fri Friday Sat Saturday Sun Sunday Mo \
     Montag Di Dienstag Mi Mittwoch Do Donnerstag Fr Freitag Sa Samstag So Sonntag lundi mar \
     mardi mer mercredi jeu jeudi ven vendredi sam samedi dim dimanche lunes martes mié \
     miércoles jue jueves vie viernes sáb sábado dom domingo lunedì martedì mercoledì gio \
     giovedì venerdì sabato domenica seg segunda ter terça qua quarta qui quinta sex sexta ma \
     maandag dinsdag wo woensdag donderdag vr vrijdag za zaterdag zo zondag mån måndag tis \
     tisdag ons onsdag tors torsdag fre fredag lör lördag sön söndag tirs tirsdag lør lørdag \
     søn søndag tir tor ty tys tysdag on to la lau laurdag sø maanantai maanantaina ti \
     tiistai tiistaina ke keskiviikko keskiviikkona torstai torstaina pe perjantai \
     perjantaina lauantai lauantaina su sunnuntai pon poniedziałek wt wtorek śr środa czw \
     czwartek piątek sob sobota niedz niedziela wto śro pią po pondělí úterý st středa \
     čtvrtek pá pátek ne neděle pondelok utorok štvrtok pi piatok nedeľa hétfő kedd Sze \
     szerda Cs csütörtök péntek Szo szombat vasárnap hé csü luni marți miercuri joi vin \
     vineri sâmbătă dum duminică Δευ Δευτέρα Τρί Τρίτη Τετ Τετάρτη Πέμ Πέμπτη Παρ Παρασκευή \
     Σάβ Σάββατο Κυρ Κυριακή Pazartesi Pzt Sal Salı Çar Çarşamba Per Perşembe Cum Cuma Cmt \
     Cumartesi Pazar Pts Cts пн понедельник вт вторник ср среда четверг чт пт пятница сб \
     суббота воскресенье вс понеділок вівторок середа четвер пʼятниця субота нд неділя \
     понеделник сряда четвъртък петък събота неделя пон понедељак уто уторак сре чет четвртак \
     пет петак суб нед недеља ponedeljak uto utorak sre sreda četvrtak petak subota ned \
     nedelja ponedjeljak sri srijeda nedjelja ponedeljek torek četrtek petek پیر вто منگل بدھ \
     четврток جمعرات петок جمعہ саб сабота ہفتہ недела اتوار панядзелак аў аўторак серада \
     чацвер чц пятніца нядзеля pirmadienis pr an antradienis tr trečiadienis ketvirtadienis \
     kt penktadienis pn šeštadienis sekmadienis sk Pirmd Pirmdiena Otrd Otrdiena Trešd \
     Trešdiena Ceturtd Ceturtdiena Piektd Piektdiena Sestd Sestdiena Svētd Svētdiena \
     esmaspäev teisipäev kolmapäev neljapäev reede laupäev pühapäev Senin Sel Selasa Rab Rabu \
     Kam Kamis Jum Jumat Sabtu Min Minggu Isn Isnin Kha Khamis Jumaat Ahad Ahd จ วันจันทร์ \
     วันอังคาร อ พ วันพุธ พฤ วันพฤหัสบดี วันศุกร์ ศ วันเสาร์ ส วันอาทิตย์ อา วันจันทร์ที่ \
     วันอังคารที่ วันพุธที่ วันพฤหัสบดีที่ วันศุกร์ที่ วันเสาร์ที่ วันอาทิตย์ที่ จันทร์ \
     อังคาร พุธ พฤหัสบดี ศุกร์ เสาร์ อาทิตย์ الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت \
     الأحد دوشنبه سه‌شنبه چهارشنبه پنجشنبه جمعه شنبه یکشنبه پنج‌شنبه یک‌شنبه چهار‌شنبه ב שני \
     ג שלישי ד רביעי ה חמישי ו שישי שבת א ראשון dilluns dl dimarts dt dc dimecres dijous dj \
     divendres dv dissabte ds dg diumenge luns mércores xov xoves venres al astelehena ar \
     asteartea asteazkena az og osteguna or ostirala larunbata lr ig igandea hënë hën martë \
     mërkurë enjte enj premte pre shtunë die diel mánudagur þri þriðjudagur mið miðvikudagur \
     fim fimmtudagur fös föstudagur laugardagur sunnudagur Dé Luain Luan Máirt Céad Céadaoin \
     Déar Déardaoin Aoine hAoine Sathairn Sath Domh Domhnaigh Dydd Llun Mercher Iau Gwener \
     Gwe Gwen Sadwrn Sad Sul Vrydag Saterdag Jumatatu Jumanne Jumatano Alhamisi Ijumaa \
     Jumamosi Jumapili Miy Miyerkules Huw Huwebes Biy Biyernes Lin Linggo B.E bazar ertəsi \
     Ç.A çərşənbə axşamı cümə şənbə सोम सोमवार मंगल मंगलवार बुध बुधवार गुरु गुरुवार शुक्र \
     शुक्रवार शनि शनिवार रवि रविवार সোম সোমবার মঙ্গল মঙ্গলবার বুধ বুধবার বৃহস্পতি বৃহস্পতিবার \
     শুক্র শুক্রবার শনি শনিবার রবি রবিবার திங் திங்கள் செவ் செவ்வாய் புத புதன் வியா வியாழன் \
     வெள் வெள்ளி சனி ஞாயி ஞாயிறு ორშ ორშაბათი სამ სამშაბათი ოთხ ოთხშაბათი ხუთ ხუთშაბათი პარ \
     პარასკევი შაბ შაბათი კვი კვირა երկ երկուշաբթի երեքշաբթի երք չորեքշաբթի չրք հինգշաբթի հնգ \
     ուր ուրբաթ շաբաթ շբթ կիր կիրակի дс дүйсенбі сейсенбі сс сәрсенбі бейсенбі бс жм жұма \
     сенбі жексенбі жс sen א ג ד ה ו tues weds thur thurs sonnabend lun feira pt nie ndz út čt paz cn chủ \
     nhật";
