//! Look-alikes that are one name apart, and copies whose headlines swap a word for another.

use super::texts::{FERRY, FERRY_TITLE, LIBRARY, MUSEUM, RICE};
use super::{News, Pair, news, pair};

fn other(title: &str, html: &str) -> News {
    news(title, html).elsewhere()
}

/// One frame, filled twice: `{}` stands for the name.
fn filled(name: &'static str, [title, html]: [&str; 2], [one, two]: [&str; 2]) -> Pair {
    let fill = |with: &str| (title.replace("{}", with), html.replace("{}", with));
    let ((a, in_a), (b, in_b)) = (fill(one), fill(two));
    pair(name, news(&a, &in_a), other(&b, &in_b), "one template, another name")
}

/// Pairs that a reader would never take for one article.
pub(crate) fn look_alikes() -> Vec<Pair> {
    [western(), vietnamese(), without_capitals()].into_iter().flatten().collect()
}

fn western() -> Vec<Pair> {
    const TIDES: [&str; 2] = [
        "{} tide times for Saturday",
        "<p>{} has high water at 6.12 in the morning and again at 18.40 this Saturday, with a range of 4.1 metres. Walkers are asked to leave the lower path two hours before. The harbour office updates the board at the slipway every day, and the lifeguards are on duty from ten.</p>",
    ];
    const RELEASE: [&str; 2] = [
        "{} 3.1 is out",
        "<p>The maintainers of {} announced version 3.1 today. It brings a faster start, fewer allocations and a long list of fixes to the parser. Packages are built for the usual systems, and the checksums are signed. Users of the previous series should read the notes about the changed defaults before they upgrade.</p>",
    ];
    const ROADS: [&str; 2] = [
        "Overnight roadworks on the {}",
        "<p>Drivers face closures on the {} from Monday, when crews begin to replace the barriers between two junctions. One lane stays open after nine in the evening and a diversion is signed. The work is due to last three weeks, the highways agency said, and depends on the weather.</p>",
    ];
    const SALE: [&str; 2] = [
        "Weekend offer: {} at half price",
        "<p>Until Sunday night the shop of the makers sells the {} at half price. Orders above forty crowns are sent for free, and can be returned within a month. Readers of this page pay no more when they follow our links, but we may receive a share, which pays for the tests that we make.</p>",
    ];
    const NIGHT_FR: [&str; 2] = [
        "Pharmacies de garde à {} ce dimanche",
        "<p>Une pharmacie reste ouverte à {} ce dimanche de neuf heures à midi, puis sur appel jusqu'au lundi matin. Présentez une ordonnance et une pièce d'identité. En cas d'urgence vitale, composez le numéro habituel, indique l'agence régionale de santé dans son communiqué hebdomadaire.</p>",
    ];
    const JAM_DE: [&str; 2] = [
        "Stau auf der {}: Vollsperrung nach Unfall",
        "<p>Auf der {} ist nach einem Unfall mit zwei Lastwagen kein Durchkommen. Die Polizei leitet den Verkehr an der nächsten Ausfahrt ab und rechnet mit mehreren Stunden Verzögerung. Verletzt wurde nach ersten Erkenntnissen niemand, ein Gutachter ist auf dem Weg zur Unfallstelle.</p>",
    ];
    const WEATHER_ES: [&str; 2] = [
        "El tiempo en {} para el jueves",
        "<p>La jornada en {} empezará con nieblas y acabará con cielos despejados. El viento soplará flojo del norte y las temperaturas no cambiarán respecto al miércoles. La agencia recuerda que el índice ultravioleta será alto en las horas centrales y recomienda beber agua con frecuencia.</p>",
    ];
    const POLLEN_IT: [&str; 2] = [
        "{}, pollini in aumento nel fine settimana",
        "<p>I pollini aumentano a {} nel fine settimana, avverte il bollettino della rete di monitoraggio. Le graminacee restano su valori medi, mentre il cipresso è ormai in calo. Chi soffre di allergia farebbe bene a tenere chiuse le finestre nelle ore più calde e a seguire la terapia prescritta.</p>",
    ];
    const PRAYER_TR: [&str; 2] = [
        "{} için iftar vakti açıklandı",
        "<p>Bu akşam {} için iftar vakti on dokuz otuz iki olarak açıklandı. Sahur saati ise dört elli birde sona erecek. Vakitler ilçelere göre birkaç dakika değişebilir, vatandaşların yerel takvimi izlemesi öneriliyor. Belediye meydanda her akşam sıcak yemek dağıtıyor ve herkesi davet ediyor.</p>",
    ];
    const WATER_RU: [&str; 2] = [
        "В посёлке {} на сутки отключат воду",
        "<p>В посёлке {} в четверг с девяти утра отключат холодную воду из-за ремонта магистрали. Подвоз организуют к школе и поликлинике, машины будут стоять там до позднего вечера. Коммунальная служба просит жителей сделать запас и закрыть краны, чтобы не залить соседей после пуска.</p>",
    ];
    const OBITUARY: [&str; 2] = [
        "{} remembered at service in old chapel",
        "<p>Friends filled the old chapel on the hill to remember {}, who taught three generations to read music and never once raised a voice. The choir sang two of the hymns that were written for it. A collection was taken for the roof, and soup was served in the hall afterwards by former pupils.</p>",
    ];
    vec![
        filled("tides", TIDES, ["Whitby", "Seahouses"]),
        filled("releases of two projects", RELEASE, ["Lantern", "Beacon"]),
        filled("two roads", ROADS, ["A64", "A19"]),
        filled("offers of two products", SALE, ["Corvo espresso machine", "Aldine desk lamp"]),
        filled("chemists, French", NIGHT_FR, ["Dijon", "Besançon"]),
        filled("two motorways, German", JAM_DE, ["A7", "A9"]),
        filled("weather, Spanish", WEATHER_ES, ["Zaragoza", "Valladolid"]),
        filled("pollen, Italian", POLLEN_IT, ["Parma", "Ferrara"]),
        filled("hours of prayer, Turkish", PRAYER_TR, ["Bursa", "Konya"]),
        filled("water, Russian", WATER_RU, ["Сосновка", "Каменка"]),
        filled("two deaths", OBITUARY, ["Agnes Thorne", "Walter Pym"]),
    ]
}

