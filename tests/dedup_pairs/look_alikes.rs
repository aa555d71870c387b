//! Pairs that resemble each other and are two articles.

use super::texts::*;
use super::{News, Pair, news, pair};

fn other(title: &str, html: &str) -> News {
    news(title, html).elsewhere()
}

pub(crate) fn pairs() -> Vec<Pair> {
    let mut pairs = every_day();
    pairs.extend(notices());
    pairs.extend(sport_and_quakes());
    pairs.extend(series());
    pairs.extend(about_another());
    pairs.extend(headlines());
    pairs
}

fn every_day() -> Vec<Pair> {
    vec![
        pair(
            "weather of two days, Vietnamese",
            news("Dự báo thời tiết ngày 18/11: Bắc Bộ trời rét", WEATHER_18),
            other("Dự báo thời tiết ngày 19/11: Bắc Bộ trời rét", WEATHER_19).after(24),
            "one form, other figures",
        ),
        pair(
            "weather of two days under one headline",
            news("Dự báo thời tiết các khu vực trên cả nước", WEATHER_18),
            other("Dự báo thời tiết các khu vực trên cả nước", WEATHER_19).after(24),
            "one form, other figures, and the headline does not tell",
        ),
        pair(
            "weather of two days, English",
            news("Forecast for Monday 18 November", FORECAST_MON),
            other("Forecast for Tuesday 19 November", FORECAST_TUE).after(24),
            "one form, other figures",
        ),
        pair(
            "two lottery draws",
            news("Kết quả xổ số miền Bắc ngày 17/11", LOTTERY_17),
            other("Kết quả xổ số miền Bắc ngày 18/11", LOTTERY_18).after(24),
            "nothing is the same but the form",
        ),
        pair(
            "two lottery draws of one outlet",
            news("XSMB - Kết quả xổ số miền Bắc hôm nay", LOTTERY_17),
            news("XSMB - Kết quả xổ số miền Bắc hôm nay", LOTTERY_18).after(24),
            "nothing is the same but form and headline",
        ),
        pair(
            "gold price of two days",
            news("Giá vàng hôm nay 18/11: tăng nửa triệu đồng", GOLD_AM),
            other("Giá vàng hôm nay 19/11: vượt 84 triệu đồng", GOLD_NEXT).after(24),
            "the prices are the news",
        ),
        pair(
            "gold price under one headline",
            news("Giá vàng trong nước tiếp tục tăng mạnh", GOLD_AM),
            other("Giá vàng trong nước tiếp tục tăng mạnh", GOLD_NEXT).after(24),
            "the prices are the news",
        ),
    ]
}

fn notices() -> Vec<Pair> {
    vec![
        pair(
            "power cuts of two days",
            news("Lịch cúp điện Vĩnh Long ngày 18/11", POWER_18),
            other("Lịch cúp điện Vĩnh Long ngày 19/11", POWER_19).after(20),
            "other streets, other hours",
        ),
        pair(
            "power cuts of two days under one headline of one paper",
            news("Lịch tạm ngừng cung cấp điện trên địa bàn thành phố", POWER_18),
            news("Lịch tạm ngừng cung cấp điện trên địa bàn thành phố", POWER_19).after(20),
            "other streets, other hours",
        ),
        pair(
            "two storms",
            news("Bão số 9 giật cấp 14, cách Hoàng Sa 300 km", STORM_9),
            other("Bão số 10 giật cấp 11, cách Hoàng Sa 520 km", STORM_10).after(60),
            "one form, another storm",
        ),
        pair(
            "one storm, six hours later",
            news("Tin bão trên Biển Đông", STORM_9),
            other("Tin bão trên Biển Đông", STORM_9_LATER).after(6),
            "one form, other figures: each bulletin is news",
        ),
        pair(
            "two crashes on one road",
            news("Tai nạn liên hoàn trên cao tốc, giao thông ùn tắc", CRASH_A),
            other("Tai nạn liên hoàn trên cao tốc, giao thông ùn tắc", CRASH_B).after(30),
            "one road, other cars and hours",
        ),
    ]
}

