//! What a launch keeps as it should be: durable directories and derived files.

use serde::Serialize;

use crate::ownership::Way;
use crate::ownership::copies::CopyStep;
use crate::ownership::lock::repair::{Repair, Tree};

/// One durable directory.
#[derive(Clone, Debug, Serialize)]
pub struct PlanRepair {
    pub service: String,
    /// Absolute.
    pub path: String,
    /// `UID:GID` in the host's numbers: whose everything in it becomes.
    pub owner: String,
    /// Users whose files are taken, in the host's numbers; those of others stay as they are.
    pub from: Vec<u32>,
    /// `chown` or `idmap`.
    pub strategy: &'static str,
    /// `host` or `helper`.
    pub by: Way,
    /// Why it is done so.
    pub reason: &'static str,
}

/// One derived file; what is in it may be secret.
#[derive(Clone, Debug, Serialize)]
pub struct PlanCopy {
    /// Absolute.
    pub from: String,
    /// Absolute.
    pub to: String,
    /// Octal.
    pub mode: String,
}

impl PlanCopy {
    pub fn new(step: &CopyStep) -> Self {
        Self {
            from: step.from.display().to_string(),
            to: step.root.join(&step.path).display().to_string(),
            mode: format!("{:04o}", step.mode),
        }
    }
}

impl PlanRepair {
    /// How, by whom and why.
    pub(super) fn describe(&self) -> String {
        format!("{} {}: {}", self.strategy, self.by.describe(), self.reason)
    }
}

/// Why a directory is mapped and not given away.
const MAPPED: &str = "the files stay the operator's, and the service sees them as its own";

/// The repairs of a launch, in order.
pub fn repairs(repairs: &[Repair], (by, reason): (Way, &'static str)) -> Vec<PlanRepair> {
    let one = |repair: &Repair, tree: &Tree| PlanRepair {
        service: repair.service.clone(),
        path: tree.path.display().to_string(),
        owner: tree.handover.to.to_string(),
        from: tree.handover.from.iter().copied().collect(),
        strategy: if tree.mapped.is_some() { "idmap" } else { "chown" },
        by,
        reason: if tree.mapped.is_some() { MAPPED } else { reason },
    };
    repairs.iter().flat_map(|repair| repair.trees.iter().map(move |tree| one(repair, tree))).collect()
}
