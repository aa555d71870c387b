//! Persons: a name and an address, out of the many ways they are written in one string.

use ::url::Url;

use super::{text, url};
use crate::model::entry::Person;
use crate::model::raw::RawPerson;

/// The most persons of one entry.
const PERSONS_MAX: usize = 100;

/// Returns the persons that have at least a name, an address or a page, each once.
pub(super) fn all(raw: &[RawPerson], base: Option<&Url>) -> Vec<Person> {
    let mut persons: Vec<Person> = Vec::new();
    for person in raw.iter().take(PERSONS_MAX).filter_map(|it| one(it, base)) {
        match persons.iter_mut().find(|known| is_same(known, &person)) {
            Some(known) => complete(known, person),
            None => persons.push(person),
        }
    }
    persons
}

/// Tells whether two mentions are one person: the same name or, where one gives none, the same
/// address, and nothing that contradicts it.
fn is_same(known: &Person, other: &Person) -> bool {
    let agree = |left: &Option<String>, right: &Option<String>| match (left, right) {
        (Some(left), Some(right)) => left.eq_ignore_ascii_case(right),
        _ => true,
    };
    let is_named_alike = if known.name.is_empty() || other.name.is_empty() {
        known.email.is_some() && known.email == other.email
            || known.name == other.name && known.uri.is_some() && known.uri == other.uri
    } else {
        known.name == other.name
    };
    is_named_alike && agree(&known.email, &other.email) && agree(&known.uri, &other.uri)
}

/// Adds what another mention of a person says more.
fn complete(known: &mut Person, other: Person) {
    if known.name.is_empty() {
        known.name = other.name;
    }
    known.email = known.email.take().or(other.email);
    known.uri = known.uri.take().or(other.uri);
}

fn one(raw: &RawPerson, base: Option<&Url>) -> Option<Person> {
    let written = raw.name.as_deref().map(unescape).unwrap_or_default();
    let (name, written_email) = take_apart(&written);
    let mut email = raw.email.as_deref().and_then(address).or(written_email);
    let mut uri = raw.uri.as_deref().and_then(|uri| url::link(uri, base));
    // JSON Feed puts addresses into `url`.
    if let Some(found) = uri.as_deref().and_then(|uri| uri.strip_prefix("mailto:")) {
        email = email.or_else(|| address(found));
        uri = None;
    }
    let name = text::label(name).unwrap_or_default();
    let is_anyone = !name.is_empty() || email.is_some() || uri.is_some();
    is_anyone.then_some(Person { name, email, uri })
}

/// Undoes one escaping too many around an address: `A &lt;a@b.example&gt;`.
fn unescape(written: &str) -> String {
    let written = text::fold(written);
    if written.contains("&lt;") && written.contains('@') {
        return written.replace("&lt;", "<").replace("&gt;", ">");
    }
    written
}

/// Brackets round an address or a name; Chinese and Japanese keyboards have wide ones.
const BRACKETS: [(char, char); 4] = [('<', '>'), ('(', ')'), ('（', '）'), ('＜', '＞')];

/// Splits `mail (name)`, `name (mail)`, `Name <mail>`, `<mail>`, `Name mail` and a mail alone into
/// name and address.
fn take_apart(written: &str) -> (&str, Option<String>) {
    let written = written.strip_prefix("mailto:").unwrap_or(written);
    for (open, close) in BRACKETS {
        let Some((before, inner)) =
            written.strip_suffix(close).and_then(|rest| rest.rsplit_once(open))
        else {
            continue;
        };
        if let Some(email) = address(inner) {
            return (unquote(before), Some(email));
        }
        if let Some(email) = address(before) {
            return (unquote(inner), Some(email));
        }
    }
    if let Some(email) = address(written) {
        return ("", Some(email));
    }
    let last = written.rsplit_once(' ').and_then(|(name, mail)| Some((name, address(mail)?)));
    let first = || written.split_once(' ').and_then(|(mail, name)| Some((name, address(mail)?)));
    match last.or_else(first).filter(|(name, _)| !name.contains('@')) {
        Some((name, email)) => (unquote(name), Some(email)),
        None => (unquote(written), None),
    }
}

fn unquote(name: &str) -> &str {
    name.trim().trim_matches(['"', '“', '”', '„']).trim()
}

