//! Media RSS, iTunes, Podcasting 2.0, threading and licences, from the publisher's feed to all
//! three outputs (R33, R75–R82), over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use blackbox::{Answer, Origin, Place};
use serde_json::Value;

/// Elements of an item that must come out as they went in: their start in XML, and the name.
const ELEMENTS: &[(&str, &str)] = &[
    ("<itunes:duration>1:02:03</itunes:duration>", "itunes:duration"),
    ("<itunes:image href=\"https://pod.example/1.jpg\"/>", "itunes:image"),
    ("<itunes:episode>7</itunes:episode>", "itunes:episode"),
    ("<itunes:season>2</itunes:season>", "itunes:season"),
    ("<itunes:episodeType>full</itunes:episodeType>", "itunes:episodeType"),
    ("<itunes:explicit>false</itunes:explicit>", "itunes:explicit"),
    ("<itunes:summary>Tóm tắt</itunes:summary>", "itunes:summary"),
    (
        "<podcast:transcript type=\"text/vtt\" url=\"https://pod.example/1.vtt\"/>",
        "podcast:transcript",
    ),
    (
        "<podcast:chapters type=\"application/json+chapters\" url=\"https://pod.example/1.json\"/>",
        "podcast:chapters",
    ),
    (
        "<podcast:person href=\"https://an.example/\" role=\"host\">An Nguyễn</podcast:person>",
        "podcast:person",
    ),
    (
        "<podcast:soundbite duration=\"30.0\" startTime=\"73.0\">Hay</podcast:soundbite>",
        "podcast:soundbite",
    ),
    ("<podcast:season name=\"Hai\">2</podcast:season>", "podcast:season"),
    ("<podcast:episode display=\"Bảy\">7</podcast:episode>", "podcast:episode"),
    ("<podcast:location geo=\"geo:21.03,105.85\">Hà Nội</podcast:location>", "podcast:location"),
    (
        "<podcast:socialInteract protocol=\"activitypub\" uri=\"https://social.example/1\"/>",
        "podcast:socialInteract",
    ),
    (
        "<podcast:alternateEnclosure length=\"9\" type=\"audio/opus\"><podcast:source uri=\"https://pod.example/1.opus\"/></podcast:alternateEnclosure>",
        "podcast:alternateEnclosure",
    ),
    (
        "<podcast:value method=\"keysend\" type=\"lightning\"><podcast:valueRecipient address=\"02d5\" name=\"An\" split=\"100\" type=\"node\"/></podcast:value>",
        "podcast:value",
    ),
    (
        "<media:group><media:content medium=\"video\" type=\"video/mp4\" url=\"https://pod.example/1.mp4\"/><media:title type=\"plain\">Phim</media:title></media:group>",
        "media:group",
    ),
    (
        "<media:thumbnail height=\"90\" url=\"https://pod.example/t.jpg\" width=\"120\"/>",
        "media:thumbnail",
    ),
    ("<media:description type=\"plain\">Cảnh biển</media:description>", "media:description"),
    ("<media:credit role=\"photographer\" scheme=\"urn:ebu\">Bình</media:credit>", "media:credit"),
    (
        "<thr:in-reply-to href=\"https://pod.example/0\" ref=\"tag:pod.example,0\"/>",
        "thr:in-reply-to",
    ),
    ("<thr:total>3</thr:total>", "thr:total"),
    (
        "<creativeCommons:license>https://creativecommons.org/licenses/by/4.0/</creativeCommons:license>",
        "creativeCommons:license",
    ),
];

fn podcast(channel: &str, item: &str) -> String {
    let elements: String = ELEMENTS.iter().map(|(xml, _)| *xml).collect();
    format!(
        r#"<rss version="2.0" xmlns:itunes="http://www.itunes.com/DTDs/Podcast-1.0.dtd"
        xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:media="http://search.yahoo.com/mrss"
        xmlns:thr="http://purl.org/syndication/thread/1.0"
        xmlns:creativeCommons="http://backend.userland.com/creativeCommonsRssModule">
        <channel><title>Phát thanh</title><link>https://pod.example/</link>
        <podcast:guid>917393e3-1b1e-5cef-ace4-edaa54e1f810</podcast:guid><podcast:locked>yes</podcast:locked>
        <itunes:author>Đài</itunes:author><itunes:new-feed-url>https://moi.example/feed</itunes:new-feed-url>{channel}
        <item><title>Tập bảy</title><guid isPermaLink="false">pod-7</guid><description>Mô tả</description>
        <pubDate>Mon, 18 Nov 2024 08:00:00 +0700</pubDate>
        <enclosure url="https://pod.example/1.mp3" length="1234" type="audio/mpeg"/>
        <enclosure url="https://pod.example/1.ogg" length="0" type="audio/ogg"/>{elements}{item}</item>
        </channel></rss>"#
    )
}

