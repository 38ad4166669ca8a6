//! What is written in base 64: blocks of PEM with their certificates, and tokens.

use serde_json::Value;

use super::time;

/// The bytes behind base 64, in either alphabet, padded or not; blanks are nothing.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits, mut padding) = (0_u32, 0, 0);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        // Nothing follows what fills up the end.
        if padding > 0 {
            return None;
        }
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    // A single last character stands for less than a byte.
    (bits < 6 && padding <= 2).then_some(bytes)
}

/// What a token says, if it is one: three parts, the first two of them JSON.
pub fn token(text: &str) -> Option<Value> {
    let mut parts = text.trim().split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || signature.is_empty() && !is_unsigned(header) {
        return None;
    }
    base64(signature)?;
    let object = |part: &str| {
        let value: Value = serde_json::from_slice(&base64(part)?).ok()?;
        value.is_object().then_some(value)
    };
    object(header)?;
    object(claims)
}

fn is_unsigned(header: &str) -> bool {
    let header: Option<Value> = base64(header).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    header.as_ref().and_then(|header| header.get("alg")).and_then(Value::as_str) == Some("none")
}

/// The blocks of a PEM file by their labels, and the earliest end of its certificates.
///
/// # Errors
/// What is wrong with it, without its content.
pub fn pem(text: &str) -> Result<Option<i64>, String> {
    let (mut open, mut body, mut blocks, mut end) = (None, String::new(), 0, None::<i64>);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        let label = |begin: &str| line.strip_prefix(begin).and_then(|rest| rest.strip_suffix("-----"));
        if let Some(label) = label("-----BEGIN ") {
            if open.is_some() {
                return Err(format!("a block begins within another one (line {number})"));
            }
            open = Some(label);
            body.clear();
        } else if let Some(label) = label("-----END ") {
            if open != Some(label) {
                return Err(format!("a block ends that did not begin (line {number})"));
            }
            let bytes = base64(&body).filter(|bytes| !bytes.is_empty());
            let bytes =
                bytes.ok_or_else(|| format!("a block is not in base 64 (it ends at line {number})"))?;
            if label == "CERTIFICATE" {
                let until = certificate_end(&bytes);
                let until = until
                    .ok_or_else(|| format!("a certificate does not say when it ends (line {number})"))?;
                end = Some(end.map_or(until, |end| end.min(until)));
            }
            blocks += 1;
            open = None;
        } else if open.is_some() && !line.contains(':') {
            // A line with a colon says how the block is encrypted.
            body.push_str(line);
        }
    }
    if open.is_some() {
        return Err("its last block does not end".to_owned());
    }
    if blocks == 0 { Err("it has no block".to_owned()) } else { Ok(end) }
}

