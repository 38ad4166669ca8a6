//! What becomes of each field on Swarm and on Kubernetes: one row for a field, or for all that stands below it.
//!
//! Rows name places of [the field table](crate::compose::table), and a test walks that table: a field without a row, or
//! a row without a field, fails it.

mod deploy;
mod mounts;
mod project;
mod row;
mod service;

pub use row::{Client, Kompose, Row, Verdict};

/// Every row, in the order of the pages.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    [service::ROWS, deploy::ROWS, mounts::ROWS, project::ROWS].into_iter().flatten()
}

/// The row of a place: its own, else that of what it stands in.
pub fn row(place: &str) -> Option<&'static Row> {
    let mut place = place;
    loop {
        if let Some(row) = own_row(place) {
            return Some(row);
        }
        place = place.rsplit_once('.')?.0;
    }
}

/// The row of exactly this place.
pub fn own_row(place: &str) -> Option<&'static Row> {
    rows().find(|row| row.place == place)
}

/// Whether fields below this place have rows of their own.
pub fn is_divided(place: &str) -> bool {
    rows().any(|row| row.place.strip_prefix(place).is_some_and(|rest| rest.starts_with('.')))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::compose::table::{Map, PROJECT, Spec};

    /// Every field of the table of Compose, with those that have fields below them marked.
    fn fields(spec: &Spec, place: &str, found: &mut Vec<(String, bool)>) {
        let below = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
        match spec.map {
            Some(Map::Object(object)) => {
                for field in object.fields {
                    let place = below(field.key);
                    let before = found.len();
                    fields(&field.spec, &place, found);
                    let has_fields = found.len() > before;
                    found.insert(before, (place, has_fields));
                }
            }
            Some(Map::Free { value, .. }) => fields(value, &below("*"), found),
            None => {}
        }
        if let Some(item) = spec.item() {
            fields(item, &below("*"), found);
        }
    }

    fn all() -> Vec<(String, bool)> {
        let mut found = Vec::new();
        fields(&PROJECT, "", &mut found);
        let mut seen = HashSet::new();
        found.retain(|(place, _)| seen.insert(place.clone()));
        found
    }

    #[test]
    fn every_field_has_a_row_and_every_row_a_field() {
        let all = all();
        assert!(all.len() > 200, "{} fields", all.len());
        let lacking: Vec<&String> = all
            .iter()
            .filter(|(place, has_fields)| row(place).is_none() && !(*has_fields && is_divided(place)))
            .map(|(place, _)| place)
            .collect();
        assert!(lacking.is_empty(), "no row for {lacking:?}");
        let known: HashSet<&str> = all.iter().map(|(place, _)| place.as_str()).collect();
        let stale: Vec<&str> = rows().map(|row| row.place).filter(|place| !known.contains(place)).collect();
        assert!(stale.is_empty(), "no field for {stale:?}");
    }

    #[test]
    fn every_key_of_a_service_has_a_row_of_its_own_or_of_its_parts() {
        let keys: Vec<String> = all()
            .into_iter()
            .map(|(place, _)| place)
            .filter(|place| place.matches('.').count() == 2)
            .collect();
        let of_services: Vec<&String> = keys.iter().filter(|key| key.starts_with("services.*.")).collect();
        assert!(of_services.len() > 80, "{}", of_services.len());
        for key in of_services {
            assert!(own_row(key).is_some() || is_divided(key), "{key}");
        }
    }

    #[test]
    fn rows_are_unique_and_say_what_to_do_where_they_refuse() {
        let mut seen = HashSet::new();
        for row in rows() {
            assert!(seen.insert(row.place), "{} twice", row.place);
            for text in [row.kube_text, row.swarm_text, row.todo] {
                assert!(!text.ends_with('.') && !text.contains('|'), "{}: {text}", row.place);
            }
            if row.kube == Verdict::Refused {
                assert!(!row.kube_text.is_empty() && !row.todo.is_empty(), "{}", row.place);
            }
            if row.client != Client::Kept || row.api != Verdict::Same {
                assert!(!row.swarm_text.is_empty(), "{}", row.place);
            }
        }
    }
}