fn sport_and_quakes() -> Vec<Pair> {
    vec![
        pair(
            "two matches of one evening, Vietnamese",
            news("Hà Nội FC thắng Bình Dương 3-1", MATCH_HN),
            other("Thể Công Viettel thắng Hải Phòng 2-0", MATCH_VT),
            "other clubs, other scorers",
        ),
        pair(
            "two matches under one headline",
            news("Chủ nhà giành trọn ba điểm ở vòng 9", MATCH_HN),
            other("Chủ nhà giành trọn ba điểm ở vòng 9", MATCH_VT),
            "other clubs, other scorers",
        ),
        pair(
            "two matches, English",
            news("Weir double sinks Port Lyle", MATCH_EN),
            other("Okafor double sinks Ashdown", MATCH_EN_2),
            "other clubs, other scorers",
        ),
        pair(
            "two quakes",
            news("Magnitude 4.8 earthquake north of Kalvik", QUAKE_A),
            other("Magnitude 5.3 earthquake west of Osterby", QUAKE_B).after(14),
            "other place, other figures",
        ),
        pair(
            "two quakes under one headline",
            news("Earthquake shakes northern coast, no damage reported", QUAKE_A),
            other("Earthquake shakes northern coast, no damage reported", QUAKE_B).after(14),
            "other place, other figures",
        ),
        pair(
            "two quakes of one feed",
            news("Earthquake report", QUAKE_A),
            news("Earthquake report", QUAKE_B).after(14),
            "other place, other figures",
        ),
    ]
}

fn series() -> Vec<Pair> {
    vec![
        pair(
            "two releases of one project",
            news("Kestrel 4.2.0 released", RELEASE_4_2),
            news("Kestrel 4.3.0 released", RELEASE_4_3).after(20),
            "another version",
        ),
        pair(
            "two releases told by two outlets",
            news("Kestrel 4.2.0 released", RELEASE_4_2),
            other("Kestrel 4.3.0 released", RELEASE_4_3).after(20),
            "another version",
        ),
        pair(
            "episodes 3 and 4",
            news("Chuyện phố, tập 3: những lò bạc cuối cùng", EPISODE_3),
            news("Chuyện phố, tập 4: tranh Đông Hồ", EPISODE_4).after(48),
            "another part of a series",
        ),
        pair(
            "episodes with one text",
            news("Chuyện phố - Tập 3", EPISODE_3),
            news("Chuyện phố - Tập 4", EPISODE_3).after(48),
            "shows repeat their blurb; the number tells",
        ),
        pair(
            "parts of a report",
            news("Ngược dòng sông Hậu - Bài 1: Bên bờ cù lao", BRIDGE),
            other("Ngược dòng sông Hậu - Bài 2: Người đợi phà", BRIDGE_FOLLOW).after(24),
            "another part of a series",
        ),
        pair(
            "seasons in Roman numbers",
            news("The Harbour Tapes, part II", POND),
            news("The Harbour Tapes, part III", POND).after(30),
            "shows repeat their blurb; the number tells",
        ),
    ]
}

