//! Byte sizes: `64m`, `1.5 GiB`, `1024`.

use super::integer;

/// Reads a size in bytes. All units are powers of 1024 and any case: `k`, `kb` and `kib` are one.
///
/// # Errors
///
/// A number that is none or negative, or a unit that is none.
pub fn parse(text: &str) -> Result<i64, String> {
    // Everything up to the last digit, point or space is the number: `1e3` is one, `1 k b` is none.
    let Some(last) =
        text.rfind(|character: char| character.is_ascii_digit() || matches!(character, '.' | ' '))
    else {
        return Err(format!("invalid size: '{text}'"));
    };
    let (head, suffix) = text.split_at_checked(last + 1).unwrap_or((text, ""));
    // One space may stand between; a second one spoils the number.
    let number = integer::parse_float(head.strip_suffix(' ').unwrap_or(head))?;
    if number < 0.0 {
        return Err(format!("invalid size: '{text}'"));
    }
    Ok(truncate(number * factor(suffix)?))
}

fn factor(suffix: &str) -> Result<f64, String> {
    if suffix.is_empty() {
        return Ok(1.0);
    }
    let bad = |suffix: &str| format!("invalid suffix: '{suffix}'");
    if suffix.len() > 3 {
        return Err(bad(suffix));
    }
    let lower = suffix.to_lowercase();
    if lower == "b" {
        return Ok(1.0);
    }
    let power = match lower.strip_suffix("ib").or_else(|| lower.strip_suffix('b')).unwrap_or(&lower) {
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        "p" => 50,
        _ => return Err(bad(&lower)),
    };
    Ok(2_f64.powi(power))
}

/// Beyond 64 bits, and for what is not a number, this is the smallest integer: what Go's conversion
/// leaves on amd64.
#[allow(clippy::cast_possible_truncation)] // Fractions are cut off; the range is checked.
fn truncate(number: f64) -> i64 {
    let limit = 2_f64.powi(63);
    if number >= -limit && number < limit { number as i64 } else { i64::MIN }
}
