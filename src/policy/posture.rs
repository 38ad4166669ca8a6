//! How much a project must hold.

use std::fmt;

/// What the rules do. Ordered: each posture demands everything the one before it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Posture {
    /// Reports only.
    #[default]
    Observe,
    /// Refuses the known ways out of a container.
    Baseline,
    /// Adds the `hardening` overlay and a user that is not root.
    Hardened,
    /// Adds the `no-egress` overlay: no route out but what an overlay opens.
    Contained,
}

impl Posture {
    pub const ALL: [Self; 4] = [Self::Observe, Self::Baseline, Self::Hardened, Self::Contained];

    pub fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Baseline => "baseline",
            Self::Hardened => "hardened",
            Self::Contained => "contained",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|posture| posture.name() == text)
    }

    /// The built-in overlays that come with it.
    pub fn implied(self) -> &'static [&'static str] {
        match self {
            Self::Observe | Self::Baseline => &[],
            Self::Hardened => &["hardening"],
            Self::Contained => &["hardening", "no-egress"],
        }
    }
}

impl fmt::Display for Posture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stronger_posture_implies_everything_a_weaker_one_does() {
        for pair in Posture::ALL.windows(2) {
            assert!(pair[0] < pair[1]);
            assert!(pair[0].implied().iter().all(|name| pair[1].implied().contains(name)));
        }
        assert_eq!(Posture::parse("hardened"), Some(Posture::Hardened));
        assert_eq!(Posture::parse("Hardened"), None);
    }
}
