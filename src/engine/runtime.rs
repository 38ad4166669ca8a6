//! The mode of a tmpfs, as the version of runc makes it.

/// Which mode a tmpfs gets.
///
/// Source: the changelog of runc, and measured with 1.1.5, 1.1.15 and 1.3.6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TmpfsMode {
    /// That of the directory over which it is mounted, whatever was asked for: before 1.1.8.
    OfTarget,
    /// The mode asked for, else that of the directory, else 1777. A runtime that does not tell its version does it too.
    #[default]
    Asked,
    /// The same, but 0755 where there was no directory: 1.2.8 and 1.3.3.
    AskedElseClosed,
}

impl TmpfsMode {
    /// By the version that the engine tells: `1.1.5+ds1-1`, `v1.1.12-0-g51d5e946`, `runc version 1.3.6`.
    pub fn of_runc(version: &str) -> Self {
        let number = version.trim_start_matches("runc version ").trim_start_matches('v');
        let number = number.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
        let mut parts = number.split('.').map(str::parse::<u32>);
        let (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch)), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Self::default();
        };
        match (major, minor, patch) {
            (1, 2, 8) | (1, 3, 3) => Self::AskedElseClosed,
            version if version < (1, 1, 8) => Self::OfTarget,
            _ => Self::Asked,
        }
    }

    /// The mode, by what was asked for and by what the directory has that is there.
    pub fn made(self, asked: Option<u32>, target: Option<u32>) -> u32 {
        match self {
            Self::OfTarget => target.or(asked).unwrap_or(0o1777),
            Self::Asked => asked.or(target).unwrap_or(0o1777),
            Self::AskedElseClosed => asked.or(target).unwrap_or(0o755),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TmpfsMode::{self, Asked, AskedElseClosed, OfTarget};

    #[test]
    fn the_version_decides() {
        for (version, expected) in [
            ("1.1.5+ds1-1+deb12u1", OfTarget),
            ("v1.1.7-0-g860f061", OfTarget),
            ("v1.1.8-0-g82f18fe", Asked),
            ("1.1.15+ds1-2+b4", Asked),
            ("v1.2.8-0-geeb7e60", AskedElseClosed),
            ("1.3.3", AskedElseClosed),
            ("runc version 1.3.6+ds1\ncommit: 1.3.6+ds1-1", Asked),
            ("51d5e94601ceffbbd85688df1c928ecccbfa4685", Asked),
            ("crun version 1.14", Asked),
            ("", Asked),
        ] {
            assert_eq!(TmpfsMode::of_runc(version), expected, "{version}");
        }
        assert_eq!(OfTarget.made(Some(0o777), Some(0o755)), 0o755);
        assert_eq!(Asked.made(Some(0o777), Some(0o755)), 0o777);
        assert_eq!((Asked.made(None, Some(0o755)), Asked.made(None, None)), (0o755, 0o1777));
        assert_eq!(
            (AskedElseClosed.made(None, None), AskedElseClosed.made(Some(0o700), None)),
            (0o755, 0o700)
        );
    }
}
