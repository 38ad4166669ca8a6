//! Who the processes of a service are.

use super::field::fields;

fields! {
    USER: Text = "user";
    GROUPS: Texts = "group_add";
}

/// Whether one part of `USER[:GROUP]` is root, by its name or its number: the engine reads numbers with signs too.
pub fn is_root(part: &str) -> bool {
    part == "root" || part.parse::<i64>() == Ok(0)
}

#[cfg(test)]
mod tests {
    use super::is_root;

    #[test]
    fn root_has_many_spellings() {
        assert!(["root", "0", "00", "+0", "-0"].into_iter().all(is_root));
        assert!(["", "1", "Root", "0x0", "10", "root2"].into_iter().all(|part| !is_root(part)));
    }
}
