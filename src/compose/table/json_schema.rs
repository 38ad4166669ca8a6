//! The field table as a JSON Schema, for editors and for other tools.

use serde_json::{Map as JsonMap, Value, json};

use super::PROJECT;
use super::spec::{Check, Keys, Map, Object, Scalars, Spec};

const NAME: &str = "^[a-zA-Z0-9._-]+$";
const EXTENSION: &str = "^x-";

/// What a compose file may hold once its variables are filled in.
pub fn json_schema() -> Value {
    let mut definitions = Definitions::default();
    let mut schema = JsonMap::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("$id".to_owned(), json!("compose.schema.json"));
    schema.insert("title".to_owned(), json!("A compose file, as seaworthy and Docker Compose 2.40 read it"));
    schema.insert(
        "$comment".to_owned(),
        json!("Generated from the field table by `seaworthy schema compose`."),
    );
    if let Some(Map::Object(project)) = PROJECT.map {
        schema.extend(definitions.object(project));
    }
    schema.insert("$defs".to_owned(), Value::Object(definitions.into_json()));
    Value::Object(schema)
}

/// Objects by the name under which others refer to them.
#[derive(Default)]
struct Definitions {
    known: Vec<(&'static Object, String, JsonMap<String, Value>)>,
}

impl Definitions {
    fn into_json(mut self) -> JsonMap<String, Value> {
        self.known.sort_by(|a, b| a.1.cmp(&b.1));
        self.known.into_iter().map(|(_, name, definition)| (name, Value::Object(definition))).collect()
    }

