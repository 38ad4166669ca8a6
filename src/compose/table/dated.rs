//! The fields of the table that not all versions of Compose have, or have alike.

use crate::reader::Reader;

use super::PROJECT;
use super::spec::{Map, Spec};

/// A change of one field.
#[derive(Clone, Debug)]
pub struct Dated {
    /// Its place: `services.*.build.no_cache_filter`.
    pub place: String,
    pub since: Reader,
    /// Projects whose answer changes exactly there.
    pub cases: &'static [&'static str],
}

/// Each change of each field, in the table's order.
pub fn dated() -> Vec<Dated> {
    let mut found = Vec::new();
    collect(&PROJECT, "", &mut found);
    found
}

fn collect(spec: &Spec, place: &str, found: &mut Vec<Dated>) {
    let below = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    match spec.map {
        Some(Map::Object(object)) => {
            for field in object.fields {
                let place = below(field.key);
                if let Some(since) = field.since {
                    found.push(Dated { place: place.clone(), since, cases: field.cases });
                }
                for change in field.changes {
                    found.push(Dated { place: place.clone(), since: change.since, cases: change.cases });
                }
                collect(&field.spec, &place, found);
            }
        }
        Some(Map::Free { value, .. }) => collect(value, &below("*"), found),
        None => {}
    }
    if let Some(item) = spec.item() {
        collect(item, &below("*"), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_has_its_place_and_a_case() {
        let all = dated();
        let places: Vec<&str> = all.iter().map(|one| one.place.as_str()).collect();
        assert!(places.contains(&"services.*.build.no_cache_filter"), "{places:?}");
        assert!(places.contains(&"services.*.volumes.*.bind.create_host_path"), "{places:?}");
        for one in &all {
            assert!(!one.cases.is_empty(), "{} since {} has no case", one.place, one.since);
        }
    }
}
