//! Timestamps: the four forms that the reader accepts, printed as RFC 3339.

/// `2001-12-14`, `2001-12-14 21:59:43.1`, `2001-12-14T21:59:43.1Z`, `2001-12-14t21:59:43+05:30`;
/// months, days, hours, minutes and seconds may have one digit.
pub(super) fn parse(text: &str) -> Option<String> {
    // Nearly every number that comes here fails on this first look.
    if text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    let mut rest = Cursor(text.as_bytes());
    let year = rest.digits(4, 4)?;
    rest.expect(b'-')?;
    let month = rest.short()?;
    rest.expect(b'-')?;
    let day = rest.short()?;
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if rest.0.is_empty() {
        return Some(format!("{date}T00:00:00Z"));
    }
    let zoned = rest.expect(b'T').or_else(|| rest.expect(b't')).is_some();
    if !zoned {
        rest.expect(b' ')?;
        while rest.expect(b' ').is_some() {}
    }
    let hour = rest.short().filter(|hour| *hour < 24)?;
    rest.expect(b':')?;
    let minute = rest.short().filter(|minute| *minute < 60)?;
    rest.expect(b':')?;
    let second = rest.short().filter(|second| *second < 60)?;
    let fraction = rest.fraction();
    let zone = if zoned { rest.zone()? } else { "Z".to_owned() };
    rest.0.is_empty().then(|| format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn expect(&mut self, wanted: u8) -> Option<()> {
        match self.0 {
            [first, rest @ ..] if *first == wanted => {
                self.0 = rest;
                Some(())
            }
            _ => None,
        }
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<u32> {
        let count = self.0.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(count).filter(|_| count >= least)?;
        self.0 = rest;
        Some(digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
    }

    fn short(&mut self) -> Option<u32> {
        self.digits(1, 2)
    }

    /// At most nine digits count, and trailing zeros are not printed.
    fn fraction(&mut self) -> String {
        let [b'.' | b',', digits @ ..] = self.0 else {
            return String::new();
        };
        let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let Some((digits, rest)) = digits.split_at_checked(count).filter(|_| count > 0) else {
            return String::new();
        };
        self.0 = rest;
        let kept: String = digits.iter().take(9).copied().map(char::from).collect();
        let kept = kept.trim_end_matches('0');
        if kept.is_empty() { String::new() } else { format!(".{kept}") }
    }

    /// `Z` or `±hh:mm`. The bounds are inclusive: some people write an offset of 24 hours or of 60
    /// minutes.
    fn zone(&mut self) -> Option<String> {
        if self.expect(b'Z').is_some() {
            return Some("Z".to_owned());
        }
        let sign = if self.expect(b'+').is_some() {
            '+'
        } else {
            self.expect(b'-')?;
            '-'
        };
        let hours = self.digits(2, 2).filter(|hours| *hours <= 24)?;
        self.expect(b':')?;
        let minutes = self.digits(2, 2).filter(|minutes| *minutes <= 60)?;
        let total = hours * 60 + minutes;
        Some(if total == 0 { "Z".to_owned() } else { format!("{sign}{:02}:{:02}", total / 60, total % 60) })
    }
}
