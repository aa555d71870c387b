//! Pairs that a reader would call one article.

use unicode_normalization::UnicodeNormalization;

use super::texts::*;
use super::{News, Pair, news, pair};

/// The first paragraphs of a text.
fn first(html: &str, paragraphs: usize) -> String {
    html.split_inclusive("</p>").take(paragraphs).collect()
}

fn unaccented(text: &str) -> String {
    let bare = text.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).collect::<String>();
    bare.replace('đ', "d").replace('Đ', "D")
}

fn references(text: &str) -> String {
    let reference = |c: char| match c.is_ascii() {
        true => c.to_string(),
        false => format!("&#{};", u32::from(c)),
    };
    text.chars().map(reference).collect()
}

fn copy(title: &str, html: &str) -> News {
    news(title, html).elsewhere()
}

pub(crate) fn pairs() -> Vec<Pair> {
    let mut pairs = headlines_and_cuts();
    pairs.extend(around_the_text());
    pairs.extend(spellings());
    pairs.extend(addresses());
    pairs.extend(summaries());
    pairs
}

fn headlines_and_cuts() -> Vec<Pair> {
    vec![
        pair(
            "other headline, Vietnamese",
            news(BRIDGE_TITLE, BRIDGE),
            copy("Nối liền đôi bờ sông Hậu, miền Tây bớt phụ thuộc phà", BRIDGE),
            "papers write their own headline over an agency's text",
        ),
        pair(
            "other headline, English",
            news(FERRY_TITLE, FERRY),
            copy("Passengers shivered for six hours as blaze crippled island boat", FERRY),
            "papers write their own headline over an agency's text",
        ),
        pair(
            "cut to two paragraphs, Vietnamese",
            news(BRIDGE_TITLE, BRIDGE),
            copy(BRIDGE_TITLE, &first(BRIDGE, 2)),
            "a paper prints what fits",
        ),
        pair(
            "cut to one paragraph under another headline",
            news(LIBRARY_TITLE, LIBRARY),
            copy("Village reading rooms saved in late vote", &first(LIBRARY, 1)),
            "the lead alone is still the article",
        ),
        pair(
            "headline with the outlet's name",
            news(MUSEUM_TITLE, MUSEUM),
            copy(&format!("{MUSEUM_TITLE} - second"), MUSEUM),
            "the name of a source is no part of a headline",
        ),
        pair(
            "headline cut",
            news(BATTERY_TITLE, BATTERY),
            copy("Start-up opens sodium battery plant", BATTERY),
            "a short headline of the same text",
        ),
        pair(
            "the next day",
            news(RICE_TITLE, RICE),
            copy(RICE_TITLE, RICE).after(26),
            "a weekly or a regional paper prints it a day later",
        ),
        pair(
            "a few words edited",
            news(BATTERY_TITLE, BATTERY),
            copy(
                BATTERY_TITLE,
                &BATTERY
                    .replace("founded by two", "set up by two")
                    .replace("but not yet", "though not"),
            ),
            "an editor's touch changes no fact",
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table of texts")]
fn around_the_text() -> Vec<Pair> {
    vec![
        pair(
            "local lead, Vietnamese",
            news(RICE_TITLE, RICE),
            copy(
                "Nông dân Thoại Sơn thu hoạch lúa hè thu",
                &format!(
                    "<p>Những ngày này, về các xã ven kênh của huyện nhà, đâu đâu cũng nghe tiếng máy gặt.</p>{RICE}"
                ),
            ),
            "a sentence of its own before the agency's text",
        ),
        pair(
            "local lead, English",
            news(LIBRARY_TITLE, LIBRARY),
            copy(
                "Relief in Elmbridge as library is spared",
                &format!(
                    "<p>Readers in Elmbridge can breathe out: their small branch behind the church stays.</p>{LIBRARY}"
                ),
            ),
            "a sentence of its own before the agency's text",
        ),
        pair(
            "credit line, Vietnamese",
            news(MUSEUM_TITLE, MUSEUM),
            copy(MUSEUM_TITLE, &format!("{MUSEUM}<p><em>Theo: first.example</em></p>")),
            "the credit says itself that it is a copy",
        ),
        pair(
            "agency in brackets",
            news(BRIDGE_TITLE, BRIDGE),
            copy(BRIDGE_TITLE, &format!("{BRIDGE}<p>(TTXVN)</p>")),
            "an agency's mark is no part of the text",
        ),
        pair(
            "agency before the text and a credit behind it",
            news(RICE_TITLE, RICE),
            copy(
                "An Giang: giá lúa hè thu đi xuống",
                &format!(
                    "{}<p><b>Nguồn: TTXVN/Vietnam+</b></p>",
                    RICE.replacen("<p>", "<p>An Giang (TTXVN) - ", 1)
                ),
            ),
            "place, agency and credit are no part of the text",
        ),
        pair(
            "named after its source, with the reporter's mark",
            news(BRIDGE_TITLE, BRIDGE),
            copy(
                &format!("{BRIDGE_TITLE} | First"),
                &format!("{BRIDGE}<p>Dẫn theo Báo First</p><p>PV (tổng hợp)</p>"),
            ),
            "who wrote it and where is no part of the text",
        ),
        pair(
            "credit line, English",
            news(FERRY_TITLE, FERRY),
            copy(FERRY_TITLE, &format!("{FERRY}<p>Source: First News Agency</p>")),
            "the credit says itself that it is a copy",
        ),
        pair(
            "dateline",
            news(FERRY_TITLE, FERRY),
            copy(FERRY_TITLE, &FERRY.replacen("<p>", "<p>WESTHAVEN (First) — ", 1)),
            "place and agency before the first word",
        ),
        pair(
            "boilerplate and related links",
            news(RICE_TITLE, RICE),
            copy(
                RICE_TITLE,
                &format!(
                    "{RICE}<p>Tin cùng chuyên mục</p><ul><li><a href=\"https://www.second.example/x\">\
                     Giá cá tra tăng trở lại sau nhiều tháng</a></li><li>\
                     <a href=\"https://www.second.example/y\">Xuất khẩu gạo sang Philippines lập kỷ lục</a></li></ul>"
                ),
            ),
            "what stands around every article of an outlet",
        ),
        pair(
            "other markup",
            news(LIBRARY_TITLE, LIBRARY),
            copy(
                LIBRARY_TITLE,
                &LIBRARY
                    .replace("<p>", "<div class=\"t\"><span>")
                    .replace("</p>", "</span></div><br/>"),
            ),
            "markup says nothing about the text",
        ),
    ]
}

fn spellings() -> Vec<Pair> {
    vec![
        pair(
            "decomposed accents (NFD)",
            news(BRIDGE_TITLE, BRIDGE),
            copy(&BRIDGE_TITLE.nfd().collect::<String>(), &BRIDGE.nfd().collect::<String>()),
            "the same letters in another Unicode form",
        ),
        pair(
            "lost accents",
            news(RICE_TITLE, RICE),
            copy(&unaccented(RICE_TITLE), &unaccented(RICE)),
            "old systems drop the accents",
        ),
        pair(
            "tones placed otherwise",
            news(MUSEUM_TITLE, MUSEUM),
            copy(
                &MUSEUM_TITLE.replace("toà", "tòa"),
                &MUSEUM.replace("toà", "tòa").replace("Toà", "Tòa").replace("Hoà", "Hòa"),
            ),
            "toà and tòa are the same word",
        ),
        pair(
            "headline in capitals",
            news(RICE_TITLE, RICE),
            copy(&RICE_TITLE.to_uppercase(), RICE),
            "some papers shout",
        ),
        pair(
            "accents as character references",
            news(MUSEUM_TITLE, MUSEUM),
            copy(MUSEUM_TITLE, &references(MUSEUM)),
            "old systems write ả as &#7843;",
        ),
        pair(
            "accents lost in the headline only, and the lead only",
            news(BRIDGE_TITLE, BRIDGE),
            copy(&unaccented(BRIDGE_TITLE), &first(BRIDGE, 1)),
            "a headline made from the address",
        ),
        pair(
            "decomposed, without đ, under another headline",
            news(RICE_TITLE, RICE),
            copy(
                "Thoại Sơn: nông dân bán lúa tươi vẫn lời",
                &RICE.nfd().collect::<String>().replace('đ', "d").replace('Đ', "D"),
            ),
            "a Mac's accents and a keyboard without đ",
        ),
        pair(
            "typographic quotes and dashes",
            news(FERRY_TITLE, FERRY),
            copy(FERRY_TITLE, &FERRY.replacen('"', "“", 1).replacen('"', "”", 1)),
            "quotes differ from house to house",
        ),
    ]
}

fn addresses() -> Vec<Pair> {
    const PAGE: &str = "https://www.first.example/2024/11/bao-tang-mo-cua.html";
    let teaser = first(MUSEUM, 1);
    vec![
        pair(
            "AMP address",
            news(MUSEUM_TITLE, MUSEUM).at(PAGE),
            copy(MUSEUM_TITLE, &teaser).at("https://www-first-example.cdn.ampproject.org/c/s/www.first.example/2024/11/bao-tang-mo-cua.html"),
            "a cache's address leads to the same page",
        ),
        pair(
            "mobile address with tracking",
            news(MUSEUM_TITLE, MUSEUM).at(PAGE),
            copy(MUSEUM_TITLE, &teaser).at("https://m.first.example/2024/11/bao-tang-mo-cua.html?utm_source=zalo&fbclid=abc"),
            "mobile host and tracking lead to the same page",
        ),
        pair(
            "address inside a proxy's",
            news(FERRY_TITLE, FERRY).at("https://www.first.example/news/ferry-fire"),
            copy(FERRY_TITLE, &first(FERRY, 1)).at("https://news.google.com/url?url=https%3A%2F%2Fwww.first.example%2Fnews%2Fferry-fire&ct=ga"),
            "the proxy names the page it leads to",
        ),
    ]
}

fn summaries() -> Vec<Pair> {
    const TEASER: &str = "<p>Ca đêm cuối cùng, những mẻ bê tông cuối cùng: cù lao ở hạ lưu sắp hết cảnh đợi phà.</p>";
    let with_summary = News { summary: Some(first(FERRY, 1)), ..copy(FERRY_TITLE, FERRY) };
    vec![
        pair(
            "summary against full text, Vietnamese",
            news(RICE_TITLE, RICE),
            copy(RICE_TITLE, &format!("{}…", first(RICE, 1).trim_end_matches(".</p>"))),
            "many feeds carry the beginning only",
        ),
        pair(
            "summary against full text, English",
            news(BATTERY_TITLE, &first(BATTERY, 1)),
            copy(BATTERY_TITLE, BATTERY),
            "many feeds carry the beginning only",
        ),
        pair(
            "summary beside the text",
            news(FERRY_TITLE, &first(FERRY, 3)),
            with_summary,
            "the longer of the two counts",
        ),
        pair(
            "rewritten summary under the same headline",
            news(BRIDGE_TITLE, TEASER),
            copy(BRIDGE_TITLE, BRIDGE),
            "a long headline word by word is no accident",
        ),
        pair(
            "headline only",
            news(BRIDGE_TITLE, ""),
            copy(BRIDGE_TITLE, BRIDGE),
            "a feed without texts; the headline is long and particular",
        ),
        pair(
            "headlines only, a word more",
            news("Ashdown council votes to keep all nine village libraries open", ""),
            copy("Ashdown council votes to keep all nine village libraries open again", ""),
            "nearly the same headline within hours",
        ),
    ]
}

/// Copies that are not found.
pub(crate) fn not_found() -> Vec<Pair> {
    vec![
        pair(
            "a paraphrase under another headline",
            news(LIBRARY_TITLE, &first(LIBRARY, 1)),
            copy(
                "No branch will shut, says Ashdown",
                "<p>Not one of the small reading rooms in the district is to go: a clear majority of members threw out the cuts late on Tuesday.</p>",
            ),
            "no wording is shared; by design",
        ),
        pair(
            "a translation",
            news(BATTERY_TITLE, BATTERY),
            copy(
                "Nhà máy pin natri đầu tiên của Áo đi vào hoạt động",
                "<p>Công ty do hai cựu sinh viên Đại học Graz thành lập hôm thứ hai đã mở nhà máy pin natri trong một xưởng giấy cũ gần Linz, dây chuyền làm được 40.000 viên mỗi tuần.</p>",
            ),
            "no wording is shared; by design",
        ),
        pair(
            "five days later",
            news(RICE_TITLE, RICE),
            copy(RICE_TITLE, RICE).after(120),
            "beyond the window: the reprint opens a story of its own",
        ),
    ]
}
