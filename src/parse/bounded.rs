//! Reads JSON into values, but not into any number of them.
//!
//! A value takes up to a hundred times the bytes it is written in (`[0],` is four), so that ten
//! megabytes could become one gigabyte (standards P80). The items of a feed are found without being
//! read, so that those which are known by their bytes cost no more than that.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Values read of one document, all depths together.
pub(super) const JSON_VALUES_MAX: usize = 500_000;

/// Words by which a refusal is told from a malformed document.
pub(super) const TOO_MANY: &str = "too many values";

/// Words by which too deep a document is told from a malformed one: those of serde_json.
pub(super) const TOO_DEEP: &str = "recursion limit exceeded";

/// Deepest JSON value read: the limit of serde_json.
pub(super) const JSON_DEPTH_MAX: usize = 127;

/// The depth of what stands in an item of a feed: in an object, in a list, in the feed.
const ITEM_DEPTH: usize = 2;

/// The values of a document that is one object, its items aside.
pub(super) struct Outline<'t> {
    /// Everything but the items.
    pub(super) feed: Map<String, Value>,
    /// The items as written; `None` when there is no list of them.
    pub(super) items: Option<Vec<&'t RawValue>>,
    left: Cell<usize>,
}

impl<'t> Outline<'t> {
    /// Reads everything but the items.
    pub(super) fn read(text: &'t str) -> serde_json::Result<Self> {
        let left = Cell::new(JSON_VALUES_MAX);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let (feed, items) =
            Root(Bounded { left: &left, depth: 0 }).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(Self { feed, items, left })
    }

    /// Reads one of the items; what is in it counts towards the limit of the document.
    pub(super) fn item(&self, item: &RawValue) -> serde_json::Result<Value> {
        let mut deserializer = serde_json::Deserializer::from_str(item.get());
        deserializer.deserialize_any(Bounded { left: &self.left, depth: ITEM_DEPTH })
    }
}

/// The document's object.
struct Root<'b>(Bounded<'b>);

type Items<'de> = Option<Vec<&'de RawValue>>;

impl<'de> DeserializeSeed<'de> for Root<'_> {
    type Value = (Map<String, Value>, Items<'de>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = (Map<String, Value>, Items<'de>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    /// A list, which is no feed, is read to its end to tell whether it is JSON.
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        self.0.visit_seq(list)?;
        Ok((Map::new(), None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut feed = Map::new();
        let mut items = None;
        while let Some(key) = object.next_key::<String>()? {
            if key == "items" {
                items = object.next_value_seed(List(self.0.deeper()?))?;
            } else {
                feed.insert(key, object.next_value_seed(self.0.deeper()?)?);
            }
        }
        Ok((feed, items))
    }
}

/// The list of items; anything else than a list is none.
struct List<'b>(Bounded<'b>);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = Items<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = Items<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element::<&RawValue>()? {
            self.0.count()?;
            items.push(item);
        }
        Ok(Some(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        self.0.visit_map(object)?;
        Ok(None)
    }
}

#[derive(Clone, Copy)]
struct Bounded<'b> {
    left: &'b Cell<usize>,
    /// How many values this one lies in.
    depth: usize,
}

impl Bounded<'_> {
    fn count<E: Error>(self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| E::custom(TOO_MANY))?;
        self.left.set(left);
        Ok(())
    }

    /// Returns the reader of what lies in a list or an object.
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= JSON_DEPTH_MAX {
            return Err(E::custom(TOO_DEEP));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        let inner = self.deeper()?;
        while let Some(value) = list.next_element_seed(inner)? {
            out.push(value);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        let inner = self.deeper()?;
        while let Some(key) = object.next_key::<String>()? {
            out.insert(key, object.next_value_seed(inner)?);
        }
        Ok(Value::Object(out))
    }
}
