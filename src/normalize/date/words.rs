//! What the words of a date mean, apart from zones.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::lexer::fold_word;
use super::months;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A month, 1 to 12.
    Month(u8),
    /// A day of the week; it is not looked at (D2).
    Weekday,
    /// A month, but a day of the week in first place: `mar.`, `Mar` (D18).
    MonthOrWeekday(u8),
    /// A word between the parts: `at`, `lúc`, `de`, `ngày` (D14).
    Filler,
    /// Before midday.
    Morning,
    /// After midday.
    Afternoon,
    /// Belongs to the number before it: year, month, day, hour, minute, second.
    Unit(Unit),
    /// `16th`, `1er`: nothing.
    Ordinal,
    /// Vietnamese `tháng`, `th`, `thg`: a month follows.
    MonthAhead,
    /// Vietnamese `thứ`: a day of the week follows.
    WeekdayAhead,
    /// Introduces a time: `klo`, `kl`; `15.04` after it is a time.
    TimeAhead,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// `年`, `년`.
    Year,
    /// `月`, `월`.
    Month,
    /// `日`, `일`.
    Day,
    /// `時`, `시`, `giờ`, `h`.
    Hour,
    /// `分`, `분`, `phút`.
    Minute,
    /// `秒`, `초`, `giây`.
    Second,
}

const WEEKDAYS: &str = "\
     monday mon tuesday tue tues wednesday wed weds thursday thu thur thurs friday fri saturday \
     sat sunday sun montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di \
     mi do fr sa so lundi mardi mercredi jeudi vendredi samedi dimanche lun mer jeu ven sam dim \
     lunes martes miércoles jueves viernes sábado domingo mié jue vie sáb dom lunedì martedì \
     mercoledì giovedì venerdì sabato domenica gio segunda terça quarta quinta sexta feira seg \
     ter qua qui sex maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo vr za zo \
     måndag tisdag onsdag torsdag fredag lördag söndag mån tis ons tor tors fre lör sön mandag \
     tirsdag lørdag søndag man tir lør søn maanantai tiistai keskiviikko torstai perjantai \
     lauantai sunnuntai ke pe la su poniedziałek wtorek środa czwartek piątek sobota niedziela \
     pon wt śr czw pt sob nie ndz pondělí úterý středa čtvrtek pátek neděle po út st čt pá ne \
     utorok streda štvrtok piatok nedeľa hétfő kedd szerda csütörtök péntek szombat vasárnap \
     luni marți miercuri joi vineri sâmbătă duminică δευτέρα τρίτη τετάρτη πέμπτη παρασκευή \
     σάββατο κυριακή δευ τρι τετ πεμ παρ σαβ κυρ pazartesi salı çarşamba perşembe cuma \
     cumartesi pazar pzt sal çar per cum cmt paz понедельник вторник среда четверг пятница \
     суббота воскресенье пн вт ср чт пт сб вс понеділок вівторок середа п'ятниця субота неділя \
     нд понеделник вторник сряда четвъртък петък събота неделя понедељак уторак петак pirmdiena \
     otrdiena trešdiena ceturtdiena piektdiena sestdiena svētdiena esmaspäev teisipäev \
     kolmapäev neljapäev reede laupäev pühapäev pirmadienis antradienis trečiadienis \
     ketvirtadienis penktadienis šeštadienis sekmadienis ponedjeljak utorak srijeda četvrtak \
     petak subota nedjelja ponedeljek torek sreda nedelja senin selasa rabu kamis jumat sabtu \
     minggu isnin selasa khamis jumaat ahad cn chủ nhật الاثنين الإثنين الثلاثاء الأربعاء \
     الخميس الجمعة السبت الأحد דוש จันทร์ อังคาร พุธ พฤหัสบดี ศุกร์ เสาร์ อาทิตย์";

const FILLERS: &str = "\
     at on of the de del el le den der dem am um om a à à las les alle ore ora as às saat в у o \
     v ve luc lúc ngày vào hồi năm uhr uur hod hrs hours gada gadā m d г года р року year pukul \
     pkl jam jm t och klokka klockan στις ของ วันที่ พศ เวลา น في الساعة ساعت ב בשעה";

/// Words that do something, by their kind.
const OTHERS: [(&str, Word); 14] = [
    ("am sa öö", Word::Morning),
    ("pm ch ös", Word::Afternoon),
    ("st nd rd er ère º ª ste gen e", Word::Ordinal),
    ("th", Word::Ordinal),
    ("tháng thg", Word::MonthAhead),
    ("thứ", Word::WeekdayAhead),
    ("klo kl", Word::TimeAhead),
    ("giờ h g", Word::Unit(Unit::Hour)),
    ("phút min", Word::Unit(Unit::Minute)),
    ("giây", Word::Unit(Unit::Second)),
    ("ص", Word::Morning),
    ("م", Word::Afternoon),
    ("صباحا", Word::Morning),
    ("مساء", Word::Afternoon),
];

