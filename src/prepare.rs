//! Carries out what `ownership` decided must be on the host before a launch.
//!
//! Nothing is decided here. Each step is done through descriptors, in the order given, and looked at
//! again afterwards; the first one that fails ends it, so that nothing is launched on half a host.

pub mod copy;
mod create;
pub mod probe;
pub mod repair;
pub mod there;

use serde::Serialize;

use crate::diagnostic::{Code, Finding};
use crate::host::Created;
use crate::ownership::HostStep;

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// In order, with the parents that were made on the way.
    pub created: Vec<Created>,
    /// Directories that were there and got another mode.
    pub modes: Vec<Created>,
    /// Steps that found done what they were to do.
    pub already: usize,
}

/// A step that could not be done, and what was done before it.
#[derive(Debug)]
pub struct Failure {
    pub receipt: Receipt,
    /// Names the path, the reason and what to do.
    pub finding: Box<Finding>,
}

/// Carries out the steps. Doing so again changes nothing.
///
/// # Errors
/// At the first step that cannot be done.
pub fn prepare(steps: &[HostStep]) -> Result<Receipt, Failure> {
    let mut receipt = Receipt::default();
    for step in steps {
        if let Err(error) = create::carry_out(step, &mut receipt) {
            let finding = Box::new(explain(step, &error));
            return Err(Failure { receipt, finding });
        }
    }
    Ok(receipt)
}

fn explain(step: &HostStep, error: &create::StepError) -> Finding {
    let place = step.place();
    let path = step.full_path();
    let verb = if let HostStep::SetMode { .. } = step { "give a mode to" } else { "create" };
    let what = format!("cannot {verb} {} for service `{}`: {error}", path.display(), place.service);
    Finding::error(Code::PrepareFailed, what).help(create::remedy(step, error))
}
