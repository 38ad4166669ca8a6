//! Lists in which a later entry takes back an earlier one.

use crate::model::SecurityOption;
use crate::yaml::Node;

/// The entry of `items` that takes back `element`, where the list is one in which that can happen.
pub fn find<'n>(key: &str, items: &'n [Node], element: &Node) -> Option<&'n Node> {
    let wanted = element.as_str()?;
    match key {
        "security_opt" => {
            let SecurityOption { name, value } = SecurityOption::of_text(wanted);
            let option = |item: &Node| item.as_str().map(SecurityOption::of_text);
            let same_name = |item: &&Node| option(item).is_some_and(|option| option.name == name);
            if name == "label" {
                // Labels add up, but one of them switches all others off.
                let disables =
                    |item: &&Node| option(item).is_some_and(|option| option.parts() == ("label", "disable"));
                return items.iter().find(|item| disables(item) && value != "disable");
            }
            let last = items.iter().rev().find(same_name)?;
            option(last).is_some_and(|option| option.value != value).then_some(last)
        }
        "extra_hosts" => {
            let host = wanted.split('=').next()?;
            items.iter().find(|item| {
                item.as_str().is_some_and(|text| text.split('=').next() == Some(host) && text != wanted)
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Origin;

    fn list(items: &[&str]) -> Vec<Node> {
        items.iter().map(|item| Node::string(*item, Origin::CommandLine)).collect()
    }

    #[test]
    fn the_last_entry_of_a_name_counts() {
        let wanted = &list(&["no-new-privileges:true"])[0];
        let found = |items: &[&str]| find("security_opt", &list(items), wanted).is_some();
        assert!(found(&["no-new-privileges:true", "no-new-privileges:false"]));
        assert!(found(&["no-new-privileges:true", "no-new-privileges=false"]));
        assert!(found(&["no-new-privileges:true", "no-new-privileges=0"]));
        assert!(!found(&["no-new-privileges:false", "no-new-privileges:true"]));
        assert!(!found(&["no-new-privileges:true", "no-new-privileges"]));
        assert!(!found(&["no-new-privileges:true", "seccomp=unconfined"]));
    }

    #[test]
    fn labels_add_up_until_one_disables_them() {
        let wanted = &list(&["label=type:sandbox_t"])[0];
        assert!(find("security_opt", &list(&["label=type:sandbox_t", "label=level:s0"]), wanted).is_none());
        assert!(find("security_opt", &list(&["label:disable", "label=type:sandbox_t"]), wanted).is_some());
    }
}