    /// A reference to an object, which is described on its first use.
    fn reference(&mut self, object: &'static Object) -> Value {
        let found = self.known.iter().find(|(known, ..)| std::ptr::eq(*known, object));
        let name = match found {
            Some((_, name, _)) => name.clone(),
            None => {
                let name = self.unused_name(object);
                // The name is taken before its parts are described, which may want the same one.
                let place = self.known.len();
                self.known.push((object, name.clone(), JsonMap::new()));
                let definition = self.object(object);
                if let Some(known) = self.known.get_mut(place) {
                    known.2 = definition;
                }
                name
            }
        };
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    /// Two objects of the table may be called the same.
    fn unused_name(&self, object: &Object) -> String {
        let base = object.name.replace(' ', "_");
        let taken = |name: &str| self.known.iter().any(|(_, known, _)| known == name);
        let numbered = (2..).map(|number| format!("{base}_{number}"));
        std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(base)
    }

    fn object(&mut self, object: &'static Object) -> JsonMap<String, Value> {
        let mut properties = JsonMap::new();
        for field in object.fields {
            properties.insert(field.key.to_owned(), self.spec(&field.spec));
        }
        let required: Vec<&str> =
            object.fields.iter().filter(|field| field.required).map(|field| field.key).collect();
        let mut schema = JsonMap::new();
        schema.insert("type".to_owned(), json!("object"));
        schema.insert("properties".to_owned(), Value::Object(properties));
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        if object.extensions && object.closed {
            schema.insert("patternProperties".to_owned(), json!({ EXTENSION: {} }));
        }
        if object.closed {
            schema.insert("additionalProperties".to_owned(), json!(false));
        }
        schema
    }

    /// Each form that a value may have; one alone stands for itself.
    fn spec(&mut self, spec: &Spec) -> Value {
        let mut forms = Vec::new();
        forms.extend(scalars(spec));
        if let Some(list) = spec.list {
            let mut form = json!({ "type": "array", "items": self.spec(list.item) });
            if list.unique
                && let Some(form) = form.as_object_mut()
            {
                form.insert("uniqueItems".to_owned(), json!(true));
            }
            forms.push(form);
        }
        match spec.map {
            Some(Map::Object(object)) => forms.push(self.reference(object)),
            Some(Map::Free { value, keys, .. }) => {
                let value = self.spec(value);
                forms.push(match keys {
                    Keys::Names => json!({
                        "type": "object",
                        "patternProperties": { NAME: value },
                        "additionalProperties": false,
                    }),
                    Keys::NamesUnchecked => json!({ "type": "object", "patternProperties": { NAME: value } }),
                    Keys::Any => json!({ "type": "object", "additionalProperties": value }),
                    Keys::NonEmpty => json!({
                        "type": "object",
                        "patternProperties": { ".+": value },
                        "additionalProperties": false,
                    }),
                    Keys::LowercaseUnchecked => {
                        json!({ "type": "object", "patternProperties": { "^[a-z]+$": value } })
                    }
                });
            }
            None => {}
        }
        match <[Value; 1]>::try_from(forms) {
            Ok([form]) => form,
            Err(forms) => json!({ "anyOf": forms }),
        }
    }
}

/// The scalar forms: those that a check is about apart from the others.
fn scalars(spec: &Spec) -> Vec<Value> {
    let names = [
        (Scalars::STRING, "string"),
        (Scalars::NUMBER, "number"),
        (Scalars::INTEGER, "integer"),
        (Scalars::BOOLEAN, "boolean"),
        (Scalars::NULL, "null"),
    ];
    let mut types: Vec<&str> =
        names.iter().filter(|(scalar, _)| spec.scalars.has(*scalar)).map(|(_, name)| *name).collect();
    if spec.scalars.has(Scalars::NUMBER) {
        types.retain(|name| *name != "integer");
    }
    let (about, mut checked) = match spec.check {
        Check::None => (&[] as &[&str], json!({})),
        Check::OneOf(words) => (&["string"] as &[&str], json!({ "enum": words })),
        Check::Range(low, high) if high < f64::MAX => {
            (&["number", "integer"] as &[&str], json!({ "minimum": low, "maximum": high }))
        }
        Check::Range(low, _) => (&["number", "integer"] as &[&str], json!({ "minimum": low })),
        Check::ContainerName => (&["string"] as &[&str], json!({ "pattern": "[a-zA-Z0-9][a-zA-Z0-9_.-]+" })),
        Check::PullPolicy => (
            &["string"] as &[&str],
            json!({ "pattern": "always|never|build|if_not_present|missing|refresh|daily|weekly|every_[0-9]+[wdhms]" }),
        ),
    };
    let (limited, free): (Vec<&str>, Vec<&str>) = types.into_iter().partition(|name| about.contains(name));
    let mut forms = Vec::new();
    if let ([name], Some(form)) = (limited.as_slice(), checked.as_object_mut()) {
        form.shift_insert(0, "type".to_owned(), json!(name));
        forms.push(checked);
    }
    match free.as_slice() {
        [] => {}
        [name] => forms.push(json!({ "type": name })),
        names => forms.push(json!({ "type": names })),
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every keyword that a value of the schema has, with the value.
    fn walk(value: &Value, visit: &mut dyn FnMut(&str, &Value)) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, child)| {
                visit(key, child);
                walk(child, visit);
            }),
            Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_to_a_definition() {
        let schema = json_schema();
        let mut references = 0;
        walk(&schema, &mut |key, value| {
            if key == "$ref" {
                references += 1;
                let name = value.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                assert!(schema["$defs"][name].is_object(), "{name}");
            }
        });
        assert!(references > 20, "{references}");
    }

    #[test]
    fn no_place_is_without_a_form() {
        walk(&json_schema(), &mut |key, value| {
            if key == "anyOf" {
                assert!(value.as_array().unwrap().len() > 1);
            }
            if key == "properties" {
                assert!(value.as_object().unwrap().values().all(|form| *form != json!({})));
            }
        });
    }

    #[test]
    fn facts_of_the_table_are_in_the_schema() {
        let schema = json_schema();
        let service = &schema["$defs"]["service"];
        assert_eq!(schema["properties"]["services"]["additionalProperties"], false);
        assert_eq!(service["additionalProperties"], false);
        assert_eq!(service["properties"]["image"], json!({ "type": "string" }));
        assert_eq!(service["properties"]["privileged"], json!({ "type": ["string", "boolean"] }));
        assert_eq!(service["properties"]["cgroup"], json!({ "type": "string", "enum": ["host", "private"] }));
        let score = &service["properties"]["oom_score_adj"]["anyOf"];
        assert_eq!(score[0], json!({ "type": "integer", "minimum": -1000.0, "maximum": 1000.0 }));
        assert_eq!(score[1], json!({ "type": "string" }));
        assert_eq!(schema["$defs"]["ulimit"]["required"], json!(["soft", "hard"]));
    }
}
