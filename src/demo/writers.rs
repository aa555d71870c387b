//! Writes an outlet's document as such outlets write them, faults included.
//!
//! These are samples of what is found in the world, on purpose apart from the program's own
//! writers.

use jiff::Timestamp;
use jiff::tz;
use serde_json::json;

use super::articles::Article;
use super::outlets::{Conduct, Dates, Format, Outlet};

/// Bytes a second of the samples' audio (128 kbit/s).
const AUDIO_BYTES_PER_S: u64 = 16_000;

/// Returns the document with these articles, newest first.
pub(super) fn write(outlet: &Outlet, articles: &[(Timestamp, &Article)]) -> Vec<u8> {
    let text = match outlet.format {
        Format::RssShort | Format::RssFull | Format::Podcast => rss(outlet, articles),
        Format::Atom => atom(outlet, articles),
        Format::Rdf => rdf(outlet, articles),
        Format::Json => json_feed(outlet, articles),
    };
    match outlet.conduct {
        Conduct::Plain | Conduct::Validating | Conduct::Slow => text.into_bytes(),
        Conduct::Truncating => truncated(&text).into_bytes(),
        Conduct::Windows1252 => windows_1252(&text),
        Conduct::Failing => Vec::new(),
    }
}

/// Returns the media type the outlet's server sends.
pub(super) fn media_type(outlet: &Outlet) -> &'static str {
    match outlet.format {
        Format::RssShort => "text/xml; charset=utf-8",
        Format::RssFull if outlet.conduct == Conduct::Windows1252 => "text/xml",
        Format::RssFull | Format::Podcast => "application/rss+xml; charset=utf-8",
        Format::Atom => "application/atom+xml",
        Format::Rdf => "application/rdf+xml",
        Format::Json => "application/feed+json",
    }
}

fn rss(outlet: &Outlet, articles: &[(Timestamp, &Article)]) -> String {
    let encoding = if outlet.conduct == Conduct::Windows1252 { "windows-1252" } else { "utf-8" };
    let items: String = articles.iter().map(|(at, one)| rss_item(outlet, *at, one)).collect();
    format!(
        r#"<?xml version="1.0" encoding="{encoding}"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd">
<channel>
<title>{title}</title>
<link>https://{host}/</link>
<description>{title}</description>
<language>{language}</language>
{items}</channel>
</rss>
"#,
        title = escaped(outlet.title),
        host = outlet.host,
        language = outlet.language,
    )
}

fn rss_item(outlet: &Outlet, at: Timestamp, article: &Article) -> String {
    let author = article.author.map(|name| format!("<dc:creator>{}</dc:creator>\n", escaped(name)));
    format!(
        "<item>\n<title>{title}</title>\n<link>{link}</link>\n{body}{author}<category>{section}\
         </category>\n<guid isPermaLink=\"{is_permalink}\">{guid}</guid>\n<pubDate>{date}\
         </pubDate>\n</item>\n",
        title = escaped(article.title),
        link = link(outlet, article),
        body = rss_body(outlet, article),
        author = author.unwrap_or_default(),
        section = escaped(article.section),
        is_permalink = outlet.format != Format::Podcast,
        guid = match outlet.format {
            Format::Podcast => format!("{}-{}", outlet.id, article.slug),
            _ => link(outlet, article),
        },
        date = date(outlet.dates, at),
    )
}

fn rss_body(outlet: &Outlet, article: &Article) -> String {
    let lead = article.paragraphs.first().copied().unwrap_or_default();
    let whole = html(article);
    match outlet.format {
        Format::RssShort => format!("<description><![CDATA[{whole}]]></description>\n"),
        Format::Podcast => {
            format!("<description><![CDATA[{whole}]]></description>\n{}", episode(outlet, article))
        }
        Format::RssFull | Format::Atom | Format::Rdf | Format::Json => format!(
            "<description>{}</description>\n<content:encoded><![CDATA[{whole}]]>\
             </content:encoded>\n",
            escaped(lead)
        ),
    }
}

fn episode(outlet: &Outlet, article: &Article) -> String {
    let minutes = article.minutes.unwrap_or(1);
    format!(
        "<enclosure url=\"https://{host}/audio/{slug}.mp3\" length=\"{length}\" \
         type=\"audio/mpeg\"/>\n<itunes:duration>{minutes}:00</itunes:duration>\n\
         <itunes:image href=\"https://{host}/bia/{slug}.jpg\"/>\n\
         <itunes:explicit>false</itunes:explicit>\n",
        host = outlet.host,
        slug = article.slug,
        length = u64::from(minutes) * 60 * AUDIO_BYTES_PER_S,
    )
}

fn atom(outlet: &Outlet, articles: &[(Timestamp, &Article)]) -> String {
    let updated = articles.first().map(|(at, _)| date(outlet.dates, *at)).unwrap_or_default();
    let entries: String = articles.iter().map(|(at, one)| atom_entry(outlet, *at, one)).collect();
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}" xml:base="https://{host}/viet/">
<id>tag:{host},2024:viet</id>
<title>{title}</title>
<updated>{updated}</updated>
<link rel="alternate" href="."/>
{entries}</feed>
"#,
        language = outlet.language,
        host = outlet.host,
        title = escaped(outlet.title),
    )
}