fn vietnamese() -> Vec<Pair> {
    const POWER: [&str; 2] = [
        "Lịch cúp điện {} ngày 12/5",
        "<p>Điện lực thông báo tạm ngừng cung cấp điện tại {} ngày 12/5 từ 7h30 đến 16h để bảo trì đường dây trung thế. Khách hàng cần tắt thiết bị trước giờ cắt và đề phòng điện có lại sớm. Mọi thắc mắc xin gọi tổng đài chăm sóc khách hàng, phục vụ cả ngày lẫn đêm.</p>",
    ];
    const ZODIAC: [&str; 2] = [
        "Tử vi tuần mới: tuổi {}",
        "<p>Người tuổi {} bước vào tuần mới với nhiều việc dở dang cần giải quyết dứt điểm. Giữa tuần có tin vui từ người thân ở xa, tiền bạc đủ dùng nhưng chớ cho vay. Chuyện tình cảm êm đềm, cuối tuần nên về thăm cha mẹ và dành thời gian nghỉ ngơi cho lại sức.</p>",
    ];
    const SCORES: [&str; 2] = [
        "{} công bố điểm chuẩn vào lớp 10",
        "<p>Chiều nay, Sở Giáo dục {} công bố điểm chuẩn vào lớp 10 các trường công lập. Thí sinh trúng tuyển xác nhận nhập học trực tuyến trong ba ngày, quá hạn coi như từ chối. Các trường còn chỉ tiêu sẽ xét bổ sung theo nguyện vọng và thông báo kết quả vào đầu tháng sau.</p>",
    ];
    const CHANNEL: [&str; 2] = [
        "Lịch truyền hình {} ngày 12/5",
        "<p>Lịch truyền hình {} ngày 12/5 mở đầu bằng bản tin sáng, sau đó là phim hoạt hình dành cho thiếu nhi và chương trình dạy nấu ăn. Buổi chiều có phim tài liệu về rừng ngập mặn, buổi tối chiếu hai tập phim truyện và khép lại bằng ca nhạc theo yêu cầu khán giả.</p>",
    ];
    const MATCH: [&str; 2] = [
        "{} thắng nhọc Đồng Tháp trên sân nhà",
        "<p>Tối qua, {} thắng nhọc Đồng Tháp trên sân nhà nhờ quả phạt đền ở những phút cuối trận. Đội khách chơi phòng ngự chặt và hai lần đưa bóng dội cột dọc. Ban huấn luyện hai bên đều phàn nàn về mặt sân sũng nước sau cơn mưa lớn, song không ai đổ lỗi cho trọng tài.</p>",
    ];
    vec![
        filled("power cuts of two districts", POWER, ["Củ Chi", "Hóc Môn"]),
        filled("signs of the zodiac", ZODIAC, ["Dần", "Thìn"]),
        filled("provinces that share a syllable", SCORES, ["Hà Giang", "Hà Tĩnh"]),
        filled("channels told by a digit", CHANNEL, ["HTV7", "HTV9"]),
        filled("two clubs", MATCH, ["Bình Phước", "Long An"]),
    ]
}

