//! Extension elements as a flat list: each is followed by its children. No nesting on disk means no
//! recursion here, however deep a publisher nests.

use serde::{Deserialize, Serialize};

use crate::model::entry::Element;

#[derive(Serialize, Deserialize)]
pub(super) struct ElementWire<'a> {
    prefix: &'a str,
    name: &'a str,
    #[serde(borrow)]
    attributes: Vec<(&'a str, &'a str)>,
    text: &'a str,
    children: u32,
}

/// Returns the elements in document order.
pub(super) fn flatten(elements: &[Element]) -> Vec<ElementWire<'_>> {
    let mut flat = Vec::new();
    let mut waiting: Vec<&Element> = elements.iter().rev().collect();
    while let Some(element) = waiting.pop() {
        let Element { prefix, name, attributes, text, children } = element;
        flat.push(ElementWire {
            prefix,
            name,
            attributes: attributes.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect(),
            text,
            children: u32::try_from(children.len()).unwrap_or(u32::MAX),
        });
        waiting.extend(children.iter().rev());
    }
    flat
}

/// Returns the elements as a tree; `None` when the counts do not fit.
///
/// Read from the end, the children of an element are the last ones made.
pub(super) fn nest(flat: Vec<ElementWire<'_>>) -> Option<Vec<Element>> {
    let mut made: Vec<Element> = Vec::new();
    for wire in flat.into_iter().rev() {
        let ElementWire { prefix, name, attributes, text, children } = wire;
        let first = made.len().checked_sub(usize::try_from(children).ok()?)?;
        let mut children = made.split_off(first);
        children.reverse();
        made.push(Element {
            prefix: prefix.to_owned(),
            name: name.to_owned(),
            attributes: attributes
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            text: text.to_owned(),
            children,
        });
    }
    made.reverse();
    Some(made)
}
