//! Names of the months in the languages of D17, full and short, nominative and genitive.

/// One line a month, in usual spelling; a dash joins what is written as two words.
pub(super) const NAMES: [&str; 12] = [
    "January Jan Januar Jänner Jän Janvier Janv Enero Ene Gennaio Gen Janeiro Januari Tammikuu \
     Tammikuuta Tammi Styczeń Stycznia Sty Leden Ledna Led Január Ianuarie Ian Ιανουάριος \
     Ιανουαρίου Ιαν Ocak Oca Январь Января Янв Січень Січня Січ Януари Яну Јануар Јан Siječanj \
     Siječnja Sij Janvāris Janvārī Sausis Sausio Saus Jaanuar Jaan มกราคม มค ژانویه يناير ינואר \
     ינו בינואר Gener Januára Januarja جانفي",
    "February Feb Febr Februar Feber Février Fév Févr Febrero Febbraio Fevereiro Fev Februari \
     Helmikuu Helmikuuta Helmi Luty Lutego Lut Únor Února Úno Február Februarie Φεβρουάριος \
     Φεβρουαρίου Φεβ Şubat Şub Февраль Февраля Фев Февр Лютий Лютого Лют Февруари Фебруар Феб \
     Veljača Veljače Velj Februāris Februārī Vasaris Vasario Vas Veebruar Veebr กุมภาพันธ์ กพ \
     فوریه فبراير פברואר פבר בפברואר Febrer Februára Februarja شباط فيفري",
    "March Mar Mär März Mrz Mars Marzo Março Maart Mrt Marts Maaliskuu Maaliskuuta Maalis \
     Marzec Marca Březen Března Bře Marec Március Márc Már Martie Μάρτιος Μαρτίου Μαρ Mart Март \
     Марта Мар Березень Березня Бер Мрт Ožujak Ožujka Ožu Marec Martā Kovas Kovo Kov Märts \
     มีนาคม มีค مارس מרץ מרס במרץ Maret Mac Març آذار",
    "April Apr Avril Avr Abril Abr Aprile Huhtikuu Huhtikuuta Huhti Kwiecień Kwietnia Kwi Duben \
     Dubna Dub Április Ápr Aprilie Απρίλιος Απριλίου Απρ Nisan Nis Апрель Апреля Апр Квітень \
     Квітня Квіт Кві Април Travanj Travnja Tra Aprīlis Aprīlī Balandis Balandžio Bal Aprill \
     เมษายน เมย آوریل أبريل إبريل אפריל אפר באפריל Apríla Aprila نيسان أفريل",
    "May Mai Mayo Maggio Mag Maio Mei Maj Toukokuu Toukokuuta Touko Maja Květen Května Kvě Máj \
     Mája Május Μάιος Μαΐου Μαι Mayıs Май Мая Травень Травня Трав Тра Мај Svibanj Svibnja Svi \
     Maijs Maijā Gegužė Gegužės Geg พฤษภาคม พค مه مايو מאי במאי Maig أيار ماي",
    "June Jun Juni Juin Junio Giugno Giu Junho Kesäkuu Kesäkuuta Kesä Czerwiec Czerwca Cze \
     Červen Června Čvn Jún Júna Június Iunie Iun Ιούνιος Ιουνίου Ιουν Haziran Haz Июнь Июня Июн \
     Червень Червня Черв Юни Јун Lipanj Lipnja Junij Junija Jūnijs Jūnijā Jūn Birželis Birželio \
     Birž Bir Juuni มิถุนายน มิย ژوئن يونيو יוני יונ ביוני Juny Чер حزيران جوان",
    "July Jul Juli Juillet Juil Julio Luglio Lug Julho Heinäkuu Heinäkuuta Heinä Lipiec Lipca \
     Lip Červenec Července Čvc Júl Júla Július Iulie Iul Ιούλιος Ιουλίου Ιουλ Temmuz Tem Июль \
     Июля Июл Липень Липня Лип Юли Јул Srpanj Srpnja Julij Julija Jūlijs Jūlijā Jūl Liepa \
     Liepos Liep Lie Juuli กรกฎาคม กค ژوئیه يوليو יולי יול ביולי Julai Juliol تموز جويلية يوليوز",
    "August Aug Août Aoû Agosto Ago Augustus Elokuu Elokuuta Elo Sierpień Sierpnia Sie Srpen \
     Srpna Srp Augusta Augusztus Αύγουστος Αυγούστου Αυγ Ağustos Ağu Август Августа Авг Серпень \
     Серпня Серп Сер Август Kolovoz Kolovoza Kol Avgust Avgusta Avg Augusts Augustā Rugpjūtis \
     Rugpjūčio Rugp Rgp สิงหาคม สค اوت أغسطس אוגוסט אוג באוגוסט Agustus Agt Agu Agst Ogos Ogo Agost Ag Augusti آب أوت غشت",
    "September Sep Sept Septembre Septiembre Setiembre Set Settembre Sett Setembro Syyskuu \
     Syyskuuta Syys Wrzesień Września Wrz Září Zář Septembra Szeptember Szept Septembrie \
     Σεπτέμβριος Σεπτεμβρίου Σεπ Σεπτ Eylül Eyl Сентябрь Сентября Сен Сент Вересень Вересня Вер \
     Септември Септ Сеп Септембар Septembar Rujan Rujna Ruj Septembris Septembrī Rugsėjis \
     Rugsėjo Rugs Rgs กันยายน กย سپتامبر سبتمبر ספטמבר ספט בספטמבר Setembre أيلول شتنبر",
    "October Oct Oktober Okt Octobre Octubre Ottobre Ott Outubro Out Lokakuu Lokakuuta Loka \
     Październik Października Paź Říjen Října Říj Október Októbra Octombrie Οκτώβριος Οκτωβρίου \
     Οκτ Ekim Eki Октябрь Октября Окт Жовтень Жовтня Жовт Жов Октомври Октобар Oktobar Oktobra \
     Oktobris Oktobrī Spalis Spalio Spal Spa Oktoober ตุลาคม ตค اکتبر أكتوبر אוקטובר אוק \
     באוקטובר",
    "November Nov Novembre Noviembre Novembro Marraskuu Marraskuuta Marras Listopad Listopada \
     Listopadu Lis Novembra Noiembrie Noi Νοέμβριος Νοεμβρίου Νοε Νοεμ Kasım Kas Ноябрь Ноября \
     Ноя Нояб Листопад Листопада Лист Лис Ноември Ное Новембар Нов Novembar Studeni Studenoga \
     Studenog Stu Novembris Novembrī Lapkritis Lapkričio Lapkr Lap พฤศจิกายน พย نوامبر نوفمبر \
     נובמבר נוב בנובמבר Nopember Nop نونبر",
    "December Dec Dezember Dez Décembre Déc Diciembre Dic Dicembre Dezembro Desember Des \
     Joulukuu Joulukuuta Joulu Grudzień Grudnia Gru Prosinec Prosince Pro Decembra Decembrie \
     Δεκέμβριος Δεκεμβρίου Δεκ Aralık Ara Декабрь Декабря Дек Грудень Грудня Груд Гру Декември \
     Децембар Дец Decembar Prosinac Prosinca Decembris Decembrī Gruodis Gruodžio Gruod Grd \
     Detsember Dets ธันวาคม ธค دسامبر ديسمبر דצמבר דצמ בדצמבר Disember Dis Desembre دجنبر",
];