fn without_capitals() -> Vec<Pair> {
    const AIR_ZH: [&str; 2] = [
        "{}今日空气质量良好",
        "<p>据环境监测中心通报，{}今日空气质量良好，首要污染物为臭氧。预计未来两天扩散条件较为有利，适宜开展户外活动。专家提醒老人和儿童在午后减少长时间暴晒，出行尽量选择公共交通工具，共同守护蓝天。</p>",
    ];
    const EXAM_ZH: [&str; 2] = [
        "{}公布高考录取分数线",
        "<p>记者从招生考试院获悉，{}公布高考录取分数线，考生可通过官方网站查询成绩并于规定时间内填报志愿。招生部门提醒考生和家长不要轻信所谓内部指标，以免上当受骗，如有疑问请拨打咨询电话。</p>",
    ];
    const POLLEN_JA: [&str; 2] = [
        "{}の花粉情報　非常に多い見込み",
        "<p>{}ではあす、花粉の飛散が非常に多い見込みです。外出の際はマスクや眼鏡を着用し、帰宅したら衣服をよく払ってから室内に入りましょう。洗濯物は部屋干しがおすすめです。症状がつらい人は早めに医療機関を受診してください。</p>",
    ];
    const WEATHER_KO: [&str; 2] = [
        "{} 오늘 날씨 맑고 일교차 커",
        "<p>기상청은 {} 지역이 오늘 대체로 맑겠다고 예보했다. 낮과 밤의 기온 차이가 크게 벌어지니 건강 관리에 유의해야 한다. 대기가 건조해 산불 위험이 높으므로 입산할 때 화기를 지니지 말라고 당국은 거듭 당부했다.</p>",
    ];
    const TRAIN_TH: [&str; 2] = [
        "ปรับเวลาเดินรถไฟสาย{}เดือนหน้า",
        "<p>การรถไฟแจ้งปรับเวลาเดินรถไฟสาย{}ตั้งแต่เดือนหน้าเป็นต้นไป ผู้โดยสารที่จองตั๋วล่วงหน้าสามารถเปลี่ยนเที่ยวหรือขอคืนเงินได้เต็มจำนวนที่สถานีต้นทาง โปรดตรวจสอบตารางเวลาใหม่ก่อนออกเดินทางทุกครั้ง</p>",
    ];
    const PRAYER_AR: [&str; 2] = [
        "مواقيت الصلاة اليوم في {}",
        "<p>يحل موعد أذان الفجر اليوم في {} قبل طلوع الشمس بساعة ونصف تقريبا حسب التقويم المعتمد لدى وزارة الأوقاف. وتدعو الوزارة المصلين إلى الالتزام بالهدوء داخل المساجد وإيقاف السيارات في الأماكن المخصصة لها وعدم عرقلة السير.</p>",
    ];
    const WEATHER_HI: [&str; 2] = [
        "{} में आज का मौसम साफ रहेगा",
        "<p>मौसम विभाग के अनुसार {} में आज आसमान साफ रहेगा और दिन में धूप तेज होगी। विभाग ने किसानों को फसल की सिंचाई शाम के समय करने की सलाह दी है। बुजुर्गों और बच्चों को दोपहर में घर से बाहर निकलने से बचना चाहिए।</p>",
    ];
    const WEATHER_HE: [&str; 2] = [
        "מזג האוויר מחר: {} והסביבה",
        "<p>לפי התחזית מחר: {} והסביבה ייהנו מיום נאה עם עלייה קלה בטמפרטורות. הרוח תהיה חלשה והים נוח לרחצה עד שעות הערב. בסוף השבוע צפוי שינוי במזג האוויר, והשירות ממליץ לעקוב אחר העדכונים לפני יציאה לטיולים.</p>",
    ];
    const WEATHER_EL: [&str; 2] = [
        "Καιρός: {} με ήλιο την Πέμπτη",
        "<p>Η υπηρεσία προβλέπει για την περιοχή {} με ήλιο την Πέμπτη και ασθενείς ανέμους. Το πρωί θα υπάρξουν τοπικές ομίχλες στα πεδινά, ενώ η θερμοκρασία θα φτάσει σε κανονικά για την εποχή επίπεδα. Οι οδηγοί καλούνται να προσέχουν στους επαρχιακούς δρόμους.</p>",
    ];
    vec![
        filled("air, Chinese", AIR_ZH, ["成都", "重庆"]),
        filled("provinces that share a character, Chinese", EXAM_ZH, ["山东", "山西"]),
        filled("pollen, Japanese", POLLEN_JA, ["横浜", "名古屋"]),
        filled("weather, Korean", WEATHER_KO, ["부산", "대구"]),
        filled("trains, Thai", TRAIN_TH, ["เหนือ", "อีสาน"]),
        filled("hours of prayer, Arabic", PRAYER_AR, ["الدوحة", "المنامة"]),
        filled("weather, Hindi", WEATHER_HI, ["जयपुर", "लखनऊ"]),
        filled("weather, Hebrew", WEATHER_HE, ["חיפה", "אשדוד"]),
        filled("weather, Greek", WEATHER_EL, ["Λάρισα", "Πάτρα"]),
    ]
}

