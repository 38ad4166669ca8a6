//! Writing derived files.

use std::path::Path;

use crate::diagnostic::{Code, Finding};
use crate::host::{Dir, DirError, Kind, ensure_private_dir};
use crate::ownership::copies::{CopyStep, OURS};

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
            .and_then(|root| match &step.content {
                Some(content) => root.replace_file(&step.path, content, step.mode),
                None => remove(&root, &step.path),
            })
            .map_err(|error| refused(error.to_string()))?;
        count += usize::from(changed);
    }
    Ok(count)
}

/// Whether it was there.
fn remove(root: &Dir, path: &Path) -> Result<bool, DirError> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Ok(false) };
    let Some(entry) = root.find(path)? else { return Ok(false) };
    // A directory in the place of a copy is somebody else's.
    if entry.stat.kind == Kind::Directory {
        return Err(DirError::Exists(root.path().join(path)));
    }
    root.enter(parent)?.remove_file(name).map(|()| true)
}
