//! The nearest known word to a misspelt one.

use super::Mapping;

/// Nobody mistypes a word of more characters; whoever writes one has a program to do it.
const LONGEST: usize = 100;

/// Among more names than this only those are looked for that are one edit away, which takes no time however
/// many there are.
const FEW: usize = 200;

/// More names than this are not read.
const LISTED: usize = 50;

/// The candidate within a third of the word's length in edits, if any.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().take(LONGEST + 1).count();
    if length > LONGEST {
        return None;
    }
    let limit = length / 3;
    if limit == 0 {
        return None;
    }
    candidates
        // One character has four bytes at most, and an edit adds or takes away one.
        .filter(|candidate| candidate.len() <= 4 * (length + limit))
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// As [`nearest`], among the keys of a mapping of any size.
pub fn nearest_key<'a>(word: &str, known: &'a Mapping) -> Option<&'a str> {
    if known.len() <= FEW {
        return nearest(word, known.keys());
    }
    if !(3..=LONGEST).contains(&word.chars().take(LONGEST + 1).count()) {
        return None;
    }
    known.key(word).or_else(|| one_edit_away(word).find_map(|other| known.key(&other)))
}

/// The first keys, and how many more there are.
pub fn listed(known: &Mapping) -> String {
    let names: Vec<&str> = known.keys().take(LISTED).collect();
    match known.len() - names.len() {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// Every word that is one edit away: a character exchanged with the next, taken out, replaced or put in.
fn one_edit_away(word: &str) -> impl Iterator<Item = String> + '_ {
    let places =
        || word.char_indices().map(|(at, c)| (at, at + c.len_utf8())).chain([(word.len(), word.len())]);
    let spliced = |start: usize, end: usize, with: &str| {
        [word.get(..start).unwrap_or_default(), with, word.get(end..).unwrap_or_default()].concat()
    };
    let exchanged = places().filter_map(move |(start, end)| {
        let first = word.get(start..end)?;
        let second = word.get(end..)?.chars().next()?;
        Some(spliced(start, end + second.len_utf8(), &format!("{second}{first}")))
    });
    let removed =
        places().filter(|(start, end)| end > start).map(move |(start, end)| spliced(start, end, ""));
    let letters = || ('a'..='z').chain('0'..='9').chain(['-', '_', '.']).chain('A'..='Z');
    let put = places().flat_map(move |(start, end)| {
        letters().flat_map(move |letter| {
            let with = letter.to_string();
            [spliced(start, end, &with), spliced(start, start, &with)]
        })
    });
    exchanged.chain(removed).chain(put)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Origin;
    use crate::yaml::Node;

    #[test]
    fn one_edit_is_found_among_any_number_of_names() {
        for count in [3, FEW + 1, 5_000] {
            let mut known = Mapping::new();
            for at in 0..count {
                known.put(format!("other-{at}").as_str(), Node::null(Origin::Environment));
            }
            known.put("database", Node::null(Origin::Environment));
            for word in ["databse", "databbase", "dataabse", "databaze", "atabase", "database2"] {
                assert_eq!(nearest_key(word, &known), Some("database"), "{word} of {count}");
            }
            assert_eq!(nearest_key("queue", &known), None);
            assert_eq!(nearest_key(&"d".repeat(200_000), &known), None);
        }
    }

    #[test]
    fn endless_words_are_like_nothing() {
        let long = "k".repeat(200_000);
        assert_eq!(nearest(&long, [long.as_str()].into_iter()), None);
        assert_eq!(nearest("klm", [long.as_str(), "klj"].into_iter()), Some("klj"));
    }

    #[test]
    fn a_hint_is_no_further_away_than_a_third_of_the_word() {
        for (word, other, is_near) in [
            ("b", "a", false),
            ("db", "da", false),
            ("app", "apt", true),
            ("imgaes", "images", true),
            ("cache", "cafes", false),
        ] {
            assert_eq!(nearest(word, [other].into_iter()).is_some(), is_near, "{word} {other}");
        }
    }
}
