//! Pairs in scripts without spaces, without capitals, or written from the right.

use unicode_normalization::UnicodeNormalization;

use super::{News, Pair, news, pair};

fn copy(title: &str, html: &str) -> News {
    news(title, html).elsewhere()
}

/// The first paragraph of a text.
fn lead(html: &str) -> &str {
    html.split_inclusive("</p>").next().unwrap_or(html)
}

const ZH_TITLE: &str = "青石湾跨海大桥合龙 两岛车程缩短至二十分钟";
const ZH: &str = "<p>11月18日上午,青石湾跨海大桥最后一节钢箱梁吊装到位,全长6.8公里的主桥顺利合龙。大桥建成后,从东屿到西屿的车程将由一个半小时缩短至二十分钟。</p><p>项目总工程师林志远介绍,施工海域每年有190天风力超过七级,团队自主研制了可抗台风的移动模架。三年来共有1,200名建设者参与,未发生一起重大安全事故。</p><p>当地渔民陈阿福说,过去送鱼去市区要看天气等轮渡,一等就是半天。大桥计划明年六月通车,届时两岛居民可免费通行。</p>";
const ZH_WEATHER_18: &str = "<p>市气象台18日17时发布天气预报:今天夜间多云转阴,东北风3到4级,最低气温6度。明天白天阴有小雨,最高气温11度,降水概率60%。</p><p>未来三天本市以阴雨天气为主,请市民出门携带雨具,注意添衣保暖。</p>";
const ZH_WEATHER_19: &str = "<p>市气象台19日17时发布天气预报:今天夜间多云转阴,东北风5到6级,最低气温2度。明天白天阴有小雨,最高气温7度,降水概率85%。</p><p>未来三天本市以阴雨天气为主,请市民出门携带雨具,注意添衣保暖。</p>";

const JA_TITLE: &str = "白川町の廃校が図書館に 町民の寄贈本2万冊でスタート";
const JA: &str = "<p>昨年春に閉校した白川町立北小学校の木造校舎が改修され、18日、町の新しい図書館として開館した。書架には町民が持ち寄った約2万冊が並び、初日は朝から親子連れら320人が訪れた。</p><p>改修費は8,400万円で、地元産の杉をふんだんに使った。館長の大森ゆかりさんは「教室の黒板も残しました。子どもたちが自由に落書きできる図書館は全国でも珍しいはず」と話す。</p><p>開館時間は午前10時から午後7時まで。月曜休館。来春には給食室を使ったカフェも開く予定だ。</p>";
const JA_QUAKE_A: &str = "<p>18日午前3時14分ごろ、東沖を震源とする地震があり、浜田市で震度4を観測した。気象庁によると、震源の深さは約10キロ、地震の規模はマグニチュード4.8と推定される。この地震による津波の心配はない。</p>";
const JA_QUAKE_B: &str = "<p>19日午後5時42分ごろ、西沖を震源とする地震があり、大木町で震度3を観測した。気象庁によると、震源の深さは約40キロ、地震の規模はマグニチュード5.3と推定される。この地震による津波の心配はない。</p>";

const KO_TITLE: &str = "폐선된 강변 철교, 보행자 다리로 다시 열렸다";
const KO: &str = "<p>열차 운행이 끊긴 지 9년 만에 한솔시 강변 철교가 보행자 다리로 탈바꿈해 18일 시민에게 개방됐다. 길이 412미터의 다리 위에는 목재 산책로와 전망 쉼터 6곳이 들어섰다.</p><p>시는 사업비 73억 원 가운데 절반을 시민 모금으로 마련했다. 설계를 맡은 건축가 윤서영 씨는 \"녹슨 철골을 그대로 두고 낮은 조명만 더했다\"고 말했다.</p><p>다리는 매일 오전 5시부터 자정까지 열리며 자전거는 내려서 끌고 가야 한다.</p>";

