//! Looking from within the helper, which is the service's user there: both ends of the conversation.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::look::{Question, Seen, look};
use crate::engine::helper::{Given, Task, Whose, hear, program, say};
use crate::engine::{Engine, Inside};
use crate::host::Dir;

/// What the helper is told for this work.
pub const WORD: &str = "probe";

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize, Deserialize)]
struct Request {
    /// Both ends must be the same program.
    version: String,
    question: Question,
}

/// Whoever looks there.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub whose: Whose,
    pub groups: Inside<BTreeSet<u32>>,
    /// Whether permissions do not stop it.
    pub overrides: bool,
}

/// Has the helper look, as this visitor.
///
/// # Errors
/// Where it cannot, and nothing is known.
pub fn ask(
    engine: &Engine,
    given: Given<'_>,
    visitor: &Visitor,
    question: &Question,
) -> Result<Seen, String> {
    let image = engine.helper_image(&program()?).into_result()?;
    let failed = |error: serde_json::Error| format!("the helper: {error}");
    let request = Request { version: VERSION.to_owned(), question: question.clone() };
    let mut line = serde_json::to_vec(&request).map_err(failed)?;
    line.push(b'\n');
    let capabilities: &[&str] = if visitor.overrides { &["DAC_OVERRIDE"] } else { &[] };
    let task = Task {
        words: &[WORD],
        given,
        whose: visitor.whose,
        capabilities,
        groups: visitor.groups.clone(),
        request: &line,
        progress: &|_| {},
    };
    let said = engine.run_helper(&image, &task).into_result()?;
    serde_json::from_slice::<Result<Seen, String>>(&said).map_err(failed)?
}

/// The helper's whole life for this work. What it reads stays in its container: it only says what it is worth.
///
/// # Errors
/// Where nobody listens.
pub fn serve(tree: &Path) -> io::Result<()> {
    say(&answer(&hear()?, tree))
}

fn answer(line: &str, tree: &Path) -> Result<Seen, String> {
    let request: Request = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if request.version != VERSION {
        return Err(format!("the helper is version {VERSION}, and was asked by {}", request.version));
    }
    let root = Dir::open(tree).map_err(|error| error.to_string())?;
    Ok(look(&root, &request.question))
}
