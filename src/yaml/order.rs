//! The order in which Compose prints the keys of a mapping: as people count, `a2` before `a10`.

use std::cmp::Ordering;

/// Compares two keys as go-yaml sorts them.
pub fn natural_cmp(a: &str, b: &str) -> Ordering {
    let common = a.chars().zip(b.chars()).take_while(|(x, y)| x == y);
    let (length, shared_digits) =
        common.fold((0, Run::default()), |(length, run), (c, _)| (length + c.len_utf8(), run.extended_by(c)));
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
    fn extended_by(self, c: char) -> Self {
        if digit(c) {
            Self { any: true, significant: self.significant || c != '0' }
        } else {
            Self::default()
        }
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
            // A zero here means something only behind other digits: `10` and `1`, not `00` and `0`.
            let start = i64::from((x == '0' || y == '0') && before.significant);
            let ((first, first_length), (second, second_length)) =
                (number(left, start), number(right, start));
            first.cmp(&second).then(first_length.cmp(&second_length)).then(x.cmp(&y))
        }
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !c.is_numeric()
}

/// The digits that a text starts with; a number too large wraps around, as it does there.
fn number(text: &str, start: i64) -> (i64, usize) {
    let digits = text.chars().take_while(|c| digit(*c));
    digits.fold((start, 0), |(value, length), c| {
        // Any digit counts by its distance from the zero of ASCII.
        let worth = i64::from(u32::from(c)) - i64::from(u32::from('0'));
        (value.wrapping_mul(10).wrapping_add(worth), length + 1)
    })
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
        || (!c.is_ascii() && ZEROS.iter().any(|zero| (*zero..zero + 10).contains(&u32::from(c))))
}

/// The zero of every script that has decimal digits; the other nine follow it.
const ZEROS: [u32; 65] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50,
    0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140,
    0x1E2F0, 0x1E950, 0x1FBF0,
];

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

    proptest! {
        #[test]
        fn the_order_is_one_that_can_be_sorted_by(
            a in "[a1b0_.9A]{0,5}", b in "[a1b0_.9A]{0,5}", c in "[a1b0_.9A]{0,5}"
        ) {
            prop_assert_eq!(natural_cmp(&a, &b), natural_cmp(&b, &a).reverse());
            prop_assert_eq!(natural_cmp(&a, &b).is_eq(), a == b);
            if natural_cmp(&a, &b).is_lt() && natural_cmp(&b, &c).is_lt() {
                prop_assert!(natural_cmp(&a, &c).is_lt(), "{} {} {}", a, b, c);
            }
        }
    }
}
