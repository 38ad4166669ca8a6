//! `volumes` in short syntax: `[SOURCE:]TARGET[:OPTION,OPTION…]`.

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
    let mut field = String::new();
    let mut substitutions = 0_usize;
    let mut rest = text.chars();
    loop {
        // A NUL ends the text, as it does for the reference; one may be written in YAML.
        let character = rest.next();
        let ends = matches!(character, None | Some('\0'));
        match character {
            Some('$') if rest.as_str().starts_with('{') => substitutions += 1,
            Some('}') => substitutions = substitutions.saturating_sub(1),
            // `C:` starts a Windows path and is no separator, in any field and for any letter.
            Some(':') if is_drive(&field) => {}
            _ if substitutions == 0 && (ends || character == Some(':')) => {
                let complete = std::mem::take(&mut field);
                fields.add(complete, ends).map_err(|fault| format!("invalid spec: {text}: {fault}"))?;
                if character.is_none() {
                    break;
                }
                continue;
            }
            None => break,
            Some(_) => {}
        }
        field.extend(character);
    }
    let target = std::mem::take(&mut fields.target);
    Ok(fields.volume(&target, false))
}

#[derive(Default)]
struct Fields {
    source: String,
    target: String,
    read_only: bool,
    nocopy: bool,
    selinux: Option<String>,
    propagation: Option<String>,
}

impl Fields {
    fn add(&mut self, field: String, last: bool) -> Result<(), &'static str> {
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
    fn option(&mut self, option: &str) {
        match option {
            "ro" => self.read_only = true,
            "rw" => self.read_only = false,
            "nocopy" => self.nocopy = true,
            "z" | "Z" => self.selinux = Some(option.to_owned()),
            "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" => {
                self.propagation = Some(option.to_owned());
            }
            _ => {}
        }
    }

    fn volume(self, target: &str, bare: bool) -> Volume {
        let kind = if is_path(&self.source) { Kind::Bind } else { Kind::Volume };
        Volume {
            kind,
            source: Some(self.source).filter(|source| !source.is_empty()),
            target: clean(target),
            read_only: self.read_only,
            nocopy: self.nocopy,
            selinux: self.selinux,
            propagation: self.propagation,
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

/// The path without `.`, `..` and doubled slashes, by its text alone. Empty stays empty.
fn clean(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match kept.last() {
                Some(&last) if last != ".." => {
                    kept.pop();
                }
                _ if rooted => {}
                _ => kept.push(".."),
            },
            part => kept.push(part),
        }
    }
    match (rooted, kept.join("/")) {
        (true, rest) => format!("/{rest}"),
        (false, rest) if rest.is_empty() => ".".to_owned(),
        (false, rest) => rest,
    }
}