/// One element of DER: its tag, what is in it, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, length, rest @ ..] = bytes else { return None };
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let count = usize::from(*length & 0x7f);
        let (digits, rest) = rest.split_at_checked(count).filter(|_| (1..=4).contains(&count))?;
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// When an X.509 certificate ends.
fn certificate_end(bytes: &[u8]) -> Option<i64> {
    let inside = |bytes| element(bytes).filter(|(tag, ..)| *tag == SEQUENCE).map(|(_, content, _)| content);
    let mut rest = inside(inside(bytes)?)?;
    if let Some((VERSION, _, after)) = element(rest) {
        rest = after;
    }
    // Number, algorithm, issuer.
    for _ in 0..3 {
        (_, _, rest) = element(rest)?;
    }
    let (_, _, until) = element(inside(rest)?)?;
    let (tag, text, _) = element(until)?;
    let text = std::str::from_utf8(text).ok()?;
    let full = match tag {
        // Two digits of the year: 1950 to 2049.
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| full.get(from..to);
    time::parse(&format!(
        "{}-{}-{}T{}:{}:{}{}",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?,
        full.get(14..)?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_are_read_and_nothing_else() {
        assert_eq!(base64("aGFsbG8=").unwrap(), b"hallo");
        assert_eq!(base64("aGFs\nbG8").unwrap(), b"hallo");
        assert_eq!(base64("-_8"), base64("+/8="));
        for text in ["a", "aGFsbG8=x", "aG*s", "a===", "äöü"] {
            assert_eq!(base64(text), None, "{text}");
        }
    }

    #[test]
    fn a_token_has_three_parts() {
        let claims = token("eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjEwfQ.c2ln\n").unwrap();
        assert_eq!(claims["exp"], 10);
        assert!(token("eyJhbGciOiJub25lIn0.eyJleHAiOjEwfQ.").is_some());
        for text in
            ["", "a.b", "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjEwfQ.", "eyJhbGciOiJIUzI1NiJ9.WzFd.c2ln", "1.2.3.4"]
        {
            assert!(token(text).is_none(), "{text}");
        }
    }

    /// Made with `openssl req -x509 -newkey ed25519 -nodes -subj /CN=t -days N`.
    const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBLjCB4aADAgECAhQzf4Wp6AZg2odJPC/oeGXC2LxDsjAFBgMrZXAwDDEKMAgG
A1UEAwwBdDAgFw0yNjExMjkwODAxMDhaGA8yMTA5MDExODA4MDEwOFowDDEKMAgG
A1UEAwwBdDAqMAUGAytlcAMhAPmyy0T3Up30XvYrwj8tT+x7hAbLGdbpU1QwYUBf
IoGPo1MwUTAdBgNVHQ4EFgQU4J5AI4WzkT/jh49Sopo2fIUNLTIwHwYDVR0jBBgw
FoAU4J5AI4WzkT/jh49Sopo2fIUNLTIwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD
QQCz0FUU2PpqSYl6+YoeYBMrG2L/muMR17po98uRv3okiy1jwZhxeG4mWKIqd7nF
0lTwfIVcERk2zBvYg+26ZCcK
-----END CERTIFICATE-----
";
    /// Before 2050 the year has two digits.
    const SHORT: &str = "\
-----BEGIN CERTIFICATE-----
MIIBLDCB36ADAgECAhQOZIXPaYpOBKZMR79wr+tX77ZbATAFBgMrZXAwDDEKMAgG
A1UEAwwBdDAeFw0yNjExMjkwODAxMDhaFw0yNjExMzAwODAxMDhaMAwxCjAIBgNV
BAMMAXQwKjAFBgMrZXADIQChfTuBzr5gp2HklDxUqn+dBmLuRQK6rqcfKi6Ra9e3
GqNTMFEwHQYDVR0OBBYEFPLllVv3Dxd4Y+IFJjWqbPaBZASjMB8GA1UdIwQYMBaA
FPLllVv3Dxd4Y+IFJjWqbPaBZASjMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EA
GSs0UMj4M+OWG9lZZyyXdC6mhkSfj+HWe19nyVOKrZAwmrUCzL7JLuRg7pdlxCJc
jXPU1lggvOb5gJFFhSN2DA==
-----END CERTIFICATE-----
";

    #[test]
    fn a_certificate_says_when_it_ends() {
        let end = |text: &str| pem(text).unwrap().map(time::show).unwrap();
        assert_eq!(end(CERTIFICATE), "2109-01-18T08:01:08Z");
        assert_eq!(end(SHORT), "2026-11-30T08:01:08Z");
        assert_eq!(end(&format!("{CERTIFICATE}{SHORT}")), "2026-11-30T08:01:08Z", "the earliest counts");
        let both = format!("{CERTIFICATE}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        assert_eq!(pem(&both), pem(CERTIFICATE));
    }

    #[test]
    fn a_cut_file_is_not_good_wherever_it_is_cut() {
        for end in 0..CERTIFICATE.trim_end().len() {
            let cut = CERTIFICATE.get(..end).unwrap();
            assert!(pem(cut).is_err(), "{end}");
        }
    }
}
