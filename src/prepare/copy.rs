//! Writing derived files.

use crate::diagnostic::{Code, Finding};
use crate::host::{Dir, ensure_private_dir};
use crate::ownership::copies::CopyStep;

/// What seaworthy keeps for itself in a project's directory.
const OURS: &str = ".seaworthy";

/// Refreshes every copy; how many were not so already.
///
/// # Errors
/// At the first that cannot be written; the one that was there stays.
pub fn refresh(steps: &[CopyStep]) -> Result<usize, Finding> {
    let mut count = 0;
    for step in steps {
        let path = step.root.join(&step.path);
        let refused = |reason: String| {
            Finding::error(Code::CopyFailed, format!("{} is not refreshed: {reason}", path.display()))
                .help("The copy that is there stays as it is. Correct the cause and run it again.")
        };
        // Nobody else is to read what lies there, so it is not made like any other directory.
        if step.path.starts_with(OURS) {
            ensure_private_dir(&step.root.join(OURS)).map_err(|error| refused(error.to_string()))?;
        }
        let changed = Dir::open(&step.root)
            .and_then(|root| root.replace_file(&step.path, &step.content, step.mode))
            .map_err(|error| refused(error.to_string()))?;
        count += usize::from(changed);
    }
    Ok(count)
}