fn place(document: String, settings: &str) -> (Origin, Place) {
    let origin = Origin::start();
    origin.on("/pod", move |_| Answer::ok(document.as_bytes()));
    let url = origin.url("/pod");
    let place = Place::new(&format!("[[source]]\nid = \"pod\"\nurl = \"{url}\"\n{settings}\n"));
    (origin, place)
}

#[test]
fn every_element_of_an_episode_reaches_all_three_outputs_r75_r79_and_r81_r82_are_held() {
    let (_origin, place) = place(podcast("", ""), "");
    place.must(&["poll"]);
    let daemon = place.daemon();
    let [atom, rss, json] =
        ["atom", "rss", "json"].map(|format| daemon.get(&format!("/all.{format}")).text());
    for (xml, name) in ELEMENTS {
        assert!(atom.contains(xml), "{name} in Atom: {atom}");
        // The writer of RSS closes empty elements by an end tag.
        let spelt = xml.replace("/>", "></");
        let start = spelt.split("></").next().unwrap().split("/>").next().unwrap();
        assert!(rss.contains(start), "{name} in RSS: {start} in {rss}");
    }
    let json: Value = serde_json::from_str(&json).unwrap();
    let item = &json["items"][0];
    let elements = item["_feedmill"]["elements"].as_array().unwrap();
    for (_, name) in ELEMENTS {
        let is_there = elements.iter().any(|element| element["name"] == *name);
        assert!(is_there, "{name} in JSON: {elements:?}");
    }
    let chapters = elements.iter().find(|element| element["name"] == "podcast:chapters").unwrap();
    assert_eq!(chapters["attributes"]["url"], "https://pod.example/1.json");
    let value = elements.iter().find(|element| element["name"] == "podcast:value").unwrap();
    assert_eq!(value["children"][0]["attributes"]["address"], "02d5");

    assert!(atom.contains("length=\"1234\" href=\"https://pod.example/1.mp3\""), "R76: {atom}");
    let ogg = atom.split("<link ").find(|link| link.contains("1.ogg")).unwrap();
    let ogg = ogg.split("/>").next().unwrap();
    assert!(!ogg.contains("length"), "R76: an unknown length is not written: {ogg}");
    assert_eq!(rss.matches("<enclosure ").count(), 1, "R41");
    assert!(rss.contains("<media:content type=\"audio/ogg\" url=\"https://pod.example/1.ogg\""));
    let files = item["attachments"].as_array().unwrap();
    assert_eq!(files.len(), 2, "R75: {files:?}");
    assert_eq!(
        (&files[0]["size_in_bytes"], files[0]["mime_type"].as_str()),
        (&1234.into(), Some("audio/mpeg"))
    );
    for output in [&atom, &rss] {
        assert!(!output.contains("podcast:guid") && !output.contains("podcast:locked"), "R81");
    }
    let flaws = place.must(&["status", "--json"]);
    assert!(flaws.contains("itunes:new-feed-url): https://moi.example/feed"), "R82: {flaws}");
}

#[test]
fn r80_blocks_are_obeyed_unless_the_operator_says_publish() {
    let blocked = "<podcast:block>yes</podcast:block>";
    let to_us =
        "<podcast:block>yes</podcast:block><podcast:block id=\"feedmill\">no</podcast:block>";
    let cases = [
        ("podcast:block", blocked, "", "", 0),
        ("podcast:block by name", to_us, "", "", 1),
        ("podcast:block of another", "<podcast:block id=\"google\">yes</podcast:block>", "", "", 1),
        ("itunes:block", "<itunes:block>Yes</itunes:block>", "", "", 0),
        ("itunes:block of an episode", "", "<itunes:block>Yes</itunes:block>", "", 0),
        ("itunes:block no", "", "<itunes:block>No</itunes:block>", "", 1),
        ("publish = true", blocked, "", "publish = true", 1),
        (
            "publish = true, of an episode",
            "",
            "<itunes:block>yes</itunes:block>",
            "publish = true",
            1,
        ),
    ];
    for (name, channel, item, settings, entries) in cases {
        let (_origin, place) = place(podcast(channel, item), settings);
        let out = place.must(&["poll", "--json"]);
        let verdict = if entries == 0 { "withheld" } else { "new" };
        assert!(out.contains(&format!("\"verdict\":\"{verdict}\"")), "{name}: {out}");
        let all = place.daemon().get("/all.atom").text();
        assert_eq!(all.matches("<entry").count(), entries, "{name}");
    }
}

#[test]
fn publish_written_out_later_lets_a_blocked_feed_through() {
    let (origin, place) = place(podcast("<itunes:block>Yes</itunes:block>", ""), "");
    assert!(place.must(&["poll", "--json"]).contains("withheld"));
    let url = origin.url("/pod");
    place.configure(&format!("[[source]]\nid = \"pod\"\nurl = \"{url}\"\npublish = true\n"));
    assert!(place.must(&["poll", "--json"]).contains("\"verdict\":\"new\""));
}