/// Returns `written` if it looks like a mail address.
fn address(written: &str) -> Option<String> {
    let written = unquote(written);
    let written = written.strip_prefix("mailto:").unwrap_or(written);
    let (local, domain) = written.split_once('@')?;
    // RFC 5322 §3.2.3 `atext`, and letters of all languages (RFC 6531).
    let is_plain = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let is_address = !local.is_empty()
        && !domain.is_empty()
        && written.len() <= 320
        && local.chars().chain(domain.chars()).all(is_plain);
    is_address.then(|| text::fold(written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_taken_apart() {
        let cases = [
            ("RSS", "a@b.example (An Nguyễn)", "An Nguyễn", Some("a@b.example")),
            ("mailbox", "An Nguyễn <a@b.example>", "An Nguyễn", Some("a@b.example")),
            ("quoted", "\"An, Nguyễn\" <a@b.example>", "An, Nguyễn", Some("a@b.example")),
            ("turned round", "An (a@b.example)", "An", Some("a@b.example")),
            ("address alone", " a@b.example\n", "", Some("a@b.example")),
            ("in brackets", "<a@b.example>", "", Some("a@b.example")),
            ("mailto", "mailto:a@b.example", "", Some("a@b.example")),
            ("escaped twice", "An &lt;a@b.example&gt;", "An", Some("a@b.example")),
            ("wide brackets", "An（a@b.example）", "An", Some("a@b.example")),
            ("curly quotes", "“a@b.example”", "", Some("a@b.example")),
            ("a blank between", "Ngô Á\u{a0}a@b.example", "Ngô Á", Some("a@b.example")),
            ("turned round", "a@b.example Ngô Á", "Ngô Á", Some("a@b.example")),
            ("two addresses", "a@b.example c@d.example", "a@b.example c@d.example", None),
            ("empty name", "a@b.example ()", "", Some("a@b.example")),
            ("name alone", "An  Nguyễn", "An Nguyễn", None),
            ("name with brackets", "An (Báo Tuổi Trẻ)", "An (Báo Tuổi Trẻ)", None),
            ("handle", "@an", "@an", None),
            ("sentence with an at", "An @ Home", "An @ Home", None),
            ("entity", "Smith &amp; Co", "Smith & Co", None),
            ("plain ampersand", "Smith & Co", "Smith & Co", None),
        ];
        for (name, written, expected, email) in cases {
            let raw = RawPerson { name: Some(written.to_owned()), ..RawPerson::default() };
            let person = one(&raw, None).unwrap();
            assert_eq!(
                (person.name.as_str(), person.email.as_deref()),
                (expected, email),
                "{name}"
            );
        }
    }

    #[test]
    fn given_parts_win_and_nobody_is_dropped() {
        let base = Url::parse("https://b.example/").unwrap();
        let raw = RawPerson {
            name: Some("An <x@y.example>".to_owned()),
            email: Some("a@b.example".to_owned()),
            uri: Some("/an".to_owned()),
        };
        let person = one(&raw, Some(&base)).unwrap();
        assert_eq!(person.email.as_deref(), Some("a@b.example"));
        assert_eq!(person.uri.as_deref(), Some("https://b.example/an"));
        let blank = RawPerson { name: Some(" ".to_owned()), ..RawPerson::default() };
        assert!(all(&[blank, raw.clone(), raw], Some(&base)).len() == 1);
    }

    #[test]
    fn one_person_mentioned_in_two_elements_is_one() {
        let cases = [
            ("a name and its address", ["ann@b.example (Ann)", "Ann"], 1),
            ("the name first", ["Ann", "ann@b.example (Ann)"], 1),
            ("an address and its name", ["ann@b.example", "Ann <ann@b.example>"], 1),
            ("two of one name", ["Ann <a@b.example>", "Ann <c@d.example>"], 2),
            ("an address that need not be hers", ["ann@b.example", "Ann"], 2),
            ("two people", ["Ann", "Bình"], 2),
        ];
        for (name, written, count) in cases {
            let raw =
                written.map(|it| RawPerson { name: Some(it.to_owned()), ..Default::default() });
            let persons = all(&raw, None);
            assert_eq!(persons.len(), count, "{name}: {persons:?}");
            if count == 1 {
                let [person] = persons.as_slice() else { unreachable!() };
                assert_eq!(person.name, "Ann", "{name}");
                assert_eq!(person.email.as_deref(), Some("ann@b.example"), "{name}");
            }
        }
    }

    #[test]
    fn a_mailto_page_is_an_address() {
        let raw = RawPerson { uri: Some("mailto:a@b.example".to_owned()), ..RawPerson::default() };
        let person = one(&raw, None).unwrap();
        assert_eq!((person.email.as_deref(), person.uri), (Some("a@b.example"), None));
    }
}
