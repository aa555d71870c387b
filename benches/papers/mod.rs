//! The articles that the benches of polling are fed with: 30 a source, 1.8 KB of HTML each, half RSS, half Atom, a fifth of
//! them syndicated; the same at every run.

/// Entries of a document.
pub(crate) const ENTRIES: usize = 30;
const WORDS: [&str; 48] = [
    "sông",
    "thành",
    "phố",
    "người",
    "dân",
    "hôm",
    "qua",
    "đã",
    "đến",
    "chợ",
    "mới",
    "mưa",
    "lớn",
    "tỉnh",
    "trường",
    "học",
    "sinh",
    "đường",
    "nhà",
    "báo",
    "cơn",
    "bão",
    "gió",
    "biển",
    "thuyền",
    "the",
    "river",
    "market",
    "school",
    "road",
    "council",
    "harbour",
    "storm",
    "bridge",
    "winter",
    "maire",
    "rivière",
    "école",
    "marché",
    "pluie",
    "Straße",
    "Fluss",
    "Schule",
    "Regen",
    "река",
    "город",
    "школа",
    "мост",
];

/// A small generator of numbers: the same texts at every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| WORDS[self.next() % WORDS.len()]).collect();
        words.join(" ")
    }
}

/// One article (guid, title, text): every fifth number is a wire story that several sources carry.
pub(crate) fn article(source: usize, n: usize) -> (String, String, String) {
    let is_wire = n.is_multiple_of(5);
    let seed = if is_wire { (source / 8) * 1_000 + n } else { 1_000_000 + source * 1_000 + n };
    let mut dice = Dice(seed as u64 * 0x9E37_79B9 + 1);
    let title = dice.words(9);
    let mut body = String::new();
    for _ in 0..5 {
        let text = dice.words(48);
        body +=
            &format!("<p>{text}. <a href=\"https://p{source}.example/x?a=1&amp;b=2\">{n}</a></p>");
    }
    (format!("s{source}-{n}"), title, body)
}

fn escape(html: &str) -> String {
    html.replace('&', "&amp;").replace('<', "&lt;")
}

/// Returns the document of a source that begins with article `from`.
pub(crate) fn document(source: usize, from: usize) -> String {
    let mut xml = String::new();
    let is_atom = source % 2 == 1;
    if is_atom {
        xml += &format!(
            "<?xml version=\"1.0\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:s{source}</id>\
             <title>Source {source}</title><updated>2026-11-24T10:00:00Z</updated>\
             <link href=\"https://p{source}.example/\"/>"
        );
    } else {
        xml += &format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Source {source}</title>\
             <link>https://p{source}.example/</link><description>x</description>"
        );
    }
    for n in (from..from + ENTRIES).rev() {
        let (guid, title, body) = article(source, n);
        let body = escape(&body);
        let (hour, minute) = (n / 60 % 24, n % 60);
        xml += &if is_atom {
            format!(
                "<entry><id>urn:{guid}</id><title>{title}</title>\
                 <link href=\"https://p{source}.example/{n}.html\"/>\
                 <updated>2026-11-24T{hour:02}:{minute:02}:00Z</updated>\
                 <content type=\"html\">{body}</content></entry>"
            )
        } else {
            format!(
                "<item><guid isPermaLink=\"false\">{guid}</guid><title>{title}</title>\
                 <link>https://p{source}.example/{n}.html</link>\
                 <pubDate>Tue, 24 Nov 2026 {hour:02}:{minute:02}:00 GMT</pubDate>\
                 <description>{body}</description></item>"
            )
        };
    }
    xml + if is_atom { "</feed>" } else { "</channel></rss>" }
}
