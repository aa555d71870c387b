//! Halves of the day as clocks of twelve hours name them (D12, D13).

/// What a word beside the hour says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// AM: `SA`, `sáng`, `du matin`, `上午`.
    Morning,
    /// Around midday, from 11 to 5: `trưa`, `中午`, `дня`.
    Noon,
    /// PM: `CH`, `chiều`, `de la tarde`, `下午`.
    Afternoon,
    /// From 6 in the evening to 5 in the morning: `tối`, `đêm`, `晚上`.
    Night,
}

/// Hours from here on belong to the morning in words for midday, and to the evening in those for
/// the night.
const TURN_HOUR: u32 = 6;

impl Half {
    /// Returns the hour of 24; a mark that contradicts a 24-hour clock is ignored (D12).
    pub(super) fn apply(self, hour: u32) -> u32 {
        match self {
            Self::Morning | Self::Night if hour == 12 => 0,
            Self::Afternoon if hour < 12 => hour + 12,
            Self::Noon if (1..TURN_HOUR).contains(&hour) => hour + 12,
            Self::Night if (TURN_HOUR..12).contains(&hour) => hour + 12,
            Self::Morning | Self::Noon | Self::Afternoon | Self::Night => hour,
        }
    }
}

/// Words, in usual spelling. The Hungarian "de." and "du." are read apart, as they are common words
/// elsewhere.
pub(super) const WORDS: [(&str, Half); 4] = [
    (
        "am sa öö πμ ص صباحا صبح قظ sáng mañana madrugada matin morgens vormittags vorm früh \
         mattina mattino manhã ochtends утра ранку rano dopoledne dopoludnia dopoldne ráno \
         reggel délelőtt förmiddag fm formiddag aamulla sabah dimineața ujutro дп проб сутринта \
         pg pagi priešpiet ก่อนเที่ยง בבוקר πρωί matí पूर्वाह्न",
        Half::Morning,
    ),
    ("trưa mittags mediodía midi mezzogiorno дня siang noon middags podne tr", Half::Noon),
    (
        "pm ch ös μμ م مساء عصر بظ بعدازظهر chiều tarde soir nachmittags nachm abends pomeriggio sera \
         noite avonds вечера вечора wieczorem odpoledne popoludní popoldne večer délután este \
         eftermiddag em ettermiddag iltapäivällä illalla akşam seara popodne navečer пп слоб вечерта \
         sore petang ptg popiet หลังเที่ยง בערב απόγευμα βράδυ tarda vespre अपराह्न",
        Half::Afternoon,
    ),
    ("tối đêm khuya noche notte nachts ночи ночі nuit malam gece éjjel natten", Half::Night),
];

/// Marks of several words; dots, dashes and apostrophes between them are passed over.
pub(super) const PHRASES: [(&str, Half); 10] = [
    ("a m", Half::Morning),
    ("p m", Half::Afternoon),
    ("π μ", Half::Morning),
    ("μ μ", Half::Afternoon),
    ("пр об", Half::Morning),
    ("сл об", Half::Afternoon),
    ("après midi", Half::Afternoon),
    ("öğleden sonra", Half::Afternoon),
    ("öğleden önce", Half::Morning),
    ("po południu", Half::Afternoon),
];

/// Words of scripts without spaces.
pub(super) const CJK: [(&str, Half); 23] = [
    ("上午", Half::Morning),
    ("早上", Half::Morning),
    ("早晨", Half::Morning),
    ("清晨", Half::Morning),
    ("凌晨", Half::Morning),
    ("午前", Half::Morning),
    ("朝", Half::Morning),
    ("오전", Half::Morning),
    ("새벽", Half::Morning),
    ("아침", Half::Morning),
    ("中午", Half::Noon),
    ("正午", Half::Noon),
    ("낮", Half::Noon),
    ("下午", Half::Afternoon),
    ("傍晚", Half::Afternoon),
    ("午後", Half::Afternoon),
    ("夕方", Half::Afternoon),
    ("오후", Half::Afternoon),
    ("저녁", Half::Afternoon),
    ("晚上", Half::Night),
    ("深夜", Half::Night),
    ("夜", Half::Night),
    ("밤", Half::Night),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d12_the_hour_of_24_follows_the_mark() {
        let cases = [
            (Half::Morning, [(12, 0), (0, 0), (6, 6), (18, 18)]),
            (Half::Noon, [(11, 11), (12, 12), (1, 13), (14, 14)]),
            (Half::Afternoon, [(12, 12), (0, 12), (6, 18), (18, 18)]),
            (Half::Night, [(12, 0), (1, 1), (9, 21), (22, 22)]),
        ];
        for (half, hours) in cases {
            for (written, expected) in hours {
                assert_eq!(half.apply(written), expected, "{half:?} {written}");
            }
        }
    }
}