/// Names that mean another month in one language than in the others: language, name, month.
pub(super) const FALSE_FRIENDS: [(&str, &str, u8); 5] = [
    // Croatian "listopad" is October; Czech, Polish and Ukrainian mean November.
    ("hr", "listopad", 10),
    ("hr", "listopada", 10),
    ("hr", "lis", 10),
    // Croatian "lip" (lipanj) is June, Polish "lip" (lipiec) July.
    ("hr", "lip", 6),
    // Croatian "srp" (srpanj) is July, Czech "srp" (srpen) August.
    ("hr", "srp", 7),
];

/// Months that are days of the week in first place (D18): French and Italian Tuesday, Hungarian and
/// Turkish Sunday.
pub(super) const OR_WEEKDAYS: [(&str, u8); 3] = [("mar", 3), ("vas", 2), ("paz", 10)];

/// Names of more than one word: those of the Levant.
pub(super) const PHRASES: [(&str, u8); 4] =
    [("كانون الثاني", 1), ("تشرين الأول", 10), ("تشرين الثاني", 11), ("كانون الأول", 12)];

/// Words for numbers in Vietnamese months, "tháng" left out: `Mười Một` is 11 (D19).
pub(super) const VIETNAMESE: [(&[&str], u8); 15] = [
    (&["muoi", "mot"], 11),
    (&["muoi", "hai"], 12),
    (&["muoi"], 10),
    (&["gieng"], 1),
    (&["mot"], 1),
    (&["hai"], 2),
    (&["ba"], 3),
    (&["tu"], 4),
    (&["bon"], 4),
    (&["nam"], 5),
    (&["sau"], 6),
    (&["bay"], 7),
    (&["tam"], 8),
    (&["chin"], 9),
    (&["chap"], 12),
];
