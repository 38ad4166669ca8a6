//! Text that need not be UTF-8, as Compose's env files need not be.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// As Go's standard encoding: with padding, and bits that nobody reads may be anything.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true),
);

/// The stand-in for byte 0; the characters from here on stand for bytes. Unicode gives them to nobody.
const FIRST: u32 = 0x0010_FF00;

/// A text for any bytes: what is UTF-8 stays what it is, every other byte has a stand-in, which no text in UTF-8 keeps.
pub fn to_text(bytes: Vec<u8>) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) if !text.contains(is_stand_in) => return text,
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    let mut out = String::with_capacity(bytes.len() + 16);
    let stand_in =
        |byte: &u8| char::from_u32(FIRST + u32::from(*byte)).unwrap_or(char::REPLACEMENT_CHARACTER);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_stand_in(character) {
                out.extend(character.encode_utf8(&mut [0; 4]).as_bytes().iter().map(stand_in));
            } else {
                out.push(character);
            }
        }
        out.extend(chunk.invalid().iter().map(stand_in));
    }
    out
}

/// A text in UTF-8 as the same bytes, where it holds characters that are stand-ins here.
pub fn kept(text: &str) -> Cow<'_, str> {
    if is_binary(text) { Cow::Owned(to_text(text.as_bytes().to_vec())) } else { Cow::Borrowed(text) }
}

/// The byte that a character stands for.
pub fn byte(character: char) -> Option<u8> {
    u32::from(character).checked_sub(FIRST).and_then(|byte| u8::try_from(byte).ok())
}

fn is_stand_in(character: char) -> bool {
    byte(character).is_some()
}

/// Whether a text stands for something that is not UTF-8.
pub fn is_binary(text: &str) -> bool {
    // Only these begin with this byte, and a few others.
    text.as_bytes().contains(&0xF4) && text.contains(is_stand_in)
}

/// The bytes of a text in base64; `None` if the text is UTF-8.
pub fn to_base64(text: &str) -> Option<String> {
    if !is_binary(text) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match byte(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(BASE64.encode(bytes))
}

/// The text for bytes in base64, in which line breaks do not count.
pub fn from_base64(text: &str) -> Option<String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    BASE64.decode(digits).ok().map(to_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_utf8_comes_back_as_it_was() {
        for bytes in
            [&b"caf\xe9"[..], b"\xff\xfeT\0", b"\xc3", "\u{10FFE9}x".as_bytes(), b"\xf4\x8f\xbf\xbf\xf4"]
        {
            let text = to_text(bytes.to_vec());
            assert!(is_binary(&text), "{bytes:?}");
            assert_eq!(from_base64(&to_base64(&text).unwrap()), Some(text), "{bytes:?}");
        }
        assert_eq!(to_base64(&to_text(b"caf\xe9".to_vec())).as_deref(), Some("Y2Fm6Q=="));
    }

    #[test]
    fn what_is_utf8_stays_what_it_is() {
        for text in ["", "café", "\u{10FFFE}", "\u{10FEFF}"] {
            let kept = to_text(text.as_bytes().to_vec());
            assert_eq!(
                (kept == text, to_base64(&kept).is_none()),
                (!text.contains('\u{10FFFE}'), kept == text)
            );
        }
    }

    #[test]
    fn base64_is_read_as_go_reads_it() {
        assert_eq!(from_base64("aG\nk=").as_deref(), Some("hi"));
        assert_eq!(from_base64("aGl=").as_deref(), Some("hi"));
        assert_eq!((from_base64("aGk"), from_base64("?")), (None, None));
    }
}