fn atom_entry(outlet: &Outlet, at: Timestamp, article: &Article) -> String {
    format!(
        r#"<entry xml:base="{slug}/">
<id>tag:{host},2024:{slug}</id>
<title type="html">{title}</title>
<link rel="alternate" href="."/>
<published>{date}</published>
<updated>{date}</updated>
<author><name>{author}</name></author>
<category term="{section}"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{html}
<p><a href="../#chu-de">{section}</a></p></div></content>
</entry>
"#,
        slug = article.slug,
        host = outlet.host,
        // As `type="html"`: escaped as text is, and once more as HTML is.
        title = escaped(&escaped(article.title)),
        date = date(outlet.dates, at),
        author = escaped(article.author.unwrap_or(outlet.title)),
        section = escaped(article.section),
        html = html(article),
    )
}

fn rdf(outlet: &Outlet, articles: &[(Timestamp, &Article)]) -> String {
    let list: String = articles
        .iter()
        .map(|(_, one)| format!("<rdf:li rdf:resource=\"{}\"/>\n", link(outlet, one)))
        .collect();
    let items: String = articles.iter().map(|(at, one)| rdf_item(outlet, *at, one)).collect();
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel rdf:about="https://{host}/">
<title>{title}</title>
<link>https://{host}/</link>
<description>{title}</description>
<dc:language>{language}</dc:language>
<items><rdf:Seq>
{list}</rdf:Seq></items>
</channel>
{items}</rdf:RDF>
"#,
        host = outlet.host,
        title = escaped(outlet.title),
        language = outlet.language,
    )
}

fn rdf_item(outlet: &Outlet, at: Timestamp, article: &Article) -> String {
    format!(
        "<item rdf:about=\"{link}\">\n<title>{title}</title>\n<link>{link}</link>\n{body}\
         <dc:creator>{author}</dc:creator>\n<dc:subject>{section}</dc:subject>\n\
         <dc:date>{date}</dc:date>\n</item>\n",
        link = link(outlet, article),
        title = escaped(article.title),
        body = rss_body(outlet, article),
        author = escaped(article.author.unwrap_or(outlet.title)),
        section = escaped(article.section),
        date = date(outlet.dates, at),
    )
}

fn json_feed(outlet: &Outlet, articles: &[(Timestamp, &Article)]) -> String {
    let item = |(at, article): &(Timestamp, &Article)| {
        json!({
            "id": link(outlet, article),
            "url": link(outlet, article),
            "title": article.title,
            "content_html": html(article),
            "date_published": date(outlet.dates, *at),
            "authors": [{ "name": article.author.unwrap_or(outlet.title) }],
            "tags": [article.section],
        })
    };
    json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.title,
        "home_page_url": format!("https://{}/", outlet.host),
        "language": outlet.language,
        "items": articles.iter().map(item).collect::<Vec<_>>(),
    })
    .to_string()
}

fn link(outlet: &Outlet, article: &Article) -> String {
    format!("https://{}/{}.html", outlet.host, article.slug)
}

/// Returns the article as HTML, with its credit as the last line.
fn html(article: &Article) -> String {
    let lines = article.paragraphs.iter().copied().chain(article.credit);
    lines.map(|line| format!("<p>{}</p>", escaped(line))).collect()
}

fn date(style: Dates, at: Timestamp) -> String {
    let local = |hours: i8| at.to_zoned(tz::offset(hours).to_time_zone());
    match style {
        Dates::Dotted => local(7).strftime("%d.%m.%Y | %H:%M %p").to_string(),
        Dates::GmtPlus7 => local(7).strftime("%a, %d %b %Y %H:%M:%S GMT+7").to_string(),
        Dates::Mail(hours) => local(hours).strftime("%a, %d %b %Y %H:%M:%S %z").to_string(),
        Dates::Iso(hours) => local(hours).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Writes each `&` bare, and breaks off within the last item.
fn truncated(text: &str) -> String {
    let bare = text.replace("&amp;", "&");
    let end = bare.rfind("<guid").unwrap_or(bare.len());
    bare.get(..end).unwrap_or(&bare).to_owned()
}

/// Encodes as windows-1252 (WHATWG Encoding, index windows-1252); what it lacks becomes `?`.
fn windows_1252(text: &str) -> Vec<u8> {
    let byte = |c: char| match c {
        '€' => 0x80,
        '…' => 0x85,
        'Œ' => 0x8C,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '–' => 0x96,
        '—' => 0x97,
        'œ' => 0x9C,
        '\u{80}'..='\u{9F}' => b'?',
        c => u8::try_from(c).unwrap_or(b'?'),
    };
    text.chars().map(byte).collect()
}
