//! The mode of a secret or a config.

use super::integer;

/// Reads a mode in a string, which is octal however it is spelled. A YAML number is taken as it is:
/// `440` without quotes is the number four hundred and forty.
///
/// # Errors
///
/// Anything but an optional sign and octal digits, or more than 64 bits.
pub fn parse(text: &str) -> Result<i64, String> {
    integer::parse_int(text, 8)
}

/// Prints a mode as Compose does: octal after a zero, with the sign, if any, between.
pub fn format(mode: i64) -> String {
    let sign = if mode < 0 { "-" } else { "" };
    format!("0{sign}{:o}", mode.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_octal_with_or_without_a_zero() {
        assert_eq!(parse("0440"), Ok(0o440));
        assert_eq!(parse("440"), Ok(0o440));
        assert_eq!(parse("+7"), Ok(7));
        assert_eq!(parse("-1"), Ok(-1));
    }

    #[test]
    fn other_spellings_are_refused_in_the_words_of_the_reference() {
        for text in ["0o440", "", "8", "0xff", "1_0"] {
            assert_eq!(parse(text), Err(format!("strconv.ParseInt: parsing \"{text}\": invalid syntax")));
        }
        let large = "1000000000000000000000";
        assert_eq!(parse(large), Err(format!("strconv.ParseInt: parsing \"{large}\": value out of range")));
        assert_eq!(parse("-1000000000000000000000"), Ok(i64::MIN));
    }

    #[test]
    fn a_mode_is_printed_in_octal_after_a_zero() {
        assert_eq!(format(0o440), "0440");
        assert_eq!(format(440), "0670");
        assert_eq!(format(-1), "0-1");
        assert_eq!(format(1 << 31), "020000000000");
        assert_eq!(format(i64::MIN), "0-1000000000000000000000");
        assert_eq!(format(0), "00");
    }
}
