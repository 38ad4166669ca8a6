//! The order in which Compose prints the keys of a mapping: as people count, `a2` before `a10`.

use std::cmp::Ordering;

/// Compares two keys as go-yaml sorts them. Runs of more than 18 digits overflow there, and digits of
/// other scripts count for their code points; both make its order contradict itself, and this one
/// must not, since sorting by such an order may panic.
pub fn natural_cmp(a: &str, b: &str) -> Ordering {
    let mut length = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    // Two characters may begin with the same bytes.
    while !a.is_char_boundary(length) {
        length -= 1;
    }
    let shared_digits = Run::at_end_of(a.get(..length).unwrap_or(""));
    let (left, right) = (a.get(length..).unwrap_or(""), b.get(length..).unwrap_or(""));
    match (left.chars().next(), right.chars().next()) {
        (Some(x), Some(y)) => differing(x, y, left, right, shared_digits),
        (x, y) => x.is_some().cmp(&y.is_some()),
    }
}

/// The digits directly before the first difference.
#[derive(Clone, Copy, Default)]
struct Run {
    any: bool,
    /// One of them is not zero.
    significant: bool,
}

impl Run {
    fn at_end_of(text: &str) -> Self {
        text.bytes().rev().take_while(u8::is_ascii_digit).fold(Self::default(), |run, digit| Self {
            any: true,
            significant: run.significant || digit != b'0',
        })
    }
}

fn differing(x: char, y: char, left: &str, right: &str, before: Run) -> Ordering {
    match (is_letter(x), is_letter(y)) {
        (true, true) => x.cmp(&y),
        // After a digit the letter goes first, so that `1a` stands before `10`.
        (true, false) => {
            if before.any {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        (false, true) => {
            if before.any {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (false, false) => {
            let (first, second) = (digits(left), digits(right));
            // A zero here counts only behind other digits: `10` and `1`, not `00` and `0`.
            let behind = (x == '0' || y == '0') && before.significant;
            let (a, b) = if behind { (first, second) } else { (significant(first), significant(second)) };
            let by_value = a.len().cmp(&b.len()).then_with(|| a.cmp(b));
            by_value.then(first.len().cmp(&second.len())).then(x.cmp(&y))
        }
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !c.is_numeric()
}

/// The digits that a text starts with.
fn digits(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_digit()).next().unwrap_or("")
}

fn significant(digits: &str) -> &str {
    digits.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_ordered_as_compose_prints_them() {
        let printed = "_A 0 1 2 9 09 10 A A-B A.B A/B A_B A1 A1B A1_ A01 A001 A2 A9a A9_ A10 AB B Z a a1 a9 \
                       a9b a9-1 a9.1 a10b aB ab b x_a xa z é";
        let printed: Vec<_> = printed.split(' ').collect();
        for (at, a) in printed.iter().enumerate() {
            for (other, b) in printed.iter().enumerate() {
                assert_eq!(natural_cmp(a, b), at.cmp(&other), "{a} and {b}");
            }
        }
    }

    #[test]
    fn long_runs_of_digits_keep_the_order_consistent() {
        let sorted = ["9", "99999999999999999999", "100000000000000000000", "0100000000000000000000"];
        assert!(sorted.is_sorted_by(|a, b| natural_cmp(a, b).is_lt()));
    }

    proptest! {
        #[test]
        fn the_order_is_one_that_can_be_sorted_by(
            a in "[a1b0_.9A٣²é]{0,5}", b in "[a1b0_.9A٣²é]{0,5}", c in "[a1b0_.9A٣²é]{0,5}"
        ) {
            prop_assert_eq!(natural_cmp(&a, &b), natural_cmp(&b, &a).reverse());
            prop_assert_eq!(natural_cmp(&a, &b).is_eq(), a == b);
            if natural_cmp(&a, &b).is_lt() && natural_cmp(&b, &c).is_lt() {
                prop_assert!(natural_cmp(&a, &c).is_lt(), "{} {} {}", a, b, c);
            }
        }
    }
}
