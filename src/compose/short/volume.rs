//! `volumes` in short syntax: `[SOURCE:]TARGET[:OPTION,OPTION…]`.

use super::super::paths::clean;

/// What a short entry mounts. Compose 2.40 makes no other kind of it: a Windows pipe is a bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bind,
    Volume,
}

/// One entry, with all that its long form needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    pub kind: Kind,
    /// Absent for an anonymous volume.
    pub source: Option<String>,
    /// Cleaned. Empty only where an unclosed `${` swallowed it.
    pub target: String,
    pub read_only: bool,
    pub nocopy: bool,
    pub selinux: Option<String>,
    pub propagation: Option<String>,
    /// An entry of one or two characters is taken as it is and gets no `volume:` mapping.
    bare: bool,
}

impl Volume {
    /// Whether the long form has `bind:`. A named volume with `:z` has it too.
    pub fn has_bind(&self) -> bool {
        self.kind == Kind::Bind || self.selinux.is_some() || self.propagation.is_some()
    }

    /// Whether `bind:` holds `create_host_path: true`.
    pub fn create_host_path(&self) -> bool {
        self.kind == Kind::Bind
    }

    /// Whether the long form has `volume:`, be it empty. A bind with `:nocopy` has it too.
    pub fn has_volume(&self) -> bool {
        self.nocopy || (self.kind == Kind::Volume && !self.bare)
    }
}

/// Reads one entry.
///
/// # Errors
///
/// Nothing at all, nothing between two colons, or more than three fields.
pub fn parse(text: &str) -> Result<Volume, String> {
    let mut fields = Fields::default();
    match text.len() {
        0 => return Err("invalid empty volume spec".to_owned()),
        1 | 2 => return Ok(fields.volume(text, true)),
        _ => {}
    }
    let mut start = 0;
    let mut substitutions = 0_usize;
    // The characters that mean something have one byte, and none of the others has one of theirs.
    let mut bytes = text.bytes().enumerate().peekable();
    loop {
        // A NUL ends the text, as it does for the reference; one may be written in YAML.
        let next = bytes.next();
        let (at, byte) = next.map_or((text.len(), None), |(at, byte)| (at, Some(byte)));
        let ends = matches!(byte, None | Some(b'\0'));
        match byte {
            Some(b'$') if bytes.peek().is_some_and(|(_, byte)| *byte == b'{') => substitutions += 1,
            Some(b'}') => substitutions = substitutions.saturating_sub(1),
            _ if substitutions == 0 && (ends || byte == Some(b':')) => {
                let field = text.get(start..at).unwrap_or_default();
                // `C:` starts a Windows path and is no separator, in any field and for any letter.
                if byte == Some(b':') && is_drive(field) {
                    continue;
                }
                fields.add(field, ends).map_err(|fault| format!("invalid spec: {text}: {fault}"))?;
                if byte.is_none() {
                    break;
                }
                start = at + 1;
            }
            None => break,
            Some(_) => {}
        }
    }
    let target = fields.target;
    Ok(fields.volume(target, false))
}

#[derive(Default)]
struct Fields<'t> {
    source: &'t str,
    target: &'t str,
    read_only: bool,
    nocopy: bool,
    selinux: Option<&'t str>,
    propagation: Option<&'t str>,
}