const TH_TITLE: &str = "ชาวบ้านเกาะลันทาร่วมปลูกป่าชายเลน 120 ไร่ ฟื้นแหล่งหอยและปู";
const TH: &str = "<p>เมื่อวันที่ 18 พฤศจิกายน ชาวบ้านกว่า 350 คนจาก 7 หมู่บ้านบนเกาะลันทาช่วยกันปลูกกล้าโกงกางบนพื้นที่ 120 ไร่ที่เคยเป็นบ่อกุ้งร้าง หลังน้ำทะเลกัดเซาะชายฝั่งต่อเนื่องนานสิบปี</p><p>นายสมชาย แสงทอง ผู้ใหญ่บ้าน กล่าวว่าตั้งแต่เริ่มโครงการเมื่อปี 2562 จำนวนปูดำเพิ่มขึ้นเกือบสองเท่า และเด็ก ๆ ได้เรียนรู้เรื่องระบบนิเวศจากของจริง</p><p>มหาวิทยาลัยในจังหวัดจะติดตามอัตราการรอดของกล้าไม้ทุก 3 เดือน งบประมาณ 1.4 ล้านบาทมาจากกองทุนชุมชน</p>";

const AR_TITLE: &str = "افتتاح محطة لتحلية المياه تعمل بالطاقة الشمسية في بلدة الرملية";
const AR: &str = "<p>افتتحت بلدة الرملية الساحلية يوم الاثنين محطة لتحلية مياه البحر تعمل بالكامل بالطاقة الشمسية، وهي الأولى من نوعها في الإقليم، وتنتج 3,200 متر مكعب من المياه العذبة كل يوم.</p><p>وقالت المهندسة ليلى حداد، مديرة المشروع، إن المحطة ستكفي حاجة 21 ألف نسمة كانوا يشترون المياه من الصهاريج طوال الصيف. وبلغت كلفة المشروع 14 مليون دينار واستغرق بناؤه 26 شهرا.</p><p>وأضافت أن الفائض من الكهرباء سيضخ في الشبكة العامة ليلا عبر بطاريات مستعملة من حافلات المدينة.</p>";

const RU_TITLE: &str = "В Зареченске восстановили деревянный театр, сгоревший сто лет назад";
const RU: &str = "<p>В Зареченске в понедельник открылся деревянный театр, построенный по чертежам 1898 года: прежнее здание сгорело ровно сто лет назад. Зал рассчитан на 340 мест, на восстановление ушло четыре года и 215 миллионов рублей.</p><p>Архитектор Мария Ковалёва рассказала, что срубы собирали без единого гвоздя, а акустику проверяли вместе с хором Зареченского училища. Первый спектакль покажут 23 ноября.</p><p>Директор театра Олег Саввин пообещал, что билеты для школьников будут стоить не дороже 100 рублей.</p>";
const RU_RATE_18: &str = "<p>Центральный банк установил на 18 ноября официальный курс доллара в размере 99,43 рубля, курс евро — 105,15 рубля. За сутки доллар подорожал на 62 копейки, евро подешевел на 17 копеек. Торги на бирже завершились в 19 часов по местному времени.</p>";
const RU_RATE_19: &str = "<p>Центральный банк установил на 19 ноября официальный курс доллара в размере 100,03 рубля, курс евро — 106,54 рубля. За сутки доллар подорожал на 60 копеек, евро подорожал на 139 копеек. Торги на бирже завершились в 19 часов по местному времени.</p>";

#[expect(clippy::too_many_lines, reason = "a table of texts")]
pub(crate) fn copies() -> Vec<Pair> {
    let full_width: String =
        ZH.chars().map(|c| if c == ',' { '，' } else { c }).collect::<String>().replace(':', "：");
    vec![
        pair(
            "Chinese, other headline and a credit",
            news(ZH_TITLE, ZH),
            copy("海上最后一吊完成，岛民明年不用再等轮渡", &format!("{ZH}<p>来源：青石湾日报</p>")),
            "papers write their own headline over an agency's text",
        ),
        pair(
            "Chinese, the lead only, full-width punctuation",
            news(ZH_TITLE, ZH),
            copy(ZH_TITLE, lead(&full_width)),
            "punctuation differs from house to house",
        ),
        pair(
            "Japanese, other headline",
            news(JA_TITLE, JA),
            copy("黒板に落書きできる図書館、木造校舎に開館", JA),
            "papers write their own headline over an agency's text",
        ),
        pair(
            "Japanese, decomposed voicing marks and half-width digits",
            news(JA_TITLE, JA),
            copy(
                &JA_TITLE.replace("2万", "２万"),
                &JA.nfd().collect::<String>().replace("18日", "１８日"),
            ),
            "the same characters in another Unicode form",
        ),
        pair(
            "Korean, decomposed",
            news(KO_TITLE, KO),
            copy("9년 만에 다시 걷는 철교", &KO.nfd().collect::<String>()),
            "some systems write syllables as their letters",
        ),
        pair(
            "Korean, the lead only",
            news(KO_TITLE, KO),
            copy(KO_TITLE, lead(KO)),
            "many feeds carry the beginning only",
        ),
        pair(
            "Thai, other headline",
            news(TH_TITLE, TH),
            copy("บ่อกุ้งร้างกลับมาเขียวอีกครั้ง", TH),
            "papers write their own headline over an agency's text",
        ),
        pair(
            "Thai, the lead only",
            news(TH_TITLE, TH),
            copy(TH_TITLE, lead(TH)),
            "many feeds carry the beginning only",
        ),
        pair(
            "Arabic, other headline",
            news(AR_TITLE, AR),
            copy("مياه عذبة من الشمس لواحد وعشرين ألفا من السكان", AR),
            "papers write their own headline over an agency's text",
        ),
        pair(
            "Arabic, with vowel signs and a stretched letter",
            news(AR_TITLE, AR),
            copy(AR_TITLE, &AR.replace("المحطة", "المَحَطَّة").replace("يوم", "يـوم")),
            "vowel signs and the stretching of letters are ornament",
        ),
        pair(
            "Russian, other headline, the lead only",
            news(RU_TITLE, RU),
            copy("Театр без единого гвоздя", lead(RU)),
            "the lead alone is still the article",
        ),
        pair(
            "Russian, е for ё, and a credit",
            news(RU_TITLE, RU),
            copy(RU_TITLE, &format!("{}<p>Источник: first.example</p>", RU.replace('ё', "е"))),
            "ё is written е more often than not",
        ),
    ]
}

