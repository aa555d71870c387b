//! Persons: Atom's person construct, and the one line of text RSS and its modules have.

use super::super::context::Context;
use super::super::names::Ns;
use super::super::node::Node;
use crate::model::raw::RawPerson;

/// Persons read of one element.
const PEOPLE_MAX: usize = 100;

/// Reads the persons among the children of `node` that have one of these names, in document order.
pub(super) fn people(node: &Node, context: &Context, names: &[(Ns, &str)]) -> Vec<RawPerson> {
    let mut out: Vec<RawPerson> = Vec::new();
    for element in node.elements() {
        let is_one = names.iter().any(|(ns, name)| element.is(*ns, name));
        let Some(person) = is_one.then(|| person(element, context)).flatten() else { continue };
        if out.len() < PEOPLE_MAX && !out.contains(&person) {
            out.push(person);
        }
    }
    out
}

/// Reads one person; `None` when nothing is said of them.
fn person(node: &Node, outer: &Context) -> Option<RawPerson> {
    let context = outer.enter(node);
    // Atom 0.3 has `url`, Atom 1.0 `uri`; some write `homepage`.
    let part = |names: &[&str]| {
        names.iter().find_map(|name| {
            node.elements()
                .find(|e| {
                    matches!(e.ns, Ns::Core | Ns::Atom | Ns::Itunes)
                        && e.name.eq_ignore_ascii_case(name)
                })
                .map(|e| (e, e.string()))
        })
    };
    let name = part(&["name"]).and_then(|(_, text)| text);
    let email = part(&["email"]).and_then(|(_, text)| text);
    let uri = part(&["uri", "url", "homepage", "href"])
        .and_then(|(element, text)| context.enter(element).resolve(&text?));
    if name.is_none() && email.is_none() && uri.is_none() {
        let name = Some(node.string()?);
        return Some(RawPerson { name, email: None, uri: None });
    }
    Some(RawPerson { name, email, uri })
}