impl<'t> Fields<'t> {
    fn add(&mut self, field: &'t str, last: bool) -> Result<(), &'static str> {
        if field.is_empty() {
            return Err("empty section between colons");
        }
        if self.source.is_empty() {
            let place = if last { &mut self.target } else { &mut self.source };
            *place = field;
        } else if self.target.is_empty() {
            self.target = field;
        } else if last {
            field.split(',').for_each(|option| self.option(option));
        } else {
            return Err("too many colons");
        }
        Ok(())
    }

    /// Unknown options are dropped, as Compose does: `cached` and `delegated` are in many files.
    fn option(&mut self, option: &'t str) {
        match option {
            "ro" => self.read_only = true,
            "rw" => self.read_only = false,
            "nocopy" => self.nocopy = true,
            "z" | "Z" => self.selinux = Some(option),
            "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" => {
                self.propagation = Some(option);
            }
            _ => {}
        }
    }

    fn volume(self, target: &str, bare: bool) -> Volume {
        let kind = if is_path(self.source) { Kind::Bind } else { Kind::Volume };
        Volume {
            kind,
            source: Some(self.source.to_owned()).filter(|source| !source.is_empty()),
            target: if target.is_empty() { String::new() } else { clean(target) },
            read_only: self.read_only,
            nocopy: self.nocopy,
            selinux: self.selinux.map(str::to_owned),
            propagation: self.propagation.map(str::to_owned),
            bare,
        }
    }
}

/// Any letter of any alphabet will do for a drive.
fn is_drive(field: &str) -> bool {
    let mut characters = field.chars();
    matches!((characters.next(), characters.next()), (Some(letter), None) if letter.is_alphabetic())
}

fn is_path(source: &str) -> bool {
    if source.starts_with(['.', '/', '~']) || source.starts_with(r"\\") {
        return true;
    }
    source.split_once(':').is_some_and(|(drive, _)| is_drive(drive))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Type, source and target, then what else is set.
    fn volume(text: &str) -> String {
        let volume = parse(text).unwrap();
        let mut out =
            format!("{:?} {} {}", volume.kind, volume.source.as_deref().unwrap_or("-"), volume.target);
        let mut add = |flag: bool, word: &str| {
            if flag {
                out.push(' ');
                out.push_str(word);
            }
        };
        add(volume.read_only, "ro");
        add(volume.has_bind(), "bind:");
        add(volume.create_host_path(), "create");
        add(volume.selinux.is_some(), volume.selinux.as_deref().unwrap_or_default());
        add(volume.propagation.is_some(), volume.propagation.as_deref().unwrap_or_default());
        add(volume.has_volume(), "volume:");
        add(volume.nocopy, "nocopy");
        out
    }

    fn refused(text: &str, reason: &str) {
        assert_eq!(parse(text), Err(format!("invalid spec: {text}: {reason}")));
    }

    #[test]
    fn one_or_two_characters_are_a_target_without_a_volume_mapping() {
        assert_eq!(volume("x"), "Volume - x");
        assert_eq!(volume("/"), "Volume - /");
        assert_eq!(volume("xy"), "Volume - xy");
        assert_eq!(volume("é"), "Volume - é");
        assert_eq!(volume("::"), "Volume - ::");
        assert_eq!(volume("a:"), "Volume - a:");
        assert_eq!(volume("./"), "Volume - .");
    }

    #[test]
    fn one_field_is_an_anonymous_volume() {
        assert_eq!(volume("/data"), "Volume - /data volume:");
    }

    #[test]
    fn the_source_decides_between_bind_and_volume() {
        for source in ["/a", ".", "..", "./a", "~", "~/a", ".a"] {
            assert_eq!(volume(&format!("{source}:/x")), format!("Bind {source} /x bind: create"));
        }
        for source in ["data", "sub/dir", "1", "\\a", "$"] {
            assert_eq!(volume(&format!("{source}:/x")), format!("Volume {source} /x volume:"));
        }
    }

    #[test]
    fn options_are_read_in_order_and_unknown_ones_dropped() {
        assert_eq!(volume("/a:/b:ro"), "Bind /a /b ro bind: create");
        assert_eq!(volume("/a:/b:ro,rw"), "Bind /a /b bind: create");
        assert_eq!(volume("/a:/b:rw,ro,z,Z"), "Bind /a /b ro bind: create Z");
        assert_eq!(volume("/a:/b:cached,U,foo, ro"), "Bind /a /b bind: create");
        for option in ["private", "rprivate", "shared", "rshared", "slave", "rslave"] {
            assert_eq!(volume(&format!("/a:/b:{option}")), format!("Bind /a /b bind: create {option}"));
        }
    }

    #[test]
    fn options_of_the_other_type_give_both_mappings() {
        assert_eq!(volume("data:/b:z"), "Volume data /b bind: z volume:");
        assert_eq!(volume("data:/b:rshared"), "Volume data /b bind: rshared volume:");
        assert_eq!(volume("data:/b:nocopy"), "Volume data /b volume: nocopy");
        assert_eq!(volume("/a:/b:nocopy"), "Bind /a /b bind: create volume: nocopy");
    }

    #[test]
    fn the_target_is_cleaned() {
        for (written, cleaned) in [
            ("/x/../y/", "/y"),
            ("//x//y", "/x/y"),
            ("/..", "/"),
            ("./x/..", "."),
            ("../x", "../x"),
            ("../..", "../.."),
        ] {
            assert_eq!(volume(&format!("data:{written}")), format!("Volume data {cleaned} volume:"));
        }
    }

    #[test]
    fn a_single_letter_and_a_colon_are_a_drive() {
        assert_eq!(volume("d:/x"), "Volume - d:/x volume:");
        assert_eq!(volume("é:/x"), "Volume - é:/x volume:");
        assert_eq!(volume("a:b"), "Volume - a:b volume:");
        assert_eq!(volume("v:/v:ro"), "Bind v:/v ro bind: create");
        assert_eq!(volume("data:d:ro"), "Volume data d:ro volume:");
    }

    #[test]
    fn windows_paths_are_binds() {
        assert_eq!(volume(r"C:\foo:/x"), r"Bind C:\foo /x bind: create");
        assert_eq!(volume("c:/foo:/x:ro"), "Bind c:/foo /x ro bind: create");
        assert_eq!(volume(r"C:\foo:D:\bar:ro"), r"Bind C:\foo D:\bar ro bind: create");
        assert_eq!(volume(r"\\.\pipe\a:\\.\pipe\b"), r"Bind \\.\pipe\a \\.\pipe\b bind: create");
    }

    #[test]
    fn colons_in_a_substitution_do_not_separate() {
        assert_eq!(volume("/a${x:y}:/b"), "Bind /a${x:y} /b bind: create");
        assert_eq!(volume("${x:-${y:-z}}:/b"), "Volume ${x:-${y:-z}} /b volume:");
        assert_eq!(volume("/a:}:ro"), "Bind /a } ro bind: create");
    }

    #[test]
    fn a_substitution_that_is_not_closed_swallows_the_rest() {
        assert_eq!(volume("/a:/b${x:ro"), "Bind /a  bind: create");
        assert_eq!(volume("${a"), "Volume -  volume:");
    }

    #[test]
    fn a_nul_ends_a_field_as_the_end_of_the_text_does() {
        assert_eq!(volume("/a\0b:/c"), "Volume - b:/c volume:");
        assert_eq!(volume("/a:/b\0ro"), "Bind /a /b ro bind: create");
        refused("/a\0", "empty section between colons");
        refused("data:/x:ro\0", "empty section between colons");
    }

    #[test]
    fn empty_fields_and_too_many_are_refused() {
        assert_eq!(parse(""), Err("invalid empty volume spec".to_owned()));
        for text in [":/x", "/a:", "/a:/b:", "/a::/b", "data:/x:", "ab:"] {
            refused(text, "empty section between colons");
        }
        refused("/a:/b:ro:rw", "too many colons");
        refused("/a:/b:ro:", "too many colons");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a/:.,~${}\0\\\\roé]{0,24}|.*") {
            let _ = parse(&text);
        }

        #[test]
        fn a_plain_bind_keeps_its_source(source in "/[a-z/]{1,10}", target in "/[a-z]{1,10}") {
            let volume = parse(&format!("{source}:{target}:ro")).unwrap();
            prop_assert_eq!((volume.source.unwrap(), volume.target), (source, target));
            prop_assert!(volume.read_only);
        }
    }
}
