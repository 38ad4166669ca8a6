//! Several candidates for one uid: the annotation keeps the fields on which they agree.

use std::rc::Rc;

use super::Attribution;

/// A service of a project, and its container where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub project: Rc<str>,
    pub service: Rc<str>,
    pub container: Rc<str>,
}

impl Named {
    pub fn is_of_service(&self, other: &Self) -> bool {
        self.service == other.service && self.project == other.project
    }
}

/// Fields with the same value in every candidate.
#[derive(Default)]
pub(super) struct Agreed<'n> {
    has_any: bool,
    service: Option<&'n Named>,
    container: Option<&'n Rc<str>>,
    uid: Option<u32>,
    /// Whether users of the host have this number, too.
    pub is_shared: bool,
}

impl<'n> Agreed<'n> {
    pub fn add(&mut self, named: &'n Named, inside: u32, is_mapped: bool) {
        let Named { container, .. } = named;
        if self.has_any {
            self.service = self.service.filter(|known| known.is_of_service(named));
            self.container = self.container.filter(|known| self.service.is_some() && *known == container);
            self.uid = self.uid.filter(|known| *known == inside);
        } else {
            (self.service, self.container, self.uid) = (Some(named), Some(container), Some(inside));
        }
        self.has_any = true;
        self.is_shared |= !is_mapped;
    }

    pub fn is_empty(&self) -> bool {
        !self.has_any
    }

    /// Of several services, the user in the container is all that can be known, and that only under maps.
    pub fn attribution(&self, is_noted: bool) -> Option<Attribution> {
        if self.service.is_none() && (self.is_shared || self.uid.is_none()) {
            return None;
        }
        let text = |text: Option<&Rc<str>>| text.map_or_else(|| "".into(), Rc::clone);
        Some(Attribution {
            service: text(self.service.map(|named| &named.service)),
            container: text(self.container),
            uid: self.uid,
            is_noted,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(service: &str, container: &str) -> Named {
        Named { project: "p".into(), service: service.into(), container: container.into() }
    }

    fn of(all: &[(&Named, u32, bool)]) -> Option<(String, String, Option<u32>)> {
        let mut agreed = Agreed::default();
        for (named, inside, is_mapped) in all {
            agreed.add(named, *inside, *is_mapped);
        }
        let known = agreed.attribution(false)?;
        Some((known.service.to_string(), known.container.to_string(), known.uid))
    }

    #[test]
    fn only_what_all_have_in_common_is_said() {
        let (one, two, other) = (named("a", "a-1"), named("a", "a-2"), named("b", "a-1"));
        let said =
            |service: &str, container: &str, uid| Some((service.to_owned(), container.to_owned(), uid));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(&one, 5, false)]), said("a", "a-1", Some(5)));
        assert_eq!(of(&[(&one, 5, false), (&one, 5, false)]), said("a", "a-1", Some(5)));
        assert_eq!(of(&[(&one, 5, false), (&two, 5, false)]), said("a", "", Some(5)));
        assert_eq!(of(&[(&one, 5, true), (&one, 6, true)]), said("a", "a-1", None));
        assert_eq!(of(&[(&one, 5, true), (&other, 5, true)]), said("", "", Some(5)));
        assert_eq!(of(&[(&one, 5, true), (&other, 5, false)]), None);
        assert_eq!(of(&[(&one, 5, true), (&other, 6, true), (&one, 5, true)]), None);
    }
}