/// Pairs that a reader would call one article.
pub(crate) fn copies() -> Vec<Pair> {
    [own_words(), own_words_elsewhere(), house_styles()].into_iter().flatten().collect()
}

const SYNONYM: &str = "one story; the headline's word is another house's choice";

/// The headline is written anew over the same text, or the text with it.
fn own_words() -> Vec<Pair> {
    let slashed = LIBRARY.replace("rejecting a plan", "throwing out a plan");
    let updated = format!(
        "{FERRY}<p>Friday: inspectors said a fuel line had been found loose near the pump.</p>"
    );
    let in_hospital = FERRY.replace("two members of the crew", "three members of the crew");
    vec![
        pair(
            "a synonym, English",
            news("Calder Bay night ferry withdrawn after engine fire", FERRY),
            other("Calder Bay night ferry pulled after engine fire", FERRY),
            SYNONYM,
        ),
        pair(
            "another name that the text has too",
            news("Calder Bay night ferry withdrawn after engine fire", FERRY),
            other("Westhaven night ferry withdrawn after engine fire", FERRY),
            "the text names both ports in both papers",
        ),
        pair(
            "the person for the office",
            news("Storrie apologises for ferry engine fire", FERRY),
            other("Operator apologises for ferry engine fire", FERRY),
            "the text has both",
        ),
        pair(
            "a synonym in headline and text",
            news("Ashdown council votes rejecting a plan to close libraries", LIBRARY),
            other("Ashdown council votes throwing out a plan to close libraries", &slashed),
            SYNONYM,
        ),
        pair(
            "an update with a new headline",
            news("Night ferry fire: inspectors sent to Calder Bay", FERRY),
            other("Night ferry fire: inspectors find loose line at Calder Bay", &updated),
            "the same article, grown by a sentence",
        ),
        pair(
            "a count put right in the text",
            news(FERRY_TITLE, FERRY),
            other(&FERRY_TITLE.replace("withdrawn", "taken off"), &in_hospital),
            "the headlines do not speak of it",
        ),
    ]
}