/// Words of scripts that put no space between them, longest first.
const CJK: [(&str, Word); 47] = [
    ("星期一", Word::Weekday),
    ("星期二", Word::Weekday),
    ("星期三", Word::Weekday),
    ("星期四", Word::Weekday),
    ("星期五", Word::Weekday),
    ("星期六", Word::Weekday),
    ("星期日", Word::Weekday),
    ("星期天", Word::Weekday),
    ("月曜日", Word::Weekday),
    ("火曜日", Word::Weekday),
    ("水曜日", Word::Weekday),
    ("木曜日", Word::Weekday),
    ("金曜日", Word::Weekday),
    ("土曜日", Word::Weekday),
    ("日曜日", Word::Weekday),
    ("월요일", Word::Weekday),
    ("화요일", Word::Weekday),
    ("수요일", Word::Weekday),
    ("목요일", Word::Weekday),
    ("금요일", Word::Weekday),
    ("토요일", Word::Weekday),
    ("일요일", Word::Weekday),
    ("十一月", Word::Month(11)),
    ("十二月", Word::Month(12)),
    ("一月", Word::Month(1)),
    ("二月", Word::Month(2)),
    ("三月", Word::Month(3)),
    ("四月", Word::Month(4)),
    ("五月", Word::Month(5)),
    ("六月", Word::Month(6)),
    ("七月", Word::Month(7)),
    ("八月", Word::Month(8)),
    ("九月", Word::Month(9)),
    ("十月", Word::Month(10)),
    ("上午", Word::Morning),
    ("午前", Word::Morning),
    ("下午", Word::Afternoon),
    ("午後", Word::Afternoon),
    ("오전", Word::Morning),
    ("오후", Word::Afternoon),
    ("年", Word::Unit(Unit::Year)),
    ("月", Word::Unit(Unit::Month)),
    ("日", Word::Unit(Unit::Day)),
    ("号", Word::Unit(Unit::Day)),
    ("년", Word::Unit(Unit::Year)),
    ("월", Word::Unit(Unit::Month)),
    ("일", Word::Unit(Unit::Day)),
];

/// Units of time in those scripts, and short days of the week.
const CJK_SHORT: [(&str, Word); 17] = [
    ("周一", Word::Weekday),
    ("周二", Word::Weekday),
    ("周三", Word::Weekday),
    ("周四", Word::Weekday),
    ("周五", Word::Weekday),
    ("周六", Word::Weekday),
    ("周日", Word::Weekday),
    ("時", Word::Unit(Unit::Hour)),
    ("时", Word::Unit(Unit::Hour)),
    ("点", Word::Unit(Unit::Hour)),
    ("點", Word::Unit(Unit::Hour)),
    ("시", Word::Unit(Unit::Hour)),
    ("分", Word::Unit(Unit::Minute)),
    ("분", Word::Unit(Unit::Minute)),
    ("秒", Word::Unit(Unit::Second)),
    ("초", Word::Unit(Unit::Second)),
    ("號", Word::Unit(Unit::Day)),
];

static WORDS: LazyLock<HashMap<String, Word>> = LazyLock::new(|| {
    let mut words = HashMap::new();
    let mut add = |list: &str, word: Word| {
        for name in list.split_whitespace() {
            words.insert(fold_word(name), word);
        }
    };
    // The later entry wins: a month before a day of the week of the same letters.
    add(FILLERS, Word::Filler);
    add(WEEKDAYS, Word::Weekday);
    for (list, word) in OTHERS {
        add(list, word);
    }
    for (month, names) in (1..).zip(months::NAMES) {
        add(names, Word::Month(month));
    }
    add("mar", Word::MonthOrWeekday(3));
    for (name, word) in CJK.into_iter().chain(CJK_SHORT) {
        add(name, word);
    }
    words
});

/// Returns what a folded word is, in a language if it matters.
pub(super) fn look_up(word: &str, language: Option<&str>) -> Option<Word> {
    let tag = language.unwrap_or_default();
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    let friend = months::FALSE_FRIENDS
        .iter()
        .find(|(language, name, _)| language.eq_ignore_ascii_case(primary) && *name == word);
    match friend {
        Some((_, _, month)) => Some(Word::Month(*month)),
        None => WORDS.get(word).copied(),
    }
}

/// Tells whether a folded word is in the table.
pub(super) fn is_known(word: &str) -> bool {
    WORDS.contains_key(word)
}

/// Returns the Chinese, Japanese or Korean word that `rest` begins with, and its length in
/// characters.
pub(super) fn cjk(rest: &[char]) -> Option<(&'static str, usize)> {
    let is_prefix = |name: &str| {
        name.chars()
            .zip(rest.iter().map(Some).chain(std::iter::repeat(None)))
            .all(|(wanted, c)| c == Some(&wanted))
    };
    CJK.iter()
        .chain(&CJK_SHORT)
        .map(|(name, _)| *name)
        .filter(|name| is_prefix(name))
        .max_by_key(|name| name.len())
        .map(|name| (name, name.chars().count()))
}
