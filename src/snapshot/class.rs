//! What a difference means to a reviewer.
//!
//! Every field of a service has its judgement in [`service`], a policy's in [`policy`], the sections beside the
//! services in [`resource`]. A field nobody knows weakens: the reviewer has to look.

mod mount;
mod policy;
mod port;
mod resource;
mod service;
pub mod value;

use std::borrow::Cow;

use crate::compose::text;
use crate::yaml::Node;

pub use policy::judge as judge_policy;
pub use resource::judge as judge_resource;
pub use service::{is_known as is_known_service_key, judge as judge_service};

/// The classes, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A container may do more, or is kept from less.
    Weakens,
    /// Somebody else writes, or owns what is written.
    Ownership,
    /// What runs is another thing, or runs otherwise.
    Functional,
    /// A container may do less, or less of it.
    Strengthens,
    /// Nothing of what runs is different.
    Cosmetic,
}

impl Class {
    pub const ALL: [Self; 5] =
        [Self::Weakens, Self::Ownership, Self::Functional, Self::Strengthens, Self::Cosmetic];

    pub fn name(self) -> &'static str {
        match self {
            Self::Weakens => "weakens",
            Self::Ownership => "ownership",
            Self::Functional => "functional",
            Self::Strengthens => "strengthens",
            Self::Cosmetic => "cosmetic",
        }
    }
}

/// A class and why, as the end of a sentence about the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    pub class: Class,
    pub why: Cow<'static, str>,
}

impl Meaning {
    pub const fn new(class: Class, why: &'static str) -> Self {
        Self { class, why: Cow::Borrowed(why) }
    }
}

pub const fn weakens(why: &'static str) -> Meaning {
    Meaning::new(Class::Weakens, why)
}

pub const fn strengthens(why: &'static str) -> Meaning {
    Meaning::new(Class::Strengthens, why)
}

pub const fn functional(why: &'static str) -> Meaning {
    Meaning::new(Class::Functional, why)
}

pub const FUNCTIONAL: Meaning = Meaning::new(Class::Functional, "");
pub const COSMETIC: Meaning = Meaning::new(Class::Cosmetic, "nothing reads it");
pub const OWNERSHIP: Meaning = Meaning::new(Class::Ownership, "");

/// One place that differs.
#[derive(Clone, Copy, Debug)]
pub struct Case<'c> {
    /// Below the section's name, the name of the service or resource first.
    pub path: &'c [String],
    pub before: Option<&'c Node>,
    pub after: Option<&'c Node>,
    /// The models that the two belong to.
    pub old: &'c Node,
    pub new: &'c Node,
}

impl<'c> Case<'c> {
    /// The same place's child.
    pub fn child(&self, key: &str) -> (Option<&'c Node>, Option<&'c Node>) {
        (self.before.and_then(|node| node.get(key)), self.after.and_then(|node| node.get(key)))
    }
}

/// The worst of several; `None` of none.
pub fn worst(meanings: impl IntoIterator<Item = Meaning>) -> Option<Meaning> {
    meanings.into_iter().min_by_key(|meaning| meaning.class)
}

/// All that a difference means, with the class of the worst: a value has several facts, and the nicest is no excuse for
/// the others. `None` of none.
pub fn all(meanings: impl IntoIterator<Item = Meaning>) -> Option<Meaning> {
    let mut meanings: Vec<Meaning> = meanings.into_iter().collect();
    meanings.sort_by_key(|meaning| meaning.class);
    let class = meanings.first()?.class;
    let mut said: Vec<Cow<'static, str>> = Vec::new();
    for why in meanings.into_iter().map(|meaning| meaning.why).filter(|why| !why.is_empty()) {
        if !said.contains(&why) {
            said.push(why);
        }
    }
    let why = match said.as_slice() {
        [one] => one.clone(),
        several => Cow::Owned(several.join("; ")),
    };
    Some(Meaning { class, why })
}

/// A path of the host that a container gets: which one, and how far out of the project.
pub fn place(before: Option<&Node>, after: Option<&Node>) -> Vec<Meaning> {
    let rank = |node: Option<&Node>| node.map_or(0, |node| value::reach(&text(node)));
    let (was, is) = (rank(before), rank(after));
    let mut found = Vec::new();
    if before.map(text) != after.map(text) {
        found.push(if is >= 2 && is <= was {
            weakens("it shows another part of the host")
        } else {
            functional("it is another one")
        });
    }
    match is.cmp(&was) {
        std::cmp::Ordering::Greater if is >= 2 => found.push(weakens("it leads further out of the project")),
        std::cmp::Ordering::Less if was >= 2 => {
            found.push(strengthens("it leads less far out of the project"));
        }
        _ => {}
    }
    found
}

/// What stands there may do harm, and may also protect: that it goes is to be looked at.
pub fn two_edged(case: &Case<'_>) -> Meaning {
    match case.after {
        Some(_) => danger(case),
        None => functional("what it said no longer holds"),
    }
}

/// What stands there may do harm: having it, or having another, weakens.
pub fn danger(case: &Case<'_>) -> Meaning {
    match case.after {
        Some(_) => weakens("it takes something of the container's confinement away"),
        None => strengthens("it took something of the container's confinement away"),
    }
}

/// Such a thing as a switch.
pub fn danger_flag(case: &Case<'_>) -> Meaning {
    match (value::flag(case.before), value::flag(case.after)) {
        (Some(false), Some(false)) => FUNCTIONAL,
        (_, Some(false)) => strengthens("it is off"),
        (_, Some(true)) => weakens("it is on"),
        (_, None) => weakens("whoever sets the environment decides"),
    }
}

/// A switch that protects.
pub fn guard_flag(case: &Case<'_>) -> Meaning {
    match (value::flag(case.before), value::flag(case.after)) {
        (Some(true), Some(true)) => COSMETIC,
        (_, Some(true)) => strengthens("it is on"),
        (Some(false), Some(false)) => FUNCTIONAL,
        (_, Some(false)) => weakens("it is off"),
        (_, None) => weakens("whoever sets the environment decides"),
    }
}

/// A number that bounds; absent, zero and below it is no bound.
pub fn limit(case: &Case<'_>) -> Meaning {
    limit_of(value::bound(case.before), value::bound(case.after))
}

/// As [`limit`], of two bounds.
pub fn limit_of(before: value::Bound, after: value::Bound) -> Meaning {
    use value::Bound::{At, None, Unknown};
    match (before, after) {
        (None, None) => FUNCTIONAL,
        (_, None) => weakens("there is no limit"),
        (_, Unknown) => weakens("whoever sets the environment decides"),
        (None | Unknown, At(_)) => strengthens("there is a limit"),
        (At(before), At(after)) if after > before => weakens("the limit is higher"),
        (At(before), At(after)) if after < before => strengthens("the limit is lower"),
        (At(_), At(_)) => COSMETIC,
    }
}

/// Compares two ranks of exposure.
pub fn by_rank(before: u8, after: u8, more: &'static str, less: &'static str) -> Meaning {
    match after.cmp(&before) {
        std::cmp::Ordering::Greater => weakens(more),
        std::cmp::Ordering::Less => strengthens(less),
        std::cmp::Ordering::Equal => FUNCTIONAL,
    }
}
