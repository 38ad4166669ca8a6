//! A place in the tree, built on the stack while walking so that nothing is allocated until a
//! message needs it.

use std::fmt;

#[derive(Clone, Copy, Debug)]
pub enum Segment<'a> {
    Key(&'a str),
    Index(usize),
}

/// A chain of segments from the root, newest first.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Option<Segment<'a>>,
}

impl<'a> Path<'a> {
    pub const ROOT: Path<'static> = Path { parent: None, segment: None };

    #[must_use]
    pub fn key(&'a self, key: &'a str) -> Path<'a> {
        Path { parent: Some(self), segment: Some(Segment::Key(key)) }
    }

    #[must_use]
    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), segment: Some(Segment::Index(index)) }
    }

    pub fn is_root(&self) -> bool {
        self.parent.is_none()
    }

    /// Whether this is the place of a top-level section, such as `services`.
    pub fn is_section(&self) -> bool {
        self.parent.is_some_and(Path::is_root)
    }

    pub fn last(&self) -> Option<Segment<'a>> {
        self.segment
    }

    /// The key that leads here from its mapping.
    pub fn last_key(&self) -> Option<&'a str> {
        match self.segment {
            Some(Segment::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// The keys and numbers from the root down, as Compose tells places apart.
    pub fn keys(&self) -> Vec<String> {
        let key = |segment| match segment {
            Segment::Key(key) => str::to_owned(key),
            Segment::Index(index) => index.to_string(),
        };
        self.segments().into_iter().map(key).collect()
    }

    /// From the root down.
    pub fn segments(&self) -> Vec<Segment<'a>> {
        let mut all: Vec<_> =
            std::iter::successors(Some(self), |path| path.parent).filter_map(|path| path.segment).collect();
        all.reverse();
        all
    }
}

/// `services.a.ports.0`, as Compose's schema messages write it.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.segments().into_iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            match segment {
                Segment::Key(key) => f.write_str(key)?,
                Segment::Index(index) => write!(f, "{index}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_prints_from_the_root() {
        let services = Path::ROOT.key("services");
        let service = services.key("a");
        let ports = service.key("ports");
        assert_eq!(ports.index(2).to_string(), "services.a.ports.2");
        assert_eq!(Path::ROOT.to_string(), "");
        assert!(services.is_section() && !service.is_section() && !Path::ROOT.is_section());
    }
}