pub(crate) fn look_alikes() -> Vec<Pair> {
    vec![
        pair(
            "Chinese, weather of two days under one headline",
            news("未来三天本市天气预报", ZH_WEATHER_18),
            copy("未来三天本市天气预报", ZH_WEATHER_19).after(24),
            "one form, other figures",
        ),
        pair(
            "Japanese, two quakes",
            news("浜田市で震度4の地震 津波の心配なし", JA_QUAKE_A),
            copy("大木町で震度3の地震 津波の心配なし", JA_QUAKE_B).after(38),
            "other place, other figures",
        ),
        pair(
            "Russian, rates of two days under one headline",
            news("Центробанк установил официальные курсы доллара и евро", RU_RATE_18),
            copy("Центробанк установил официальные курсы доллара и евро", RU_RATE_19).after(24),
            "the rates are the news",
        ),
        pair(
            "Chinese, two texts that share nothing",
            news(ZH_TITLE, ZH),
            copy("市气象台发布降温提醒", ZH_WEATHER_18),
            "two articles",
        ),
        pair(
            "Thai, one headline pattern, another year",
            news("ผลการแข่งขันเรือยาวประจำปี 2566", lead(TH)),
            copy("ผลการแข่งขันเรือยาวประจำปี 2567", TH_OTHER),
            "another event",
        ),
        pair(
            "Arabic, a generic headline",
            news("أخبار اليوم", AR),
            copy("أخبار اليوم", AR_OTHER),
            "every paper has such a page",
        ),
        pair(
            "Korean, two parts of a series",
            news("강을 걷다 3부: 철교의 기억", KO),
            copy("강을 걷다 4부: 나루터 사람들", KO_OTHER).after(24),
            "another part of a series",
        ),
    ]
}

const TH_OTHER: &str = "<p>ทีมพายเรือบ้านหนองบัวคว้าแชมป์การแข่งขันเรือยาวประจำปีที่แม่น้ำสายเก่า เอาชนะคู่แข่งด้วยเวลา 3 นาที 42 วินาที ท่ามกลางผู้ชมกว่า 8,000 คน หัวหน้าทีมบอกว่าซ้อมมาตลอดหกเดือน</p>";
const AR_OTHER: &str = "<p>أعلنت جامعة الساحل قبول 540 طالبا في كلية الطب هذا العام، بزيادة قدرها عشرة في المئة عن العام الماضي. وقال عميد الكلية إن قاعات جديدة ستفتح في الربيع، وإن منحا دراسية ستقدم لأبناء القرى البعيدة.</p>";
const KO_OTHER: &str = "<p>새벽 안개가 걷히면 나루터에는 아직도 배를 타려는 사람들이 모인다. 뱃사공 박만수 씨는 41년째 강을 건너며 장날마다 서른 번 넘게 노를 젓는다. 다리가 놓인 뒤 손님은 줄었지만 그는 그만둘 생각이 없다고 했다.</p>";
