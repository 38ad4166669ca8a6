use super::Node;
/// Text as go-yaml writes it.
pub fn to_yaml(_node: &Node) -> String {
    String::new()
}
