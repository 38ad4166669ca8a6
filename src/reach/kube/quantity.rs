//! Amounts as Kubernetes writes them.

/// Bytes, in the largest unit that divides them.
pub fn bytes(count: i64) -> String {
    const UNITS: [(&str, i64); 4] = [("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];
    let unit = UNITS.iter().find(|(_, size)| count != 0 && count % size == 0);
    unit.map_or_else(|| count.to_string(), |(name, size)| format!("{}{name}", count / size))
}

/// Processors; `None` where it is no whole number of thousandths, or nothing.
pub fn processors(count: f64) -> Option<String> {
    let thousandths = count * 1000.0;
    let whole = thousandths.round();
    // What is read as a float of 32 bits is not exact.
    if !(1.0..=1e9).contains(&whole) || (thousandths - whole).abs() > whole * 1e-6 + 1e-6 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it lies within the bounds above")]
    let whole = whole as i64;
    Some(if whole % 1000 == 0 { (whole / 1000).to_string() } else { format!("{whole}m") })
}

/// A size that a claim may ask for.
pub fn is_size(text: &str) -> bool {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = text.strip_prefix(digits).unwrap_or_default();
    digits.parse::<u64>().is_ok_and(|count| count > 0)
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(unit, "" | "k" | "M" | "G" | "T" | "P" | "Ki" | "Mi" | "Gi" | "Ti" | "Pi")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        assert_eq!(bytes(268_435_456), "256Mi");
        assert_eq!(bytes(1 << 31), "2Gi");
        assert_eq!(bytes(1000), "1000");
        assert_eq!(bytes(1025 * 1024), "1025Ki");
        assert_eq!(processors(0.5).as_deref(), Some("500m"));
        assert_eq!(processors(2.0).as_deref(), Some("2"));
        assert_eq!(processors(f64::from(0.1_f32)).as_deref(), Some("100m"));
        assert_eq!(processors(0.0005), None);
        assert_eq!(processors(0.1234), None);
        assert!(
            is_size("1Gi")
                && is_size("500M")
                && !is_size("1g")
                && !is_size("")
                && !is_size("0")
                && !is_size("-1Gi")
        );
    }
}