fn own_words_elsewhere() -> Vec<Pair> {
    const ZH: &str = "<p>11月18日上午,望江隧道最后一段管节沉放到位,全长五公里的主线顺利贯通。项目负责人林志远介绍,施工水域每年有半年风浪较大,团队自主研制了新的定位系统,三年来未发生一起重大安全事故。隧道计划明年六月通车。</p>";
    let lead = |html: &'static str| html.split_inclusive("</p>").next().unwrap_or(html);
    vec![
        pair(
            "a synonym, Vietnamese",
            news("Giá lúa hè thu tại An Giang giảm mạnh", RICE),
            other("Giá lúa hè thu tại An Giang hạ mạnh", RICE),
            SYNONYM,
        ),
        pair(
            "the place for the province, Vietnamese, the lead only",
            news("Nông dân An Giang bán lúa hè thu giá thấp", RICE),
            other("Nông dân Thoại Sơn bán lúa hè thu giá thấp", lead(RICE)),
            "a short copy does not say all that the headline says",
        ),
        pair(
            "signed by two houses, Vietnamese",
            news("Bảo tàng Đà Nẵng mở cửa trở lại bên sông Hàn | Nếp Xưa", MUSEUM),
            other("Bảo tàng Đà Nẵng mở cửa trở lại bên sông Hàn | Đô Thị Trẻ", MUSEUM),
            "the names of papers that are no sources",
        ),
        pair(
            "a synonym, Chinese",
            news("望江隧道主线贯通 明年六月通车", ZH),
            other("望江隧道主线打通 明年六月通车", ZH),
            SYNONYM,
        ),
    ]
}

/// Headline and text write one name differently.
fn house_styles() -> Vec<Pair> {
    const CITY: [&str; 2] = [
        "{} trồng thêm 5.000 cây xanh dọc bờ kênh",
        "<p>Sáng nay, {} phát động trồng thêm 5.000 cây xanh dọc bờ kênh Tàu Hủ với sự tham gia của hàng trăm học sinh và cựu chiến binh. Cây giống là sao đen, dầu rái và bằng lăng ba năm tuổi. Ban quản lý công viên cam kết tưới hằng ngày trong mùa khô và thay cây chết trong vòng một tháng.</p>",
    ];
    const CAPITAL: [&str; 2] = [
        "{} reopens its opera house after repairs",
        "<p>The opera house in {} opened its doors on Friday night after nineteen months of repairs to the roof and the stage. Tickets for the first week were gone within an hour, and the square outside was full of people who listened to loudspeakers. The conductor thanked the carpenters by name before the overture.</p>",
    ];
    const AGENCY: [&str; 2] = [
        "{} warns of a late measles season",
        "<p>The {} warned on Thursday of a late measles season in four regions and asked governments to keep vaccination rooms open through the summer. Stocks are sufficient, its doctors said, but too many appointments are missed when schools close. A campaign on buses and in markets begins next week.</p>",
    ];
    const WHY: &str = "one name as two houses write it";
    let styled = |name, frame, names| Pair { why: WHY, ..filled(name, frame, names) };
    vec![
        styled("a city's short forms", CITY, ["TP HCM", "TPHCM"]),
        styled("a city in full", CITY, ["TP Hồ Chí Minh", "TP.HCM"]),
        styled("a city's words in full", CITY, ["Thành phố Hồ Chí Minh", "TPHCM"]),
        styled("a capital's spelling", CAPITAL, ["Kyiv", "Kiev"]),
        styled("a name's vowels", CAPITAL, ["Baranovichi", "Baranavichy"]),
        styled("an agency's initials", AGENCY, ["World Health Organization", "WHO"]),
    ]
}