fn about_another() -> Vec<Pair> {
    let bulletin = format!("{RICE}{MUSEUM}{CHESS}{BRIDGE}");
    let digest = format!("{POND}{BATTERY}{LIBRARY}{FERRY}");
    vec![
        pair(
            "correction, Vietnamese",
            news(RICE_TITLE, RICE),
            other(
                &format!("Đính chính: {RICE_TITLE}"),
                &format!("<p>Bản tin trước ghi sai diện tích đã thu hoạch. Toà soạn xin lỗi bạn đọc.</p>{RICE}"),
            ),
            "a notice about an article is not the article",
        ),
        pair(
            "correction, English",
            news(LIBRARY_TITLE, LIBRARY),
            other(&format!("Correction: {LIBRARY_TITLE}"), LIBRARY),
            "a notice about an article is not the article",
        ),
        pair(
            "follow-up, English",
            news(FERRY_TITLE, FERRY),
            other("Wrong clamp blamed for blaze aboard night ferry", FERRY_FOLLOW).after(60),
            "the story goes on",
        ),
        pair(
            "follow-up, Vietnamese",
            news(BRIDGE_TITLE, BRIDGE),
            other("Cầu Đại Ngãi 2 bắt đầu thảm nhựa sau hợp long", BRIDGE_FOLLOW).after(70),
            "the story goes on",
        ),
        pair(
            "roundup, Vietnamese",
            news(MUSEUM_TITLE, MUSEUM),
            other("Bản tin sáng 18/11: lúa, bảo tàng, cờ vua", &bulletin),
            "a bulletin holds the article among others",
        ),
        pair(
            "roundup, English",
            news(LIBRARY_TITLE, LIBRARY),
            other("Morning briefing: what to know today", &digest),
            "a bulletin holds the article among others",
        ),
        pair(
            "quoting blog",
            news(FERRY_TITLE, FERRY),
            other("An apology is cheap", QUOTING_BLOG)
                .at("https://www.first.example/news/other"),
            "a quotation inside a text of its own",
        ),
        pair(
            "link blog with a sentence",
            news(BATTERY_TITLE, BATTERY),
            other(
                "Sodium at last",
                "<p>I drove past that mill every day for ten years and it smelled of boiled cabbage. Now it makes cells without lithium, and my cousin has a job there.</p>",
            )
            .at("https://www.third.example/a"),
            "a comment of its own",
        ),
    ]
}

fn headlines() -> Vec<Pair> {
    vec![
        pair(
            "generic headline without text",
            news("Tin vắn", ""),
            other("Tin vắn", ""),
            "too short to say anything",
        ),
        pair(
            "generic headline, other texts",
            news("Letters to the editor", POND),
            other("Letters to the editor", LIBRARY),
            "every paper has such a page",
        ),
        pair(
            "a short headline of two events",
            news("Hỏa hoạn ở khu chợ", ""),
            other("Hỏa hoạn ở khu chợ", "").after(50),
            "too short to say anything",
        ),
        pair(
            "one place, two events",
            news("Đà Nẵng đón khách", MUSEUM),
            other("Đà Nẵng đón khách", CHESS),
            "other texts under a short headline",
        ),
        pair(
            "two texts that share nothing, Vietnamese",
            news(RICE_TITLE, RICE),
            other("Mười bốn kỳ thủ trẻ dự giải Đông Nam Á", CHESS),
            "two articles",
        ),
        pair(
            "two texts that share nothing, English",
            news(BATTERY_TITLE, BATTERY),
            other("Newts expected back in Elmbridge", POND),
            "two articles",
        ),
    ]
}

/// Look-alikes that are merged.
pub(crate) fn merged() -> Vec<Pair> {
    const DOUBLED: &str = "Ministers meet in Westhaven to discuss fishing quotas for next year";
    let mended = LIBRARY.replace("Margaret Oyelaran", "Margaret Oyeleye");
    let longer = format!(
        "{FERRY}<p>Update, Friday: the board said that divers would look at the hull as well.</p>"
    );
    vec![
        pair(
            "a correction without a marker",
            news(LIBRARY_TITLE, LIBRARY),
            other(LIBRARY_TITLE, &mended),
            "only a marker in the headline tells; a reader would want one article anyway",
        ),
        pair(
            "a follow-up that repeats the old text",
            news(FERRY_TITLE, FERRY),
            other("Divers to look at hull of night ferry withdrawn after engine fire", &longer)
                .after(20),
            "nearly all of it is the old article",
        ),
        pair(
            "two meetings under one long headline, no text",
            news(DOUBLED, ""),
            other(DOUBLED, "").after(60),
            "without text the headline decides",
        ),
    ]
}
