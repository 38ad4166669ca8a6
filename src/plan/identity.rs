//! Who the services are on the host where the engine maps no users and where it maps them, side by side.

/// The picture of it; `ids` has the same as data.
#[derive(Clone, Debug)]
pub struct PlanIdentities {
    pub off: PlanSide,
    pub on: PlanSide,
    /// Why it is not known which of them is in force.
    pub unknown: Option<String>,
    pub services: Vec<PlanIdentity>,
    /// Directories that services with different maps have in common.
    pub conflicts: Vec<PlanConflict>,
}

#[derive(Clone, Debug)]
pub struct PlanSide {
    /// Whether the engine is so.
    pub is_now: bool,
    /// The map, as `0-65535 → 100000-165535`.
    pub map: String,
}

#[derive(Clone, Debug)]
pub struct PlanIdentity {
    pub service: String,
    /// In the container's numbers, with further groups.
    pub inside: String,
    /// Why it is not known who it is.
    pub unknown: Option<String>,
    pub off: PlanHostUser,
    pub on: PlanHostUser,
    pub mounts: Vec<PlanSeen>,
    /// Consequences of turning it on.
    pub changes: Vec<PlanEffect>,
}

/// Who a service is on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanHostUser {
    pub owner: String,
    /// Names of this machine.
    pub name: String,
}

/// One mounted path.
#[derive(Clone, Debug)]
pub struct PlanSeen {
    pub target: String,
    /// The owner on disk.
    pub disk: String,
    /// Why something of it is not known.
    pub unknown: Option<String>,
    pub off: PlanRights,
    pub on: PlanRights,
}

/// The rights of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRights {
    /// The other side is in force and keeps this volume where this one would not find it.
    pub is_left_behind: bool,
    /// Whether there is anything to have rights on.
    pub is_there: bool,
    pub seen: String,
    pub reads: Option<bool>,
    pub writes: Option<bool>,
}

/// One consequence.
#[derive(Clone, Debug)]
pub struct PlanEffect {
    /// The path in the container, where it is about one.
    pub target: Option<String>,
    pub effect: &'static str,
    pub what: String,
    pub remedy: Option<String>,
}

#[derive(Clone, Debug)]
pub struct PlanConflict {
    pub path: String,
    /// Whether it is so only where users are mapped.
    pub only_on: bool,
    /// `agent as 232072:232072`.
    pub users: Vec<String>,
    pub ways_out: Vec<String>,
}

impl PlanSide {
    pub fn standing(&self, unknown: Option<&String>) -> &'static str {
        match (self.is_now, unknown) {
            (true, _) => "now",
            (false, None) => "assumed",
            (false, Some(_)) => "perhaps",
        }
    }
}

impl PlanIdentity {
    /// Off and on, and whether it differs.
    pub fn sides(&self) -> [(&PlanHostUser, bool); 2] {
        [(&self.off, false), (&self.on, self.on != self.off)]
    }
}

impl PlanSeen {
    /// Off and on: with what can be done, and whether it differs.
    pub fn sides(&self) -> [(&PlanRights, Vec<Chip>, bool); 2] {
        [
            (&self.off, self.off.chips(&self.on), false),
            (&self.on, self.on.chips(&self.off), self.on != self.off),
        ]
    }
}

/// A class of the style sheet, and a word.
pub type Chip = (&'static str, &'static str);

impl PlanRights {
    /// What it can do, each with a class of the style sheet. What the other side can and this one cannot is bad.
    fn chips(&self, other: &Self) -> Vec<Chip> {
        if !self.is_there {
            return Vec::new();
        }
        let chip = |can: Option<bool>, other: Option<bool>, [can_do, cannot, unknown]: [_; 3]| match can {
            Some(true) => ("good", can_do),
            Some(false) if other == Some(true) => ("bad", cannot),
            Some(false) => ("", cannot),
            None => ("", unknown),
        };
        vec![
            chip(self.reads, other.reads, ["reads", "cannot read", "reading not known"]),
            chip(self.writes, other.writes, ["writes", "cannot write", "writing not known"]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_other_side_can_is_bad() {
        let rights = |seen: &str, reads, writes| PlanRights {
            is_left_behind: false,
            is_there: seen != "-",
            seen: seen.into(),
            reads,
            writes,
        };
        let off = rights("1000:1000", Some(true), Some(false));
        let on = rights("65534:65534", Some(false), None);
        assert_eq!(off.chips(&on), [("good", "reads"), ("", "cannot write")]);
        assert_eq!(on.chips(&off), [("bad", "cannot read"), ("", "writing not known")]);
        assert!(rights("-", None, None).chips(&off).is_empty());
    }
}
