//! The JSON Schema of `config.toml`, made from the table of keys. Standard: JSON Schema 2020-12.

use serde_json::{Map, Value, json};

use super::keys::{KEYS, Key, Kind, Preset, SECTIONS};

/// Returns the schema, for editors that check TOML by it.
pub fn json_schema() -> Value {
    let properties: Map<String, Value> =
        SECTIONS.iter().map(|name| ((*name).to_owned(), section(name))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "feedmill config.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

fn section(name: &str) -> Value {
    let keys = KEYS.iter().filter(|key| key.section == name);
    let properties: Map<String, Value> =
        keys.map(|key| (key.name.to_owned(), property(key))).collect();
    let mut table = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    match (name, table.as_object_mut()) {
        ("source", Some(object)) => {
            object.insert("required".to_owned(), json!(["url"]));
            json!({ "type": "array", "items": table })
        }
        ("category", _) => json!({ "type": "object", "additionalProperties": table }),
        _ => table,
    }
}

fn property(key: &Key) -> Value {
    let mut property = match key.kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::TextTable => {
            json!({ "type": "object", "additionalProperties": { "type": "string" } })
        }
        Kind::Ports => json!({ "oneOf": [
            { "const": "any" },
            { "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 65535 } },
        ] }),
    };
    if let Some(object) = property.as_object_mut() {
        object.insert("description".to_owned(), json!(key.help));
        if let Some(default) = preset(key.default) {
            object.insert("default".to_owned(), default);
        }
    }
    property
}

fn preset(preset: Preset) -> Option<Value> {
    match preset {
        Preset::Unset => None,
        Preset::Text(text) => Some(json!(text)),
        Preset::Flag(flag) => Some(json!(flag)),
        Preset::Integer(number) => Some(json!(number)),
        Preset::Texts(texts) => Some(json!(texts)),
        Preset::Integers(numbers) => Some(json!(numbers)),
    }
}
